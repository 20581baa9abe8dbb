"""Fitting: weighted kernel and ridge regression, with every choice made inside the training tracks."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
import scipy.linalg
import scipy.stats

from catalog.analysis.affect import KernelShape, compute_kernel, split_families, standardize
from catalog.training.emotify import split_by_artist

if TYPE_CHECKING:
    from collections.abc import Callable

Choice = TypeVar("Choice")

N_INNER_FOLDS: Final = 5
_CONSTANT_DEVIATION: Final = 1e-9
# Feelings decide; valence and arousal are sums of them.
N_JUDGED_TARGETS: Final = 4
RIDGE_PENALTIES: Final = (30.0, 100.0, 300.0, 1000.0, 3000.0)


@dataclass(frozen=True, slots=True)
class KernelChoice:
    """What is chosen by inner cross-validation.

    Attributes:
        shape: the kernel's shape.
        penalty: added to the kernel's diagonal, divided by each track's weight.
    """

    shape: KernelShape
    penalty: float


KERNEL_CHOICES: Final = tuple(
    KernelChoice(KernelShape(gamma, linear_share), penalty)
    for gamma, linear_share, penalty in itertools.product((0.5, 1.0, 2.0), (0.2, 0.4), (0.3, 0.5, 0.8, 1.5))
)


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """Tracks to learn from.

    Attributes:
        vectors: shape (n, d), raw.
        targets: shape (n, t).
        weights: shape (n,), mean near 1.
        artists: one a track; inner folds are grouped by them.
    """

    vectors: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    artists: list[str]

    def take(self, rows: np.ndarray) -> TrainingSet:
        """Keep some tracks."""
        kept = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        return TrainingSet(self.vectors[kept], self.targets[kept], self.weights[kept], [self.artists[i] for i in kept])


@dataclass(frozen=True, slots=True)
class KernelFit:
    """A fitted kernel regression; the arrays are those of `AffectModel`."""

    choice: KernelChoice
    center: np.ndarray
    scale: np.ndarray
    anchors: np.ndarray
    coefficients: np.ndarray
    intercept: np.ndarray
    covariance: np.ndarray
    families: list[np.ndarray]

    def predict(self, vectors: np.ndarray) -> np.ndarray:
        """Predict targets, shape (n, t), from raw vectors, shape (n, d)."""
        standardized = standardize(vectors, self.center, self.scale)
        kernel = compute_kernel(standardized, self.anchors, self.families, self.choice.shape)
        predicted: np.ndarray = kernel @ self.coefficients + self.intercept
        return predicted

    def measure_doubt(self, vectors: np.ndarray) -> np.ndarray:
        """Kernel doubt of each track, shape (n,), as in `AffectModel.predict`."""
        standardized = standardize(vectors, self.center, self.scale)
        doubts = []
        for row in standardized[:, None, :]:
            across = compute_kernel(row, self.anchors, self.families, self.choice.shape)[0]
            itself = compute_kernel(row, row, self.families, self.choice.shape)[0, 0]
            doubts.append(np.sqrt(max(itself - across @ self.covariance @ across, 0.0) / itself))
        return np.array(doubts)


def fit_kernel(training: TrainingSet, names: tuple[str, ...], choice: KernelChoice) -> KernelFit:
    """Fit weighted kernel ridge regression.

    Args:
        training: the tracks.
        names: of the columns; their families share the kernel evenly.
        choice: kernel and penalty.
    """
    center, scale = measure_scale(training.vectors)
    anchors = standardize(training.vectors, center, scale)
    families = split_families(names)
    kernel = compute_kernel(anchors, anchors, families, choice.shape)
    intercept = np.average(training.targets, axis=0, weights=training.weights)
    covariance = np.linalg.inv(kernel + np.diag(choice.penalty / training.weights))
    coefficients = covariance @ (training.targets - intercept)
    return KernelFit(choice, center, scale, anchors, coefficients, intercept, covariance, families)


def choose_kernel(training: TrainingSet, names: tuple[str, ...]) -> KernelChoice:
    """Choose kernel and penalty by the mean Spearman over the feelings, in folds grouped by artist."""
    scores = score_choices(training, KERNEL_CHOICES, lambda part, choice: fit_kernel(part, names, choice).predict)
    return KERNEL_CHOICES[int(np.argmax(scores))]


def fit_ridge(training: TrainingSet, penalty: float) -> Callable[[np.ndarray], np.ndarray]:
    """Fit weighted ridge regression on standardized columns; returns the prediction as a function of raw vectors."""
    center, scale = measure_scale(training.vectors)
    standardized = standardize(training.vectors, center, scale)
    intercept = np.average(training.targets, axis=0, weights=training.weights)
    weighted = standardized * training.weights[:, None]
    gram = standardized.T @ weighted + penalty * np.eye(standardized.shape[1])
    slopes = scipy.linalg.solve(gram, weighted.T @ (training.targets - intercept), assume_a="pos")

    def predict(vectors: np.ndarray) -> np.ndarray:
        predicted: np.ndarray = standardize(vectors, center, scale) @ slopes + intercept
        return predicted

    return predict


def choose_ridge(training: TrainingSet) -> float:
    """Choose the penalty as `choose_kernel` does."""
    return RIDGE_PENALTIES[int(np.argmax(score_choices(training, RIDGE_PENALTIES, fit_ridge)))]


def score_choices(
    training: TrainingSet,
    choices: tuple[Choice, ...],
    fit: Callable[[TrainingSet, Choice], Callable[[np.ndarray], np.ndarray]],
) -> np.ndarray:
    """Mean Spearman over the feelings of each choice's out-of-fold predictions, shape (n_choices,)."""
    fold_of = split_by_artist(training.artists, N_INNER_FOLDS)
    scores = []
    for choice in choices:
        predicted = np.zeros_like(training.targets)
        for fold in range(N_INNER_FOLDS):
            predicted[fold_of == fold] = fit(training.take(fold_of != fold), choice)(training.vectors[fold_of == fold])
        scores.append(np.mean([spearman(predicted[:, i], training.targets[:, i]) for i in range(N_JUDGED_TARGETS)]))
    return np.array(scores)


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
