"""Folds' predictions, each kept as soon as it is made, and joined once all of a protocol are there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from recognizer.evaluation.predictions import read_rows, write_predictions
from recognizer.evaluation.robustness import CONDITIONS
from recognizer.labels import LABELS
from recognizer.training.errors import TrainingError
from recognizer.training.known_voices import (
    KNOWN_CLIPS,
    name_week,
    predict_after_weeks,
    predict_with_known_clips,
)
from recognizer.training.run_kinds import parse_run
from recognizer.training.writing import replacing, writing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from recognizer.evaluation.predictions import Prediction
    from recognizer.evaluation.robustness import Condition
    from recognizer.training.config import TrainingConfig
    from recognizer.training.known_voices import HeardClips
    from recognizer.training.protocols import FoldRows

PREDICTIONS_FOLDER = "predictions"

_DONE_FILE = "done.json"
_CONDITION_PREFIX = "through-"
# A fold's outcome hangs on all of a run but how many seeds there are and which protocol is the usual one.
_INDIFFERENT = ("n_seeds", "protocol")


class FoldResults:
    """What the folds of a run said, in its folder.

    Args:
        out_dir: gets `folds/` and `predictions/`.
        config: the run, its encoder named by what it holds; results of another one in the same folder do not count.
    """

    def __init__(self, out_dir: Path, config: TrainingConfig) -> None:
        self._out_dir = out_dir
        self._config = config
        self._seeds = config.list_seeds()
        self._description = _describe(config)

    def get_folder(self, fold: FoldRows, seed: int) -> Path:
        """Give the folder of one training of a fold, made if need be."""
        folder = self._out_dir / "folds" / fold.protocol / f"{fold.fold}-seed{seed}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def iter_lacking(
        self, planned: Sequence[FoldRows], folds: Sequence[str], seeds: Sequence[int]
    ) -> Iterator[tuple[FoldRows, int]]:
        """Yield what has yet to be trained, of the folds and seeds named or of all.

        Raises:
            TrainingError: there is no fold of a name, or the run has no such seed.
        """
        self._config.check_seeds(seeds)
        for seed in seeds or self._seeds:
            for fold in _choose(planned, folds):
                if not self.is_done(fold, seed):
                    yield fold, seed

    def iter_lacking_conditions(
        self, planned: Sequence[FoldRows], folds: Sequence[str], seed: int
    ) -> Iterator[FoldRows]:
        """Yield the folds, of those named or of all, whose clips have yet to be heard through the robustness suite.

        Raises:
            TrainingError: there is no fold of a name.
        """
        for fold in _choose(planned, folds):
            if not all(self._get_condition_file(fold, seed, each).exists() for each in CONDITIONS):
                yield fold

    def is_done(self, fold: FoldRows, seed: int) -> bool:
        """Tell whether a fold's predictions are there and come from this very run."""
        path = self._out_dir / "folds" / fold.protocol / f"{fold.fold}-seed{seed}" / _DONE_FILE
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))["config"]
            # Read as a run, so that a setting which did not exist yet stands at its default, which changes nothing.
            run = parse_run({name: kept[name] for name in kept if name not in _INDIFFERENT}, where=str(path))
        except (OSError, ValueError, TrainingError):
            return False
        return _describe(run) == self._description

    def keep(self, fold: FoldRows, seed: int, heard: HeardClips, facts: dict[str, Any]) -> None:
        """Predict the test clips of a fold by what is known of their voices, and write what came out.

        Weeks of one mood are told by the run's first seed alone: they illustrate, and are many.

        Args:
            fold: what was tested.
            seed: of its training.
            heard: the test clips and the fold's model.
            facts: what else is worth knowing; written last, so that a folder with facts is whole.

        Raises:
            TrainingError: they cannot be written.
        """
        folder = self.get_folder(fold, seed)
        rows_by_name = predict_with_known_clips(heard)
        if seed == self._seeds[0]:
            rows_by_name |= dict(predict_after_weeks(heard))
        described = json.dumps({**facts, "config": self._description})
        with writing("predictions", folder), replacing(folder / _DONE_FILE) as done_part:
            # What another run left here is no longer whole.
            for stale in (folder / _DONE_FILE, *folder.glob(f"{_CONDITION_PREFIX}*.csv")):
                stale.unlink(missing_ok=True)
            for name, rows in rows_by_name.items():
                write_predictions(folder / f"{name}.csv", rows)
            done_part.write_text(f"{described}\n", encoding="utf-8")

    def keep_conditions(self, fold: FoldRows, seed: int, rows_by_slug: Mapping[str, Sequence[Prediction]]) -> None:
        """Write what was heard of a fold's test clips through each condition, by its slug."""
        with writing("predictions", self.get_folder(fold, seed)):
            for condition in CONDITIONS:
                write_predictions(self._get_condition_file(fold, seed, condition), rows_by_slug[condition.slug])

    def join_conditions(self, planned: Sequence[FoldRows], seed: int) -> tuple[Path, ...]:
        """Write `predictions/<protocol>-through-<condition>.csv` for each condition; none while folds are lacking."""
        if any(True for _ in self.iter_lacking_conditions(planned, (), seed)):
            return ()
        names = [f"{_CONDITION_PREFIX}{condition.slug}" for condition in CONDITIONS]
        for name in names:
            self._join_parts(planned, [seed], name, f"-{name}")
        return tuple(self._out_dir / PREDICTIONS_FOLDER / f"{planned[0].protocol}-{name}.csv" for name in names)

    def join(self, planned: Sequence[FoldRows]) -> Path | None:
        """Write the predictions of all seeds whose folds are done.

        Returns:
            `predictions/<protocol>.csv`, beside which lie `<protocol>-known-<n>.csv` and, of the first seed,
            `<protocol>-week-of-<label>.csv` and `...-as-heard.csv`; None while folds are lacking.

        Raises:
            TrainingError: they cannot be written.
        """
        whole = [seed for seed in self._seeds if all(self.is_done(fold, seed) for fold in planned)]
        if not whole:
            return None
        for n_known in KNOWN_CLIPS:
            self._join_parts(planned, whole, f"known-{n_known}", f"-known-{n_known}" if n_known else "")
        for label in LABELS if self._seeds[0] in whole else ():
            for is_mood_taken_out in (True, False):
                name = name_week(label, is_mood_taken_out=is_mood_taken_out)
                self._join_parts(planned, self._seeds[:1], name, f"-{name}")
        return self._out_dir / PREDICTIONS_FOLDER / f"{planned[0].protocol}.csv"

    def _get_condition_file(self, fold: FoldRows, seed: int, condition: Condition) -> Path:
        return self.get_folder(fold, seed) / f"{_CONDITION_PREFIX}{condition.slug}.csv"

    def _join_parts(self, planned: Sequence[FoldRows], seeds: Sequence[int], part_name: str, suffix: str) -> None:
        parts = [self.get_folder(fold, seed) / f"{part_name}.csv" for seed in seeds for fold in planned]
        if not all(part.exists() for part in parts):
            return
        folder = self._out_dir / PREDICTIONS_FOLDER
        rows = [row for part in parts for row in read_rows(part)]
        with writing("predictions", folder):
            folder.mkdir(parents=True, exist_ok=True)
            write_predictions(folder / f"{planned[0].protocol}{suffix}.csv", rows)


def _choose(planned: Sequence[FoldRows], names: Sequence[str]) -> list[FoldRows]:
    """Choose folds by name; all unless names are given."""
    known = [fold.fold for fold in planned]
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise TrainingError(
            f"protocol {planned[0].protocol!r} has no fold {unknown[0]!r}, expected some of {', '.join(known)}"
        )
    return [fold for fold in planned if not names or fold.fold in names]


def _describe(config: TrainingConfig) -> dict[str, Any]:
    """Give all of a run that a fold's outcome hangs on, as JSON keeps it."""
    settings = {name: value for name, value in config.to_mapping().items() if name not in _INDIFFERENT}
    described: dict[str, Any] = json.loads(json.dumps(settings))
    return described
