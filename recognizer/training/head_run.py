"""A whole run on a frozen encoder: statistics, folds, final head, checkpoint; each is kept, so a cut run goes on."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from recognizer.training.checkpoints import Checkpoint, build_model, save_checkpoint, set_head
from recognizer.training.fold_results import FoldResults
from recognizer.training.inner_folds import FittedHead, fit_with_inner_folds, gather
from recognizer.training.known_voices import HeardClips
from recognizer.training.probe import fit_probe
from recognizer.training.probe_config import ProbeConfig
from recognizer.training.protocols import FoldRows, plan_folds
from recognizer.training.run_corpora import count_clips, load_corpora
from recognizer.training.statistics import compute_statistics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from recognizer.training.config import TrainingConfig
    from recognizer.training.run_log import OnProgress


class HeadRun:
    """Heads over a frozen encoder, in one folder.

    Args:
        config: the run.
        corpora: folder of each corpus that may be needed.
        out_dir: gets `cache/`, `folds/`, `predictions/` and `checkpoint/`.
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
        self._out_dir = out_dir
        self._on_progress = on_progress
        self._results = FoldResults(out_dir, config)
        utterances = load_corpora(config, corpora, protocols)
        self._model = build_model(dataclasses.replace(config, encoder=encoder or config.encoder))
        self._clips = compute_statistics(
            self._model,
            utterances,
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

    def train_final(self) -> Path:
        """Fit a head on all corpora of the run and write the checkpoint, whose folder is returned."""
        is_trained = np.array([each.corpus in self._config.corpora for each in self._clips.utterances])
        fitted = self._fit(is_trained, self._config.seed)
        self._on_progress("final head", 1, 1)
        set_head(self._model, fitted.head)
        facts = {
            "corpora": count_clips(self._clips.utterances, np.flatnonzero(is_trained)),
            "refused": [list(pair) for pair in self._clips.refused],
            **fitted.facts,
        }
        checkpoint = Checkpoint(self._model, self._config, fitted.confidence, facts)
        save_checkpoint(self._out_dir / "checkpoint", checkpoint)
        return self._out_dir / "checkpoint"

    def _fit(self, is_train: np.ndarray, seed: int) -> FittedHead:
        clips = gather(self._clips.utterances, self._clips.values).select(is_train)
        if isinstance(self._config, ProbeConfig):
            return fit_probe(clips, self._config, seed=seed)
        return fit_with_inner_folds(clips, self._config, seed=seed)

    def _measure_fold(self, fold: FoldRows, seed: int) -> None:
        fitted = self._fit(np.isin(np.arange(len(self._clips.values)), fold.train), seed)
        pooled = self._clips.values[fold.test, 0]
        heard = HeardClips(
            utterances=[self._clips.utterances[row] for row in fold.test],
            statistics=(pooled - fitted.head.mean) / fitted.head.std,
            classify=lambda centers: fitted.head.compute_logits(pooled, centers),
            mood_offsets=fitted.head.mood_offsets,
            temperature=fitted.confidence.temperature,
            fold=fold.fold,
            seed=seed,
        )
        self._results.keep(fold, seed, heard, fitted.facts)
