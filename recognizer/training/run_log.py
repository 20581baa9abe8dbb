"""What a training tells while it runs: progress, and a row of figures for each log."""

from __future__ import annotations

import csv
from collections.abc import Callable
from typing import TYPE_CHECKING

from transformers import TrainerCallback

if TYPE_CHECKING:
    from pathlib import Path

    from transformers import TrainerControl, TrainerState, TrainingArguments

# The step of a run, how much of it is done, and of how much.
OnProgress = Callable[[str, int, int], None]

_COLUMNS = ("step", "loss", "grad_norm", "learning_rate", "eval_macro_f1", "eval_uar")


class CsvLog(TrainerCallback):
    """Appends a row to a CSV file whenever the Trainer logs.

    Args:
        path: made with its folder when the first row comes.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def on_log(
        self,
        _args: TrainingArguments,
        state: TrainerState,
        _control: TrainerControl,
        logs: dict[str, float],
        **_kwargs: object,
    ) -> None:
        """Write the row, once for all processes."""
        if not state.is_world_process_zero:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not self._path.exists()
        with self._path.open("a", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, _COLUMNS, extrasaction="ignore", lineterminator="\n")
            if is_new:
                writer.writeheader()
            writer.writerow({"step": state.global_step, **logs})


class ProgressReport(TrainerCallback):
    """Tells how many steps are done.

    Args:
        on_progress: told the steps done and those of the run.
    """

    def __init__(self, on_progress: Callable[[int, int], None]) -> None:
        self._on_progress = on_progress

    def on_step_end(
        self, _args: TrainingArguments, state: TrainerState, _control: TrainerControl, **_kwargs: object
    ) -> None:
        """Tell."""
        self._on_progress(state.global_step, state.max_steps)
