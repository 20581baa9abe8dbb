"""What stops a training run on purpose."""

from __future__ import annotations


class TrainingError(Exception):
    """A configuration, a checkpoint or its data cannot be trained with; the message says which and why."""


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
