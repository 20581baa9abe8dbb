"""Fitting the kernel regression that ships: hints first, then targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from catalog.analysis.affect import standardize
from catalog.analysis.kernel_regression import (
    KernelRegression,
    KernelShape,
    compute_family_kernel,
    compute_kernel,
    mix_kernels,
    split_families,
)
from catalog.training.emotify import split_by_artist
from catalog.training.training_set import N_INNER_FOLDS, TrainingSet, choose, measure_scale

if TYPE_CHECKING:
    from collections.abc import Callable

N_IMPRESSIONS: Final = 40
_HINT_PENALTY: Final = 0.3


@dataclass(frozen=True, slots=True)
class KernelChoice:
    """What is chosen by inner cross-validation.

    Attributes:
        shape: the kernel's shape.
        penalty: added to the kernel's diagonal, divided by each track's weight.
    """

    shape: KernelShape
    penalty: float


# Only the penalty is chosen: shapes near this one differ by less than 300 tracks can tell, and letting inner folds pick
# among 24 of them lost .01 of mean correlation out of fold.
KERNEL_CHOICES: Final = tuple(KernelChoice(KernelShape(1.0, 0.3), penalty) for penalty in (0.3, 0.5, 0.8))


@dataclass(frozen=True, slots=True)
class KernelFit:
    """A fitted regression and the units of its input."""

    choice: KernelChoice
    center: np.ndarray
    scale: np.ndarray
    regression: KernelRegression

    def standardize(self, vectors: np.ndarray) -> np.ndarray:
        """Put raw vectors, shape (m, d), in the regression's units."""
        return standardize(vectors, self.center, self.scale)

    def predict(self, vectors: np.ndarray) -> np.ndarray:
        """Predict targets, shape (m, t), from raw vectors, shape (m, d)."""
        return self.regression.predict(self.standardize(vectors))


def fit_kernel(training: TrainingSet, names: tuple[str, ...], choice: KernelChoice) -> KernelFit:
    """Fit hints from descriptors, then targets from descriptors and what the hints would be.

    The impressions the second step learns from come from regressions that had not seen the track's artist, so that it
    trusts them no more than they deserve on new music.

    Args:
        training: the tracks; their hints are compressed to 40 principal components.
        names: of the columns; their families share the kernel evenly.
        choice: kernel and penalty.

    Source: learning with privileged information, Vapnik and Vashist (2009); stacking, Wolpert (1992).
    """
    center, scale = measure_scale(training.vectors)
    anchors = standardize(training.vectors, center, scale)
    families = split_families(names)
    by_descriptors = compute_family_kernel(anchors, anchors, families, choice.shape)
    hints = _compress(training.hints)
    unseen = _cross_fit(by_descriptors, hints, training)
    unit = max(float(unseen.std()), 1e-9)
    kernel = mix_kernels(by_descriptors, compute_kernel(unseen / unit, unseen / unit, choice.shape))
    covariance = np.linalg.inv(kernel + np.diag(choice.penalty / training.weights))
    intercept = np.average(training.targets, axis=0, weights=training.weights)
    hint_coefficients, hint_intercept = _solve(by_descriptors, hints, training.weights, _HINT_PENALTY)
    regression = KernelRegression(
        shape=choice.shape,
        families=families,
        anchors=anchors,
        impression_coefficients=hint_coefficients / unit,
        impression_intercept=hint_intercept / unit,
        impression_anchors=unseen / unit,
        coefficients=covariance @ (training.targets - intercept),
        intercept=intercept,
        covariance=covariance,
    )
    return KernelFit(choice, center, scale, regression)


def choose_kernel(training: TrainingSet, names: tuple[str, ...]) -> KernelChoice:
    """Choose kernel and penalty inside the training set."""

    def fit(part: TrainingSet, choice: KernelChoice) -> Callable[[np.ndarray], np.ndarray]:
        return fit_kernel(part, names, choice).predict

    return choose(training, KERNEL_CHOICES, fit)


def _compress(hints: np.ndarray) -> np.ndarray:
    """Principal components of the standardized hints, shape (n, at most 40)."""
    center, scale = measure_scale(hints)
    left, singular, _ = np.linalg.svd(standardize(hints, center, scale), full_matrices=False)
    components: np.ndarray = left[:, :N_IMPRESSIONS] * singular[:N_IMPRESSIONS]
    return components


def _cross_fit(kernel: np.ndarray, hints: np.ndarray, training: TrainingSet) -> np.ndarray:
    """Predict each track's hints from the tracks of other artists, shape (n, h)."""
    fold_of = split_by_artist(training.artists, N_INNER_FOLDS)
    predicted = np.zeros_like(hints)
    for fold in range(N_INNER_FOLDS):
        seen, unseen = fold_of != fold, fold_of == fold
        coefficients, intercept = _solve(kernel[np.ix_(seen, seen)], hints[seen], training.weights[seen], _HINT_PENALTY)
        predicted[unseen] = kernel[np.ix_(unseen, seen)] @ coefficients + intercept
    return predicted


def _solve(
    kernel: np.ndarray, targets: np.ndarray, weights: np.ndarray, penalty: float
) -> tuple[np.ndarray, np.ndarray]:
    intercept = np.average(targets, axis=0, weights=weights)
    coefficients = np.linalg.solve(kernel + np.diag(penalty / weights), targets - intercept)
    return coefficients, intercept
