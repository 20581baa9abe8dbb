"""A whole run on a frozen encoder: statistics, folds, final head, checkpoint; each is kept, so a cut run goes on."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recognizer.training.checkpoints import Checkpoint, build_model, save_checkpoint, set_head
from recognizer.training.degraded_statistics import compute_degraded_statistics
from recognizer.training.encoder_names import name_encoder
from recognizer.training.fold_results import FoldResults
from recognizer.training.inner_folds import FittedHead, fit_with_inner_folds, gather
from recognizer.training.known_voices import HeardClips
from recognizer.training.probe import fit_probe
from recognizer.training.probe_config import ProbeConfig
from recognizer.training.protocols import FoldRows, plan_folds
from recognizer.training.run_corpora import count_clips, load_corpora, refuse_untrainable
from recognizer.training.statistics import compute_statistics
from recognizer.training.tuned_encoders import refuse_heard_voices

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from recognizer.evaluation.predictions import Prediction
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
        TrainingError: a corpus has no folder, speakers or labels are lacking, a recording cannot be decoded, or the
            encoder cannot be had, or has learned from voices that a protocol tests on.
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
        utterances = load_corpora(config, corpora, protocols)
        located = dataclasses.replace(config, encoder=encoder or config.encoder)
        refuse_heard_voices(Path(located.encoder), protocols, config.corpora)
        self._model = build_model(located)
        # What is kept hangs on the encoder itself, not on what it is called.
        self._keyed = dataclasses.replace(config, encoder=name_encoder(config.encoder, located.encoder))
        self._results = FoldResults(out_dir, self._keyed)
        self._clips = compute_statistics(
            self._model,
            utterances,
            self._keyed,
            out_dir / "cache",
            on_progress=lambda n_done, n_total: on_progress("statistics", n_done, n_total),
        )
        refuse_untrainable(config, self._clips.utterances)

    @property
    def refused(self) -> tuple[tuple[str, str], ...]:
        """Utterance id and reason, of clips left out as serving would refuse them."""
        return self._clips.refused

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
        planned = self._plan(protocol)
        lacking = list(self._results.iter_lacking(planned, folds, seeds))
        for n_done, (fold, seed) in enumerate(lacking, start=1):
            self._measure_fold(fold, seed)
            self._on_progress(protocol, n_done, len(lacking))
        return self._results.join(planned)

    def measure_robustness(
        self, protocol: str, *, folds: Sequence[str] = (), seeds: Sequence[int] = ()
    ) -> tuple[Path, ...]:
        """Let the heads of a measured protocol hear their test clips through the robustness suite, by one seed.

        Args:
            protocol: measured before.
            folds: names of those to do now; all unless given.
            seeds: the first of them is taken, else the run's own.

        Returns:
            A file of predictions for each condition, `predictions/<protocol>-through-<condition>.csv`, in which clips
            that serving would refuse are missing; none while other folds are lacking.

        Raises:
            TrainingError: there is no such protocol or fold.
        """
        planned = self._plan(protocol)
        seed = next(iter(seeds), self._config.seed)
        rows = np.sort(np.concatenate([fold.test for fold in planned]))
        degraded = compute_degraded_statistics(
            self._model,
            [self._clips.utterances[row] for row in rows],
            self._keyed,
            self._out_dir / "cache",
            on_progress=self._on_progress,
        )
        lacking = list(self._results.iter_lacking_conditions(planned, folds, seed))
        for n_done, fold in enumerate(lacking, start=1):
            fitted = self._fit_fold(fold, seed)
            of_fold = np.searchsorted(rows, fold.test)
            self._results.keep_conditions(
                fold,
                seed,
                {slug: self._predict(fold, seed, fitted, values[of_fold]) for slug, values in degraded.items()},
            )
            self._on_progress(f"{protocol}, robustness", n_done, len(lacking))
        return self._results.join_conditions(planned, seed)

    def train_final(self) -> Path:
        """Fit a head on all corpora of the run and write the checkpoint, whose folder is returned."""
        is_trained = np.array([each.corpus in self._config.corpora for each in self._clips.utterances])
        fitted = self._fit(is_trained, self._config.seed)
        self._on_progress("final head", 1, 1)
        set_head(self._model, fitted.head)
        facts = {
            "corpora": count_clips(self._clips.utterances, np.flatnonzero(is_trained)),
            "refused": [list(pair) for pair in self.refused],
            **fitted.facts,
        }
        checkpoint = Checkpoint(self._model, self._config, fitted.confidence, facts)
        save_checkpoint(self._out_dir / "checkpoint", checkpoint)
        return self._out_dir / "checkpoint"

    def _plan(self, protocol: str) -> list[FoldRows]:
        utterances = self._clips.utterances
        return plan_folds(protocol, utterances, np.ones(len(utterances), dtype=bool), self._config.corpora)

    def _fit(self, is_train: np.ndarray, seed: int) -> FittedHead:
        clips = gather(self._clips.utterances, self._clips.values).select(is_train)
        if isinstance(self._config, ProbeConfig):
            return fit_probe(clips, self._config, seed=seed)
        return fit_with_inner_folds(clips, self._config, seed=seed)

    def _fit_fold(self, fold: FoldRows, seed: int) -> FittedHead:
        return self._fit(np.isin(np.arange(len(self._clips.values)), fold.train), seed)

    def _measure_fold(self, fold: FoldRows, seed: int) -> None:
        fitted = self._fit_fold(fold, seed)
        heard = self._listen(fold, seed, fitted, fold.test, self._clips.values[fold.test, 0])
        self._results.keep(fold, seed, heard, fitted.facts)

    def _predict(self, fold: FoldRows, seed: int, fitted: FittedHead, pooled: np.ndarray) -> list[Prediction]:
        """Predict test clips from statistics of their own, of strangers; those without statistics are left out."""
        is_heard = ~np.isnan(pooled).any(axis=1)
        heard = self._listen(fold, seed, fitted, fold.test[is_heard], pooled[is_heard])
        return heard.predict(np.zeros(heard.statistics.shape, dtype=np.float32))

    def _listen(
        self, fold: FoldRows, seed: int, fitted: FittedHead, rows: np.ndarray, pooled: np.ndarray
    ) -> HeardClips:
        return HeardClips(
            utterances=[self._clips.utterances[row] for row in rows],
            statistics=(pooled - fitted.head.mean) / fitted.head.std,
            classify=lambda centers: fitted.head.compute_logits(pooled, centers),
            mood_offsets=fitted.head.mood_offsets,
            temperature=fitted.confidence.temperature,
            fold=fold.fold,
            seed=seed,
        )
