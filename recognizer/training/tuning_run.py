"""A whole fine-tuning run: frames, folds, final training, checkpoint; each fold is kept, so a cut run goes on."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from recognizer.training.checkpoints import Checkpoint, build_model, save_checkpoint
from recognizer.training.encoder_names import name_encoder
from recognizer.training.fine_tuning import TunedModel, compute_logits, fine_tune
from recognizer.training.fold_results import FoldResults
from recognizer.training.known_voices import HeardClips
from recognizer.training.processes import is_first_process, wait_for_all
from recognizer.training.protocols import FoldRows, plan_folds
from recognizer.training.run_corpora import count_clips, load_corpora
from recognizer.training.speech_frames import keep_lower_outputs, keep_speech
from recognizer.training.tuned_encoders import read_learned, refuse_heard_voices, save_encoder
from recognizer.training.tuning_data import split_validation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from recognizer.training.frame_store import FrameStore
    from recognizer.training.model import EmotionClassifier
    from recognizer.training.run_log import OnProgress
    from recognizer.training.tuning_config import FineTuningConfig


def _silent(_step: str, _n_done: int, _n_total: int) -> None:
    """Tell nobody."""


class TuningRun:
    """Fine-tuning by one configuration, in one folder; several processes may share the folder, fold by fold.

    Processes that `torchrun` started train each fold together, and the first of them writes.

    Args:
        config: the run.
        corpora: folder of each corpus that may be needed.
        out_dir: gets `cache/`, `folds/`, `predictions/`, `encoder/` and `checkpoint/`.
        encoder: a folder to take the encoder from instead of the hub.
        protocols: what will be measured; decides which corpora are loaded beside those trained on.
        on_progress: told the step, how much of it is done and of how much.

    Attributes:
        refused: utterance id and reason, of clips left out as serving would refuse them.

    Raises:
        TrainingError: a corpus has no folder, speakers or labels are lacking, a recording cannot be decoded, or the
            encoder cannot be had, or has learned from voices that a protocol tests on.
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
        self._utterances = load_corpora(config, corpora, protocols)
        refuse_heard_voices(Path(self._located.encoder), protocols, config.corpora)
        model = build_model(self._located)
        # What is kept hangs on the encoder itself, not on what it is called.
        self._keyed = dataclasses.replace(config, encoder=name_encoder(config.encoder, self._located.encoder))
        self._results = FoldResults(out_dir, self._keyed)
        self._store, self._heard = self._fill_store(model)

    def measure(self, protocol: str, *, folds: Sequence[str] = (), seeds: Sequence[int] = ()) -> Path | None:
        """Train and predict fold by fold, whatever has not been done yet.

        Args:
            protocol: as `plan_folds` takes it.
            folds: names of those to train now; all unless given.
            seeds: those to train now; all of the run unless given.

        Returns:
            The file of predictions, or None while other folds are lacking, or where another process writes.

        Raises:
            TrainingError: there is no such protocol or fold, or a training breaks.
        """
        planned = plan_folds(protocol, self._utterances, self._heard, self.config.corpora)
        for fold, seed in self._results.iter_lacking(planned, folds, seeds):
            self._measure_fold(fold, seed)
        return self._results.join(planned) if is_first_process() else None

    def train_final(self) -> Path:
        """Train on all corpora of the run; write the checkpoint, whose folder is returned, and the encoder beside it.

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
            tuned.confidence,
            {
                "corpora": count_clips(self._utterances, rows),
                "refused": [list(pair) for pair in self.refused],
                "validation_uar": tuned.validation_uar,
                "best_step": tuned.best_step,
            },
        )
        if is_first_process():
            learned = {*self.config.corpora, *read_learned(Path(self._located.encoder))}
            save_encoder(self._out_dir / "encoder", checkpoint.model.encoder, sorted(learned))
            save_checkpoint(self._out_dir / "checkpoint", checkpoint)
        return self._out_dir / "checkpoint"

    def _fill_store(self, model: EmotionClassifier) -> tuple[FrameStore, np.ndarray]:
        cache_dir = self._out_dir / "cache"
        speech = keep_speech(self._utterances, self.config.window_s, cache_dir, on_progress=self._tell("speech"))
        heard = np.array([row not in speech.refused for row in range(len(self._utterances))])
        self.refused = tuple(
            (self._utterances[row].utterance_id, reason) for row, reason in sorted(speech.refused.items())
        )
        if self.config.frozen_blocks is None:
            return speech, heard
        store = keep_lower_outputs(
            model,
            self._utterances,
            speech,
            self._keyed,
            cache_dir,
            on_progress=self._tell("lower blocks"),
        )
        return store, heard

    def _train(self, rows: np.ndarray, folder: Path, seed: int, where: str) -> TunedModel:
        # Before the network is built: its head and attention are drawn then.
        torch.manual_seed(seed)
        data = split_validation(self._utterances, rows, self.config, seed=seed, where=where)
        return fine_tune(
            build_model(self._located),
            self._store,
            data,
            self._keyed,
            folder,
            seed=seed,
            where=where,
            on_progress=self._tell(where),
        )

    def _measure_fold(self, fold: FoldRows, seed: int) -> None:
        folder = self._results.get_folder(fold, seed)
        tuned = self._train(fold.train, folder, seed, f"{fold.protocol} {fold.fold} seed {seed}")
        # The others may still be reading the best checkpoint, which is thrown away once the fold is kept.
        wait_for_all()
        if is_first_process():
            self._keep_fold(fold, seed, tuned)
            _clear(folder)
        wait_for_all()

    def _keep_fold(self, fold: FoldRows, seed: int, tuned: TunedModel) -> None:
        pooled = tuned.network.pool_all(self._store, fold.test)
        tuned.network.cpu()
        classifier = tuned.network.classifier
        heard = HeardClips(
            utterances=[self._utterances[row] for row in fold.test],
            statistics=classifier.classify(pooled)[1].detach().numpy(),
            classify=lambda centers: compute_logits(tuned.network, pooled, torch.from_numpy(centers)),
            mood_offsets=classifier.mood_offsets.numpy(),
            temperature=tuned.confidence.temperature,
            fold=fold.fold,
            seed=seed,
        )
        facts = {"validation_uar": tuned.validation_uar, "best_step": tuned.best_step}
        self._results.keep(fold, seed, heard, facts)

    def _tell(self, step: str) -> Callable[[int, int], None]:
        return lambda n_done, n_total: self._on_progress(step, n_done, n_total)


def _clear(folder: Path) -> None:
    """Throw the Trainer's checkpoints of a fold away, and keep its log, of either kind."""
    for trainer_folder in folder.glob("trainer-*"):
        if (trainer_folder / "log.csv").exists():
            (trainer_folder / "log.csv").replace(folder / "log.csv")
        if (trainer_folder / "runs").exists():
            shutil.copytree(trainer_folder / "runs", folder / "runs", dirs_exist_ok=True)
        shutil.rmtree(trainer_folder)
