"""Tracks to learn from, and how fits and choices on them are judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
import scipy.stats

from catalog.training.emotify import split_by_artist

if TYPE_CHECKING:
    from collections.abc import Callable

Choice = TypeVar("Choice")

N_INNER_FOLDS: Final = 5
# Feelings decide; valence and arousal are sums of them.
N_JUDGED_TARGETS: Final = 4
_CONSTANT_DEVIATION: Final = 1e-9


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """Tracks to learn from.

    Attributes:
        vectors: shape (n, d), raw.
        targets: shape (n, t).
        hints: what is known of training tracks alone and may guide the fit, shape (n, h); h may be 0.
        weights: shape (n,), mean near 1.
        artists: one a track; inner folds are grouped by them.
    """

    vectors: np.ndarray
    targets: np.ndarray
    hints: np.ndarray
    weights: np.ndarray
    artists: list[str]

    def take(self, is_kept: np.ndarray) -> TrainingSet:
        """Keep the tracks where `is_kept`, shape (n,), is true."""
        artists = [artist for artist, kept in zip(self.artists, is_kept, strict=True) if kept]
        return TrainingSet(
            self.vectors[is_kept], self.targets[is_kept], self.hints[is_kept], self.weights[is_kept], artists
        )


def choose(
    training: TrainingSet,
    choices: tuple[Choice, ...],
    fit: Callable[[TrainingSet, Choice], Callable[[np.ndarray], np.ndarray]],
) -> Choice:
    """Choose by the mean Spearman over the feelings, in folds grouped by artist inside the training set.

    Args:
        training: the only tracks looked at.
        choices: what to choose from.
        fit: from tracks and a choice to a prediction as a function of raw vectors.
    """
    fold_of = split_by_artist(training.artists, N_INNER_FOLDS)
    scores = []
    for choice in choices:
        predicted = np.zeros_like(training.targets)
        for fold in range(N_INNER_FOLDS):
            predicted[fold_of == fold] = fit(training.take(fold_of != fold), choice)(training.vectors[fold_of == fold])
        scores.append(np.mean([spearman(predicted[:, i], training.targets[:, i]) for i in range(N_JUDGED_TARGETS)]))
    return choices[int(np.argmax(scores))]


def measure_scale(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each column; a constant column gets deviation 1."""
    center, scale = vectors.mean(axis=0), vectors.std(axis=0)
    return center, np.where(scale > _CONSTANT_DEVIATION, scale, 1.0)


def spearman(predicted: np.ndarray, rated: np.ndarray) -> float:
    """Rank correlation; nan if either side is constant."""
    if np.ptp(predicted) == 0.0 or np.ptp(rated) == 0.0:
        return float("nan")
    ranks = scipy.stats.rankdata([predicted, rated], axis=1)
    return float(np.corrcoef(ranks)[0, 1])
