"""Weighted ridge regression, for the baselines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import scipy.linalg

from catalog.analysis.affect import standardize
from catalog.training.training_set import TrainingSet, choose, measure_scale

if TYPE_CHECKING:
    from collections.abc import Callable

PENALTIES: Final = (30.0, 100.0, 300.0, 1000.0, 3000.0)


def fit_ridge(training: TrainingSet, penalty: float) -> Callable[[np.ndarray], np.ndarray]:
    """Fit on standardized columns; returns the prediction as a function of raw vectors."""
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
    """Choose the penalty inside the training set."""
    return choose(training, PENALTIES, fit_ridge)
