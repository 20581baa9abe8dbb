"""A whole fine-tuning run: frames, folds, final training, checkpoint; each fold is kept, so a cut run goes on."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from recognizer.corpora import load_corpus
from recognizer.evaluation.predictions import read_rows, write_predictions
from recognizer.training.checkpoints import Checkpoint, build_model, save_checkpoint
from recognizer.training.cross_validation import to_prediction
from recognizer.training.errors import TrainingError
from recognizer.training.fine_tuning import TunedModel, compute_logits, fine_tune
from recognizer.training.known_voices import KNOWN_CLIPS, draw_centers
from recognizer.training.protocols import FoldRows, name_test_corpora, plan_folds
from recognizer.training.speech_frames import keep_lower_outputs, keep_speech
from recognizer.training.tuning_data import split_validation

if TYPE_CHECKING:
    from pathlib import Path

    from recognizer.corpora.utterance import Utterance
    from recognizer.training.frame_store import FrameStore
    from recognizer.training.tuning_config import FineTuningConfig

OnProgress = Callable[[str, int, int], None]

_DONE_FILE = "done.json"


def _silent(_step: str, _n_done: int, _n_total: int) -> None:
    """Tell nobody."""


class TuningRun:
    """Fine-tuning by one configuration, in one folder; several processes may share the folder, fold by fold.

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
        config: FineTuningConfig,
        corpora: Mapping[str, Path],
        out_dir: Path,
        *,
        encoder: str | None = None,
        protocols: Sequence[str] = (),
        on_progress: OnProgress = _silent,
    ) -> None:
        self.config = config
        self._out_dir = out_dir
        self._on_progress = on_progress
        self._located = dataclasses.replace(config, encoder=encoder or config.encoder)
        tested = [name for protocol in protocols for name in name_test_corpora(protocol, config.corpora)]
        self._utterances = _load(config, corpora, dict.fromkeys((*config.corpora, *tested)))
        self._store, self._heard = self._fill_store()

    def measure(self, protocol: str, *, folds: Sequence[str] = (), seeds: Sequence[int] = ()) -> Path | None:
        """Train and predict fold by fold, whatever has not been done yet.

        Args:
            protocol: as `plan_folds` takes it.
            folds: names of those to train now; all unless given.
            seeds: those to train now; all of the run unless given.

        Returns:
            The file of predictions, or None while other folds are lacking.

        Raises:
            TrainingError: there is no such protocol or fold, or a training breaks.
        """
        planned = plan_folds(protocol, self._utterances, self._heard, self.config.corpora)
        unknown = sorted(set(folds) - {fold.fold for fold in planned})
        if unknown:
            raise TrainingError(
                f"protocol {protocol!r} has no fold {unknown[0]!r}, expected some of "
                f"{', '.join(fold.fold for fold in planned)}"
            )
        for seed in seeds or range(self.config.seed, self.config.seed + self.config.n_seeds):
            for fold in planned:
                if (not folds or fold.fold in folds) and not self._is_done(fold, seed):
                    self._measure_fold(fold, seed)
        return self._join(planned)

    def train_final(self) -> Path:
        """Train on all corpora of the run and write the checkpoint, whose folder is returned.

        Raises:
            TrainingError: the training breaks.
        """
        is_trained = np.array([each.corpus in self.config.corpora for each in self._utterances])
        rows = np.flatnonzero(self._heard & is_trained)
        folder = self._out_dir / "final"
        tuned = self._train(rows, folder, self.config.seed, f"run {self.config.name!r}, final training")
        checkpoint = Checkpoint(
            tuned.network.classifier.cpu(),
            self.config,
            tuned.temperature,
            tuned.margin_threshold,
            self._collect_facts(rows, tuned),
        )
        save_checkpoint(self._out_dir / "checkpoint", checkpoint)
        return self._out_dir / "checkpoint"

    def _fill_store(self) -> tuple[FrameStore, np.ndarray]:
        cache_dir = self._out_dir / "cache"
        speech = keep_speech(self._utterances, self.config, cache_dir, on_progress=self._tell("speech"))
        heard = np.array([row not in speech.refused for row in range(len(self._utterances))])
        self._refused = [(self._utterances[row].utterance_id, reason) for row, reason in sorted(speech.refused.items())]
        if self.config.frozen_blocks is None:
            return speech, heard
        store = keep_lower_outputs(
            build_model(self._located),
            self._utterances,
            speech,
            self.config,
            cache_dir,
            on_progress=self._tell("lower blocks"),
        )
        return store, heard

    def _train(self, rows: np.ndarray, folder: Path, seed: int, where: str) -> TunedModel:
        data = split_validation(self._utterances, rows, self.config, seed=seed, where=where)
        return fine_tune(
            build_model(self._located),
            self._store,
            data,
            self.config,
            folder,
            seed=seed,
            where=where,
            on_progress=self._tell(where),
        )

    def _measure_fold(self, fold: FoldRows, seed: int) -> None:
        folder = self._fold_folder(fold, seed)
        folder.mkdir(parents=True, exist_ok=True)
        where = f"{fold.protocol} {fold.fold} seed {seed}"
        tuned = self._train(fold.train, folder, seed, where)
        utterances = [self._utterances[row] for row in fold.test]
        pooled = tuned.network.pool_all(self._store, fold.test)
        statistics = tuned.network.classifier.cpu().classify(pooled)[1].detach().numpy()
        tuned.network.cpu()
        for n_known in KNOWN_CLIPS:
            rng = np.random.default_rng([seed, n_known])
            centers = draw_centers(statistics, utterances, n_known, kappa=self.config.kappa, rng=rng)
            logits = compute_logits(tuned.network, pooled, torch.from_numpy(centers))
            rows = [
                to_prediction(each, fold.fold, seed, row, tuned.temperature)
                for each, row in zip(utterances, logits, strict=True)
            ]
            write_predictions(folder / f"known-{n_known}.csv", rows)
        facts = {"validation_uar": tuned.validation_uar, "best_step": tuned.best_step, "config": self._describe()}
        (folder / _DONE_FILE).write_text(json.dumps(facts) + "\n", encoding="utf-8")
        for trainer_folder in folder.glob("trainer-*"):
            if (trainer_folder / "log.csv").exists():
                (trainer_folder / "log.csv").replace(folder / "log.csv")
            shutil.rmtree(trainer_folder)

    def _join(self, planned: Sequence[FoldRows]) -> Path | None:
        """Write the predictions of all seeds whose folds are done, with none and with some clips known."""
        seeds = range(self.config.seed, self.config.seed + self.config.n_seeds)
        whole = [seed for seed in seeds if all(self._is_done(fold, seed) for fold in planned)]
        if not whole:
            return None
        folder = self._out_dir / "predictions"
        folder.mkdir(parents=True, exist_ok=True)
        protocol = planned[0].protocol
        for n_known in KNOWN_CLIPS:
            rows = [
                row
                for seed in whole
                for fold in planned
                for row in read_rows(self._fold_folder(fold, seed) / f"known-{n_known}.csv")
            ]
            suffix = f"-known-{n_known}" if n_known else ""
            write_predictions(folder / f"{protocol}{suffix}.csv", rows)
        return folder / f"{protocol}.csv"

    def _is_done(self, fold: FoldRows, seed: int) -> bool:
        """Tell whether a fold's predictions are there and come from this very run."""
        try:
            facts = json.loads((self._fold_folder(fold, seed) / _DONE_FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        return bool(facts["config"] == self._describe())

    def _fold_folder(self, fold: FoldRows, seed: int) -> Path:
        return self._out_dir / "folds" / fold.protocol / f"{fold.fold}-seed{seed}"

    def _describe(self) -> dict[str, Any]:
        """Give what the fold's outcome hangs on: all but how many seeds there are."""
        description: dict[str, Any] = json.loads(json.dumps(self.config.to_mapping() | {"n_seeds": 0}))
        return description

    def _tell(self, step: str) -> Callable[[int, int], None]:
        return lambda n_done, n_total: self._on_progress(step, n_done, n_total)

    def _collect_facts(self, rows: np.ndarray, tuned: TunedModel) -> dict[str, Any]:
        chosen = [self._utterances[row] for row in rows]
        n_clips = Counter(each.corpus for each in chosen)
        n_speakers = Counter(corpus for corpus, _ in {(each.corpus, each.speaker_id) for each in chosen})
        return {
            "corpora": {name: {"n_clips": n_clips[name], "n_speakers": n_speakers[name]} for name in sorted(n_clips)},
            "refused": [list(pair) for pair in self._refused],
            "validation_uar": tuned.validation_uar,
            "best_step": tuned.best_step,
        }


def _load(config: FineTuningConfig, corpora: Mapping[str, Path], needed: Mapping[str, None]) -> list[Utterance]:
    missing = [name for name in needed if name not in corpora]
    if missing:
        raise TrainingError(f"run {config.name!r} needs corpus {missing[0]!r}, got folders for {sorted(corpora)}")
    return [utterance for name in needed for utterance in load_corpus(name, corpora[name])]
