"""What stops a training run on purpose."""

from __future__ import annotations


class TrainingError(Exception):
    """A configuration, a checkpoint or its data cannot be trained with; the message says which and why."""


class BrokenLossError(Exception):
    """A loss is no number; whoever trains says at which step, and what to do.

    Attributes:
        value: of the loss.
    """

    def __init__(self, value: float) -> None:
        super().__init__(str(value))
        self.value = value


class TooFewBlocksError(TrainingError):
    """An encoder has fewer blocks than a run asks for.

    Attributes:
        n_blocks: how many it has.
    """

    def __init__(self, encoder: str, n_blocks: int, n_wanted: int) -> None:
        super().__init__(
            f"encoder {encoder!r} has {n_blocks} blocks: expected n_blocks of at most that, got {n_wanted}"
        )
        self.n_blocks = n_blocks


class WrongEncoderError(TrainingError):
    """An encoder is not the one that a head was trained on.

    Attributes:
        encoder: hub name or folder of what was given.
        expected: hub name of what the head was trained on.
        reason: what tells them apart.
    """

    def __init__(self, encoder: str, expected: str, reason: str) -> None:
        super().__init__(f"expected the encoder {expected!r}, which the head was trained on, got {encoder!r}: {reason}")
        self.encoder = encoder
        self.expected = expected
        self.reason = reason
