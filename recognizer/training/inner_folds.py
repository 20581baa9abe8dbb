"""Fit a head, and choose temperature and margin on speakers that it was not fitted on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from recognizer.calibration import (
    CONFORMAL_LEVEL,
    Confidence,
    apply_temperature,
    choose_margin_threshold,
    compute_distance,
    compute_margin,
    fit_conformal_quantile,
    fit_largest_distance,
    fit_temperature,
    fit_temperatures,
)
from recognizer.corpora.splits import group_folds
from recognizer.labels import LABELS
from recognizer.metrics import uar
from recognizer.training.committee import Mixture
from recognizer.training.head import Head, TrainingClips, fit_head

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recognizer.corpora.utterance import Utterance
    from recognizer.training.config import TrainingConfig

N_INNER_FOLDS = 3
# The least sure answers are withheld until the rest is right so often on speakers not trained on, ...
TARGET_ACCURACY = 0.85
# ... but never more than this share is.
MIN_COVERAGE = 0.8


@dataclass(frozen=True, eq=False)
class FittedHead:
    """A head with what was fitted for it on inner folds.

    Attributes:
        confidence: fitted on speakers that their inner fold did not train on.
        inner_uar: UAR by corpus on those speakers.
    """

    head: Head
    confidence: Confidence
    inner_uar: dict[str, float]

    @property
    def facts(self) -> dict[str, Any]:
        """What is worth keeping beside the predictions."""
        return {"inner_uar": self.inner_uar}


def gather(utterances: Sequence[Utterance], statistics: np.ndarray) -> TrainingClips:
    """Line up statistics (n_clips, n_views, d) with labels, voices and corpora."""
    return TrainingClips(
        statistics=statistics,
        truth=np.array([LABELS.index(each.label) for each in utterances]),
        speakers=np.array([f"{each.corpus}/{each.speaker_id}" for each in utterances]),
        corpora=np.array([each.corpus for each in utterances]),
    )


def fit_with_inner_folds(clips: TrainingClips, config: TrainingConfig, *, seed: int) -> FittedHead:
    """Fit a head on everything given, and on inner speaker folds how much to believe it."""
    head = fit_head(clips, config, seed=seed)
    fold_of_clip = group_folds(clips.speakers.tolist(), N_INNER_FOLDS, np.random.default_rng(seed))
    inner = _predict_inner(clips, fold_of_clip, config, head.specialists, seed)
    logits = inner.logits
    if isinstance(head.network, Mixture):
        temperatures = fit_temperatures(logits, inner.shares, clips.truth)
        head.network.temperatures.copy_(torch.from_numpy(temperatures))
        logits = logits / (inner.shares @ temperatures)[:, np.newaxis]
    return FittedHead(
        head=head,
        confidence=fit_confidence(logits, clips.truth, inner.distances),
        inner_uar=compute_uar_by_corpus(logits, clips),
    )


def fit_confidence(logits: np.ndarray, truth: np.ndarray, distances: np.ndarray) -> Confidence:
    """Fit all that says how much to believe a model.

    Args:
        logits: shape (n_clips, n_labels), of speakers not trained on.
        truth: shape (n_clips,), labels as integers.
        distances: of recordings of those speakers, see `compute_distance`.
    """
    temperature = fit_temperature(logits, truth)
    is_correct = logits.argmax(axis=1) == truth
    return Confidence(
        temperature=temperature,
        margin_threshold=choose_margin_threshold(
            compute_margin(logits), is_correct, target_accuracy=TARGET_ACCURACY, min_coverage=MIN_COVERAGE
        ),
        conformal_quantile=fit_conformal_quantile(
            apply_temperature(logits, temperature), truth, miscoverage=1 - CONFORMAL_LEVEL
        ),
        largest_distance=fit_largest_distance(distances),
    )


@dataclass(frozen=True, eq=False)
class _InnerPredictions:
    """What heads said of clips whose speakers they were not fitted on.

    Attributes:
        logits: shape (n_clips, n_labels).
        shares: shape (n_clips, n_specialists + 1), see `Head.compute_shares`.
        distances: shape (n_clips, n_views).
    """

    logits: np.ndarray
    shares: np.ndarray
    distances: np.ndarray


def _predict_inner(
    clips: TrainingClips, fold_of_clip: np.ndarray, config: TrainingConfig, specialists: Sequence[str], seed: int
) -> _InnerPredictions:
    predicted = _InnerPredictions(
        logits=np.empty((len(clips.truth), len(LABELS))),
        shares=np.zeros((len(clips.truth), len(specialists) + 1)),
        distances=np.empty(clips.statistics.shape[:2]),
    )
    for fold in range(N_INNER_FOLDS):
        rows = np.flatnonzero(fold_of_clip == fold)
        head = fit_head(clips.select(fold_of_clip != fold), config, seed=seed)
        clean = clips.statistics[rows, 0]
        predicted.logits[rows] = head.compute_logits(clean)
        # A fold may have all of a corpus, and a head without it no specialist for it.
        columns = np.array([*(specialists.index(corpus) for corpus in head.specialists), len(specialists)])
        predicted.shares[rows[:, np.newaxis], columns] = head.compute_shares(clean)
        predicted.distances[rows] = compute_distance((clips.statistics[rows] - head.mean) / head.std)
    return predicted


def compute_uar_by_corpus(logits: np.ndarray, clips: TrainingClips) -> dict[str, float]:
    """Compute the UAR of each corpus from logits (n_clips, n_labels)."""
    predicted = logits.argmax(axis=1)
    return {
        str(corpus): float(uar(clips.truth[clips.corpora == corpus], predicted[clips.corpora == corpus]))
        for corpus in np.unique(clips.corpora)
    }
