"""Folds' predictions, each kept as soon as it is made, and joined once all of a protocol are there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from recognizer.evaluation.predictions import Prediction, read_rows, write_predictions
from recognizer.training.errors import TrainingError
from recognizer.training.known_voices import KNOWN_CLIPS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from recognizer.training.config import TrainingConfig
    from recognizer.training.protocols import FoldRows

_DONE_FILE = "done.json"


class FoldResults:
    """What the folds of a run said, in its folder.

    Args:
        out_dir: gets `folds/` and `predictions/`.
        config: the run; results of another one in the same folder do not count.
    """

    def __init__(self, out_dir: Path, config: TrainingConfig) -> None:
        self._out_dir = out_dir
        self._seeds = range(config.seed, config.seed + config.n_seeds)
        # All that a fold's outcome hangs on: not how many seeds there are, nor which protocol is the usual one.
        described = config.to_mapping() | {"n_seeds": 0, "protocol": ""}
        self._description: dict[str, Any] = json.loads(json.dumps(described))

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
            TrainingError: there is no fold of a name.
        """
        names = [fold.fold for fold in planned]
        unknown = sorted(set(folds) - set(names))
        if unknown:
            raise TrainingError(
                f"protocol {planned[0].protocol!r} has no fold {unknown[0]!r}, expected some of {', '.join(names)}"
            )
        for seed in seeds or self._seeds:
            for fold in planned:
                if (not folds or fold.fold in folds) and not self.is_done(fold, seed):
                    yield fold, seed

    def is_done(self, fold: FoldRows, seed: int) -> bool:
        """Tell whether a fold's predictions are there and come from this very run."""
        path = self._out_dir / "folds" / fold.protocol / f"{fold.fold}-seed{seed}" / _DONE_FILE
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        return bool(facts["config"] == self._description)

    def keep(
        self, fold: FoldRows, seed: int, rows_by_known: Mapping[int, Sequence[Prediction]], facts: dict[str, Any]
    ) -> None:
        """Write a fold's predictions; the facts come last, so that a folder with facts is whole.

        Args:
            fold: what was tested.
            seed: of its training.
            rows_by_known: predictions by how many clips of each voice were known.
            facts: what else is worth knowing.
        """
        folder = self.get_folder(fold, seed)
        for n_known, rows in rows_by_known.items():
            write_predictions(folder / f"known-{n_known}.csv", rows)
        temporary = folder / f"{_DONE_FILE}.part"
        temporary.write_text(json.dumps({**facts, "config": self._description}) + "\n", encoding="utf-8")
        temporary.replace(folder / _DONE_FILE)

    def join(self, planned: Sequence[FoldRows]) -> Path | None:
        """Write the predictions of all seeds whose folds are done.

        Returns:
            `predictions/<protocol>.csv`, beside which lie `<protocol>-known-<n>.csv`; None while folds are lacking.
        """
        whole = [seed for seed in self._seeds if all(self.is_done(fold, seed) for fold in planned)]
        if not whole:
            return None
        folder = self._out_dir / "predictions"
        folder.mkdir(parents=True, exist_ok=True)
        protocol = planned[0].protocol
        for n_known in KNOWN_CLIPS:
            parts = [self.get_folder(fold, seed) / f"known-{n_known}.csv" for seed in whole for fold in planned]
            name = f"{protocol}-known-{n_known}.csv" if n_known else f"{protocol}.csv"
            write_predictions(folder / name, [row for part in parts for row in read_rows(part)])
        return folder / f"{protocol}.csv"
