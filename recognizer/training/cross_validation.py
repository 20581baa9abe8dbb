"""Measure a frozen-encoder run fold by fold: every choice is made on other speakers than those it is measured on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from recognizer.calibration import choose_margin_threshold, compute_margin, fit_temperature
from recognizer.corpora.splits import group_folds, load_published_split
from recognizer.evaluation.predictions import Prediction
from recognizer.labels import LABELS
from recognizer.metrics import uar
from recognizer.training.head import Head, TrainingClips, fit_head

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from recognizer.corpora.utterance import Utterance
    from recognizer.training.config import TrainingConfig
    from recognizer.training.statistics import ClipStatistics

N_INNER_FOLDS = 3
# The least sure answers are withheld until the rest is right so often on speakers not trained on, ...
TARGET_ACCURACY = 0.85
# ... but never more than this share is.
MIN_COVERAGE = 0.8


@dataclass(frozen=True, eq=False)
class FittedHead:
    """A head with what was fitted for it on inner folds.

    Attributes:
        temperature: fitted on logits of speakers that their inner fold did not train on.
        margin_threshold: below it the recognizer abstains.
        inner_uar: UAR by corpus on those speakers.
    """

    head: Head
    temperature: float
    margin_threshold: float
    inner_uar: dict[str, float]


def gather(utterances: Sequence[Utterance], statistics: np.ndarray) -> TrainingClips:
    """Line up statistics (n_clips, n_views, d) with labels, voices and corpora."""
    return TrainingClips(
        statistics=statistics,
        truth=np.array([LABELS.index(each.label) for each in utterances]),
        speakers=np.array([f"{each.corpus}/{each.speaker_id}" for each in utterances]),
        corpora=np.array([each.corpus for each in utterances]),
    )


def fit_with_inner_folds(clips: TrainingClips, config: TrainingConfig, *, seed: int) -> FittedHead:
    """Fit temperature and margin on inner speaker folds, then the head on everything given."""
    fold_of_clip = group_folds(clips.speakers.tolist(), N_INNER_FOLDS, np.random.default_rng(seed))
    logits = _predict_inner(clips, fold_of_clip, config, seed)
    is_correct = logits.argmax(axis=1) == clips.truth
    return FittedHead(
        head=fit_head(clips, config, seed=seed),
        temperature=fit_temperature(logits, clips.truth),
        margin_threshold=choose_margin_threshold(
            compute_margin(logits), is_correct, target_accuracy=TARGET_ACCURACY, min_coverage=MIN_COVERAGE
        ),
        inner_uar=_compute_uar_by_corpus(logits, clips),
    )


def cross_validate(
    clips: ClipStatistics,
    config: TrainingConfig,
    *,
    seed: int,
    on_progress: Callable[[int, int], None] = lambda _n_done, _n_total: None,
) -> list[Prediction]:
    """Predict every clip of the protocol's corpus by a head that knows nothing of its speaker.

    Clips of the run's other corpora are trained on in every fold.

    Returns:
        Out-of-fold predictions, each with the temperature fitted inside its fold.
    """
    split = load_published_split(config.protocol)
    rows = {(each.corpus, each.utterance_id): row for row, each in enumerate(clips.utterances)}
    partitions = list(split.iter_partitions([each for each in clips.utterances if each.corpus == split.corpus]))
    predictions: list[Prediction] = []
    for n_done, partition in enumerate(partitions):
        test_rows = [rows[each.corpus, each.utterance_id] for each in partition.test]
        is_train = np.ones(len(clips.utterances), dtype=bool)
        is_train[test_rows] = False
        training = gather(clips.utterances, clips.values).select(is_train)
        fitted = fit_with_inner_folds(training, config, seed=seed)
        logits = fitted.head.compute_logits(clips.values[test_rows, 0])
        predictions += [
            to_prediction(each, partition.name, seed, row, fitted.temperature)
            for each, row in zip(partition.test, logits, strict=True)
        ]
        on_progress(n_done + 1, len(partitions))
    return predictions


def _predict_inner(clips: TrainingClips, fold_of_clip: np.ndarray, config: TrainingConfig, seed: int) -> np.ndarray:
    logits = np.empty((len(clips.truth), len(LABELS)))
    for fold in range(N_INNER_FOLDS):
        is_held_out = fold_of_clip == fold
        head = fit_head(clips.select(~is_held_out), config, seed=seed)
        logits[is_held_out] = head.compute_logits(clips.statistics[is_held_out, 0])
    return logits


def _compute_uar_by_corpus(logits: np.ndarray, clips: TrainingClips) -> dict[str, float]:
    predicted = logits.argmax(axis=1)
    return {
        str(corpus): float(uar(clips.truth[clips.corpora == corpus], predicted[clips.corpora == corpus]))
        for corpus in np.unique(clips.corpora)
    }


def to_prediction(utterance: Utterance, fold: str, seed: int, logits: np.ndarray, temperature: float) -> Prediction:
    """Put down what a fold's model said of an utterance, logits (n_labels,)."""
    happy, sad, angry, neutral = (float(logit) for logit in logits)
    return Prediction(
        utterance_id=utterance.utterance_id,
        corpus=utterance.corpus,
        speaker_id=utterance.speaker_id,
        sex=utterance.sex,
        label=utterance.label,
        fold=fold,
        seed=seed,
        logits=(happy, sad, angry, neutral),
        temperature=temperature,
    )
