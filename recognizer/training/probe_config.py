"""What a probe of a frozen encoder is made of, beside what every run is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from recognizer.training.config import TrainingConfig
from recognizer.training.errors import TrainingError

METHOD: Final = "probe"


@dataclass(frozen=True, slots=True)
class ProbeConfig(TrainingConfig):
    """One run of logistic regressions, whose layers and strength inner folds choose.

    The encoder's statistics are kept once, of every state from `first_layer` to `n_blocks`; nothing of the fields
    that tell how a network learns is used.

    Attributes:
        method: says that this is such a run.
        layer_ranges: states to choose among, such as "2-5" or "3"; 0 is the stem.
        c_values: inverse strengths of regularization to choose among, scikit-learn's C.
    """

    hidden_sizes: tuple[int, ...] = (0,)
    n_views: int = 0
    n_seeds: int = 1
    method: str = METHOD
    layer_ranges: tuple[str, ...] = ("3", "2-3", "2-5", "2-6", "0-6")
    c_values: tuple[float, ...] = (1e-4, 1e-3, 1e-2, 1e-1)

    def __post_init__(self) -> None:
        """Refuse what no run could follow.

        Raises:
            TrainingError: a value is out of its range.
        """
        # A class with slots is made twice, which `super()` without arguments does not survive.
        TrainingConfig.__post_init__(self)
        if self.specialists:
            raise TrainingError(
                f"run {self.name!r}: a probe is one regression, so specialists must be empty, got {self.specialists}"
            )
        self.check_choice("method", (METHOD,))
        self.check_choice("layer_mix", ("concatenated",))
        if self.hidden_sizes != (0,):
            raise TrainingError(
                f"run {self.name!r}: a probe is linear, hidden_sizes must be (0,), got {self.hidden_sizes}"
            )
        if not self.layer_ranges or not self.c_values or min(self.c_values) <= 0:
            raise TrainingError(
                f"run {self.name!r}: expected layer_ranges and c_values above 0 to choose among, got "
                f"{self.layer_ranges} and {self.c_values}"
            )
        for text in self.layer_ranges:
            self.parse_range(text)

    def parse_range(self, text: str) -> tuple[int, int]:
        """Read the lowest and the highest state of a range such as "2-5".

        Raises:
            TrainingError: it is none, or leaves what the run keeps.
        """
        low, _, high = text.partition("-")
        high = high or low
        if low.isdecimal() and high.isdecimal() and self.first_layer <= int(low) <= int(high) <= self.n_blocks:
            return int(low), int(high)
        raise TrainingError(
            f"run {self.name!r}: expected layer_ranges such as '2-5' within {self.first_layer} to {self.n_blocks}, "
            f"got {text!r}"
        )
