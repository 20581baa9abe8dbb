"""A whole distillation: the corpora's speech, without what a fold is tested on, and the student learned from it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from recognizer.corpora import load_corpus
from recognizer.labels import LABELS
from recognizer.training.distillation import DistillationConfig, distill
from recognizer.training.errors import TrainingError
from recognizer.training.head import TrainingClips
from recognizer.training.processes import refuse_several_processes
from recognizer.training.protocols import plan_folds
from recognizer.training.speech_frames import keep_speech
from recognizer.training.tuned_encoders import record_learned

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from recognizer.training.run_log import OnProgress


def train_student(  # noqa: PLR0913 - the choices of the command line
    config_path: Path,
    corpora_dirs: Mapping[str, Path],
    out_dir: Path,
    *,
    on_progress: OnProgress,
    encoder: str | None = None,
    protocol: str = "ravdess-4",
    fold: str | None = None,
) -> Path:
    """Distill a student.

    Args:
        config_path: a TOML file.
        corpora_dirs: folder of each corpus at hand.
        out_dir: gets the student and, in `cache/`, the decoded speech.
        on_progress: told the step, how much of it is done and of how much.
        encoder: a folder to take the teacher from instead of the hub.
        protocol: of the fold.
        fold: its test speakers are not learned from; None learns from everybody.

    Returns:
        The student's folder, an encoder that `build_encoder` takes.

    Raises:
        TrainingError: the file, a corpus or the fold is wrong, or several processes were started.
    """
    refuse_several_processes("distilling a student")
    config = DistillationConfig.from_toml(config_path)
    missing = [name for name in config.corpora if name not in corpora_dirs]
    if missing:
        raise TrainingError(f"run {config.name!r} needs corpus {missing[0]!r}, got folders for {sorted(corpora_dirs)}")
    utterances = [each for name in config.corpora for each in load_corpus(name, corpora_dirs[name])]
    speech = keep_speech(
        utterances,
        config.window_s,
        out_dir / "cache",
        on_progress=lambda n_done, n_total: on_progress("speech", n_done, n_total),
    )
    heard = np.array([row not in speech.refused for row in range(len(utterances))])
    rows = np.flatnonzero(heard)
    if fold is not None:
        folds = {each.fold: each for each in plan_folds(protocol, utterances, heard, config.corpora)}
        if fold not in folds:
            raise TrainingError(f"protocol {protocol!r} has no fold {fold!r}, expected one of {', '.join(folds)}")
        rows = folds[fold].train
    student = distill(
        speech,
        rows,
        TrainingClips(
            np.empty((len(rows), 0)),
            np.array([LABELS.index(utterances[row].label) for row in rows]),
            np.array([f"{utterances[row].corpus}/{utterances[row].speaker_id}" for row in rows]),
            np.array([utterances[row].corpus for row in rows]),
        ).weigh(),
        dataclasses.replace(config, encoder=encoder or config.encoder),
        out_dir,
        on_progress=lambda n_done, n_total: on_progress("distillation", n_done, n_total),
    )
    if fold is None:
        # One that left a fold out may be measured on that fold, which whole corpora cannot say.
        record_learned(student, config.corpora)
    return student
