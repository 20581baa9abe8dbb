"""Weighted ridge regression, for the baselines and for music models that are plugged in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy.linalg

from catalog.analysis.affect import standardize
from catalog.training.training_set import TrainingSet, choose, measure_scale

PENALTIES: Final = (30.0, 100.0, 300.0, 1000.0, 3000.0)


@dataclass(frozen=True, slots=True)
class RidgeFit:
    """A fitted regression and the units of its input.

    Attributes:
        center: shape (d,).
        scale: shape (d,).
        slopes: shape (d, t).
        intercept: shape (t,).
    """

    center: np.ndarray
    scale: np.ndarray
    slopes: np.ndarray
    intercept: np.ndarray

    def __call__(self, vectors: np.ndarray) -> np.ndarray:
        """Predict targets, shape (m, t), from raw vectors, shape (m, d)."""
        predicted: np.ndarray = standardize(vectors, self.center, self.scale) @ self.slopes + self.intercept
        return predicted


def fit_ridge(training: TrainingSet, penalty: float) -> RidgeFit:
    """Fit on standardized columns."""
    center, scale = measure_scale(training.vectors)
    standardized = standardize(training.vectors, center, scale)
    intercept = np.average(training.targets, axis=0, weights=training.weights)
    weighted = standardized * training.weights[:, None]
    gram = standardized.T @ weighted + penalty * np.eye(standardized.shape[1])
    slopes = scipy.linalg.solve(gram, weighted.T @ (training.targets - intercept), assume_a="pos")
    return RidgeFit(center, scale, slopes, intercept)


def choose_ridge(training: TrainingSet) -> float:
    """Choose the penalty inside the training set."""
    return choose(training, PENALTIES, fit_ridge)
