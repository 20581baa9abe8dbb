"""What a fine-tuning run is made of, beside what every run is made of."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Self, get_args

from recognizer.training.conditions import Conditions
from recognizer.training.config import LayerMix, TrainingConfig
from recognizer.training.errors import TrainingError

Precision = Literal["float32", "bfloat16"]
UnfreezeUnit = Literal["fraction", "steps"]
LogKind = Literal["csv", "tensorboard"]
METHOD: Final = "fine-tuning"


@dataclass(frozen=True, slots=True)
class FineTuningConfig(TrainingConfig):
    """One run that trains blocks of the encoder as well as the head.

    Attributes:
        method: says that this is such a run.
        frozen_blocks: lower blocks that are never trained and whose outputs are computed once and kept, `n_views` of
            each clip; None trains on waveforms, altered anew whenever they are drawn.
        fits_head_first: whether the head is fitted on the encoder as it comes, as a frozen run would, before both are
            trained together.
        unfreeze_at: when more blocks are trained, ascending; as fractions of the run or in steps.
        unfreeze_blocks: how many blocks, counted from the top, are trained from each of those times on.
        unfreeze_unit: what `unfreeze_at` counts.
        trains_stem: whether the convolutions are trained too, with the last blocks.
        n_steps: optimizer steps of the run; None makes it `n_epochs` long.
        accumulation: batches in one optimizer step.
        encoder_learning_rate: peak for the topmost block; `learning_rate` is the head's.
        layer_decay: factor to the learning rate from each block to the one below.
        warmup: share of the steps in which learning rates rise; from then on they fall along a cosine.
        max_gradient_norm: gradients are scaled down to it.
        precision: of the forward pass; bfloat16 halves memory and time where the machine has it.
        vote_share: how far targets follow the crowd's votes, where there are any, instead of the intended label.
        validation_share: speakers of each corpus that choose the epoch and fit temperature and margin.
        n_evaluations: how often in a run the validation speakers are heard; the best of these moments is kept.
        log: rows of a CSV file, `log.csv`, or TensorBoard, `runs/`; kept beside what a fold predicted.
        conditions: how often training clips are altered, and how.
    """

    first_layer: int = 0
    layer_mix: LayerMix = "weighted"
    n_epochs: int = 12
    batch_size: int = 16
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    dropout: float = 0.3
    label_smoothing: float = 0.1
    method: str = METHOD
    frozen_blocks: int | None = None
    fits_head_first: bool = False
    unfreeze_at: tuple[float, ...] = (0.0,)
    unfreeze_blocks: tuple[int, ...] = (1000,)
    unfreeze_unit: UnfreezeUnit = "fraction"
    trains_stem: bool = False
    n_steps: int | None = None
    accumulation: int = 1
    encoder_learning_rate: float = 5e-5
    layer_decay: float = 0.9
    warmup: float = 0.1
    max_gradient_norm: float = 1.0
    precision: Precision = "float32"
    vote_share: float = 0.15
    validation_share: float = 0.15
    n_evaluations: int = 10
    log: LogKind = "csv"
    conditions: Conditions = field(default_factory=Conditions)

    def __post_init__(self) -> None:
        """Refuse what no run could follow.

        Raises:
            TrainingError: a value is out of its range.
        """
        # A class with slots is made twice, which `super()` without arguments does not survive.
        TrainingConfig.__post_init__(self)
        if self.specialists:
            raise TrainingError(
                f"run {self.name!r}: fine-tuning trains one committee, so specialists must be empty, "
                f"got {self.specialists}"
            )
        if self.babble:
            raise TrainingError(
                f"run {self.name!r}: fine-tuning takes babble from its conditions, so babble itself must be 0, "
                f"got {self.babble}"
            )
        for name, choices in (
            ("method", (METHOD,)),
            ("precision", get_args(Precision)),
            ("unfreeze_unit", get_args(UnfreezeUnit)),
            ("log", get_args(LogKind)),
        ):
            self.check_choice(name, choices)
        bounds: dict[str, tuple[float, float]] = {
            "accumulation": (1, math.inf),
            "encoder_learning_rate": (0, 1),
            "layer_decay": (0.01, 1),
            "warmup": (0, 0.9),
            "max_gradient_norm": (1e-6, math.inf),
            "vote_share": (0, 1),
            "validation_share": (0.01, 0.5),
            "n_evaluations": (1, math.inf),
        }
        if self.frozen_blocks is not None:
            bounds["frozen_blocks"] = (0, self.n_blocks)
        if self.n_steps is not None:
            bounds["n_steps"] = (1, math.inf)
        self.check_bounds(bounds)
        self._check_unfreezing()

    def _check_unfreezing(self) -> None:
        at, blocks = self.unfreeze_at, self.unfreeze_blocks
        if len(at) != len(blocks) or list(at) != sorted(at) or list(blocks) != sorted(blocks) or min(at, default=1) < 0:
            raise TrainingError(
                f"run {self.name!r}: unfreeze_at and unfreeze_blocks must be as long as each other and ascend from 0, "
                f"got {at} and {blocks}"
            )
        if self.unfreeze_unit == "fraction" and max(at) > 1:
            raise TrainingError(f"run {self.name!r}: unfreeze_at must be fractions of the run, got {at}")
        if self.trains_stem and self.frozen_blocks is not None:
            raise TrainingError(f"run {self.name!r}: frozen_blocks keeps the stem's outputs, so it cannot be trained")

    @classmethod
    def from_mapping(cls, content: dict[str, Any], *, where: str) -> Self:
        """Make a run from plain values, `conditions` as a table of probabilities.

        Raises:
            TrainingError: a key is missing or unknown.
        """
        rest = {key: value for key, value in content.items() if key != "conditions"}
        # As above.
        run = super(FineTuningConfig, cls).from_mapping(rest, where=where)
        conditions = Conditions.from_mapping(content.get("conditions", {}), where=where)
        return dataclasses.replace(run, conditions=conditions)
