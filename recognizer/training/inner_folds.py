"""Fit a head, and choose temperature and margin on speakers that it was not fitted on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

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
)
from recognizer.corpora.splits import group_folds
from recognizer.labels import LABELS
from recognizer.metrics import uar
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
    """Fit confidence on inner speaker folds, then the head on everything given."""
    fold_of_clip = group_folds(clips.speakers.tolist(), N_INNER_FOLDS, np.random.default_rng(seed))
    logits, distances = _predict_inner(clips, fold_of_clip, config, seed)
    return FittedHead(
        head=fit_head(clips, config, seed=seed),
        confidence=fit_confidence(logits, clips.truth, distances),
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


def _predict_inner(
    clips: TrainingClips, fold_of_clip: np.ndarray, config: TrainingConfig, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Give each clip's logits (n_clips, n_labels) and all its views' distances (n_clips, n_views)."""
    logits = np.empty((len(clips.truth), len(LABELS)))
    distances = np.empty(clips.statistics.shape[:2])
    for fold in range(N_INNER_FOLDS):
        is_held_out = fold_of_clip == fold
        head = fit_head(clips.select(~is_held_out), config, seed=seed)
        logits[is_held_out] = head.compute_logits(clips.statistics[is_held_out, 0])
        distances[is_held_out] = compute_distance((clips.statistics[is_held_out] - head.mean) / head.std)
    return logits, distances


def compute_uar_by_corpus(logits: np.ndarray, clips: TrainingClips) -> dict[str, float]:
    """Compute the UAR of each corpus from logits (n_clips, n_labels)."""
    predicted = logits.argmax(axis=1)
    return {
        str(corpus): float(uar(clips.truth[clips.corpora == corpus], predicted[clips.corpora == corpus]))
        for corpus in np.unique(clips.corpora)
    }
