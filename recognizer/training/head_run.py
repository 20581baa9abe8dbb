"""Measure a frozen encoder's head by any protocol, fold by fold, with none and with some clips of a voice known."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from recognizer.training.checkpoints import build_model
from recognizer.training.cross_validation import fit_with_inner_folds, gather
from recognizer.training.fold_results import FoldResults
from recognizer.training.known_voices import HeardClips
from recognizer.training.protocols import FoldRows, plan_folds
from recognizer.training.run_corpora import load_corpora
from recognizer.training.statistics import compute_statistics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from recognizer.training.config import TrainingConfig
    from recognizer.training.run import OnProgress


class HeadRun:
    """Heads over a frozen encoder, in one folder.

    Args:
        config: the run.
        corpora: folder of each corpus that may be needed.
        out_dir: gets `cache/`, `folds/` and `predictions/`.
        encoder: a folder to take the encoder from instead of the hub.
        protocols: what will be measured; decides which corpora are loaded beside those trained on.
        on_progress: told the step, how much of it is done and of how much.

    Raises:
        TrainingError: a corpus has no folder, or the encoder cannot be had.
        CorpusError: a corpus is broken.
    """

    def __init__(  # noqa: PLR0913 - what a run needs
        self,
        config: TrainingConfig,
        corpora: Mapping[str, Path],
        out_dir: Path,
        *,
        on_progress: OnProgress,
        encoder: str | None = None,
        protocols: Sequence[str] = (),
    ) -> None:
        self._config = config
        self._on_progress = on_progress
        self._results = FoldResults(out_dir, config)
        self._clips = compute_statistics(
            build_model(dataclasses.replace(config, encoder=encoder or config.encoder)),
            load_corpora(config, corpora, protocols),
            config,
            out_dir / "cache",
            on_progress=lambda n_done, n_total: on_progress("statistics", n_done, n_total),
        )

    def measure(self, protocol: str, *, folds: Sequence[str] = (), seeds: Sequence[int] = ()) -> Path | None:
        """Fit and predict fold by fold, whatever has not been done yet.

        Args:
            protocol: as `plan_folds` takes it.
            folds: names of those to fit now; all unless given.
            seeds: those to fit now; all of the run unless given.

        Returns:
            The file of predictions, or None while other folds are lacking.

        Raises:
            TrainingError: there is no such protocol or fold.
        """
        utterances = self._clips.utterances
        planned = plan_folds(protocol, utterances, np.ones(len(utterances), dtype=bool), self._config.corpora)
        lacking = list(self._results.iter_lacking(planned, folds, seeds))
        for n_done, (fold, seed) in enumerate(lacking, start=1):
            self._measure_fold(fold, seed)
            self._on_progress(protocol, n_done, len(lacking))
        return self._results.join(planned)

    def _measure_fold(self, fold: FoldRows, seed: int) -> None:
        values = self._clips.values
        is_train = np.zeros(len(values), dtype=bool)
        is_train[fold.train] = True
        fitted = fit_with_inner_folds(gather(self._clips.utterances, values).select(is_train), self._config, seed=seed)
        pooled = values[fold.test, 0]
        heard = HeardClips(
            utterances=[self._clips.utterances[row] for row in fold.test],
            statistics=(pooled - fitted.head.mean) / fitted.head.std,
            classify=lambda centers: fitted.head.compute_logits(pooled, centers),
            mood_offsets=fitted.head.mood_offsets,
            temperature=fitted.temperature,
            fold=fold.fold,
            seed=seed,
        )
        self._results.keep(fold, seed, heard, {"inner_uar": fitted.inner_uar})
