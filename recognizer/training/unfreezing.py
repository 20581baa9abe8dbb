"""Which parameters learn, how fast, and from when on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback

if TYPE_CHECKING:
    from torch.nn import Parameter
    from transformers import TrainerControl, TrainerState, TrainingArguments

    from recognizer.training.model import EmotionClassifier
    from recognizer.training.tuning_config import FineTuningConfig


@dataclass(frozen=True, eq=False)
class LearningPlan:
    """A network's parameters by when and how fast they learn, taken before any is frozen.

    Attributes:
        head: all outside the encoder; learns from the start.
        blocks: of the trainable blocks, the topmost first.
        lowest: what lies below and between the blocks; learns once all blocks do.
        waiting: all of the encoder, to be frozen until its time has come.
    """

    head: tuple[Parameter, ...]
    blocks: tuple[tuple[Parameter, ...], ...]
    lowest: tuple[Parameter, ...]
    waiting: tuple[Parameter, ...]

    @classmethod
    def of(cls, model: EmotionClassifier, config: FineTuningConfig) -> LearningPlan:
        """Sort the parameters of a network for a run."""
        encoder: Any = model.encoder
        waiting = tuple(encoder.parameters())
        blocks = tuple(tuple(block.parameters()) for block in reversed(encoder.blocks[config.frozen_blocks or 0 :]))
        apart = {id(each) for block in encoder.blocks for each in block.parameters()}
        if not config.trains_stem:
            apart |= {id(each) for each in encoder.stem.parameters()}
        is_cut = config.frozen_blocks is not None
        lowest = tuple(each for each in waiting if id(each) not in apart and each.requires_grad and not is_cut)
        of_encoder = {id(each) for each in waiting}
        head = tuple(each for each in model.parameters() if id(each) not in of_encoder)
        return cls(head, blocks, lowest, waiting)

    def build_groups(self, config: FineTuningConfig) -> list[dict[str, Any]]:
        """Build the optimizer's groups: the head, then the blocks from the top down, each slower than the one above.

        An optimizer made after freezing would never know of what is frozen then.
        """
        groups = [(self.head, config.learning_rate)]
        rate = config.encoder_learning_rate
        for part in (*self.blocks, self.lowest):
            groups.append((part, rate))
            rate *= config.layer_decay
        return [
            {"params": chosen, "lr": lr, "weight_decay": config.weight_decay if is_decayed else 0.0}
            for parameters, lr in groups
            for is_decayed in (True, False)
            # Biases, scales and layer weights are not pulled towards zero.
            if (chosen := [each for each in parameters if (each.dim() > 1) == is_decayed])
        ]

    def unfreeze(self, n_blocks: int) -> None:
        """Let the head and the topmost `n_blocks` learn, with all of them what lies lower, and nothing else."""
        for each in self.waiting:
            each.requires_grad = False
        parts = self.blocks[:n_blocks] if n_blocks < len(self.blocks) else (*self.blocks, self.lowest)
        for part in parts if n_blocks else ():
            for each in part:
                each.requires_grad = True


class Unfreezing(TrainerCallback):
    """Lets more of the topmost blocks learn as the run goes on.

    Args:
        plan: the network's parameters.
        config: the run.
    """

    def __init__(self, plan: LearningPlan, config: FineTuningConfig) -> None:
        self._plan = plan
        self._config = config
        self._n_unfrozen = -1

    def on_train_begin(
        self, _args: TrainingArguments, state: TrainerState, _control: TrainerControl, **_kwargs: object
    ) -> None:
        """Freeze all that waits, once the optimizer and any wrapper around the model know the parameters."""
        self._apply(state)

    def on_step_begin(
        self, _args: TrainingArguments, state: TrainerState, _control: TrainerControl, **_kwargs: object
    ) -> None:
        """Unfreeze what the time has come for."""
        self._apply(state)

    def _apply(self, state: TrainerState) -> None:
        n_unfrozen = self.count_unfrozen(state.global_step, state.max_steps)
        if n_unfrozen != self._n_unfrozen:
            self._plan.unfreeze(n_unfrozen)
            self._n_unfrozen = n_unfrozen

    def count_unfrozen(self, step: int, n_steps: int) -> int:
        """Count the blocks that learn at a step."""
        scale = n_steps if self._config.unfreeze_unit == "fraction" else 1
        moments = zip(self._config.unfreeze_at, self._config.unfreeze_blocks, strict=True)
        due = [blocks for at, blocks in moments if step >= round(at * scale)]
        return min(max(due, default=0), len(self._plan.blocks))
