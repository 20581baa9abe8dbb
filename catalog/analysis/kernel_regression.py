"""Kernel regression in two steps: what taggers and listeners might say of a track, then what it makes one feel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

# Descriptors and impressions have equal say.
_IMPRESSION_SHARE: Final = 0.5


@dataclass(frozen=True, slots=True)
class KernelShape:
    """The kernel: a Gaussian and a linear part.

    Attributes:
        gamma: how fast the Gaussian part falls with the mean squared difference of standardized columns.
        linear_share: weight of the linear part, within [0, 1].
    """

    gamma: float
    linear_share: float


@dataclass(frozen=True, slots=True)
class KernelRegression:
    """A fitted regression on n training tracks.

    Attributes:
        shape: the kernel's shape.
        families: columns of each descriptor family, index arrays.
        anchors: standardized descriptors of the training tracks, shape (n, d).
        impression_coefficients: weight of each anchor for each impression, shape (n, h).
        impression_intercept: shape (h,).
        impression_anchors: impressions of the training tracks by regressions that had not seen them, shape (n, h).
        coefficients: weight of each anchor for each target, shape (n, t).
        intercept: shape (t,).
        covariance: inverse of the regularized kernel matrix, shape (n, n), for the doubt.
    """

    shape: KernelShape
    families: list[np.ndarray]
    anchors: np.ndarray
    impression_coefficients: np.ndarray
    impression_intercept: np.ndarray
    impression_anchors: np.ndarray
    coefficients: np.ndarray
    intercept: np.ndarray
    covariance: np.ndarray

    def predict(self, standardized: np.ndarray) -> np.ndarray:
        """Predict targets, shape (m, t), from standardized descriptors, shape (m, d)."""
        predicted: np.ndarray = self._compare(standardized) @ self.coefficients + self.intercept
        return predicted

    def measure_doubt(self, standardized: np.ndarray) -> np.ndarray:
        """How unlike all training tracks each track is, shape (m,): near 0 on top of one, 1 far from all."""
        similarities = self._compare(standardized)
        explained = np.einsum("ij,jk,ik->i", similarities, self.covariance, similarities)
        itself = np.array([self._compare_with_itself(row) for row in standardized])
        doubt: np.ndarray = np.sqrt(np.maximum(itself - explained, 0.0) / np.maximum(itself, 1e-9))
        return doubt

    def _compare(self, standardized: np.ndarray) -> np.ndarray:
        by_descriptors = compute_family_kernel(standardized, self.anchors, self.families, self.shape)
        impressions = self._impress(by_descriptors)
        return mix_kernels(by_descriptors, compute_kernel(impressions, self.impression_anchors, self.shape))

    def _compare_with_itself(self, standardized: np.ndarray) -> float:
        row = standardized[None, :]
        impressions = self._impress(compute_family_kernel(row, self.anchors, self.families, self.shape))
        by_descriptors = compute_family_kernel(row, row, self.families, self.shape)
        return float(mix_kernels(by_descriptors, compute_kernel(impressions, impressions, self.shape))[0, 0])

    def _impress(self, by_descriptors: np.ndarray) -> np.ndarray:
        impressions: np.ndarray = by_descriptors @ self.impression_coefficients + self.impression_intercept
        return impressions


def mix_kernels(by_descriptors: np.ndarray, by_impressions: np.ndarray) -> np.ndarray:
    """Mix the similarity of descriptors and that of impressions, both (n, m)."""
    return (1.0 - _IMPRESSION_SHARE) * by_descriptors + _IMPRESSION_SHARE * by_impressions


def split_families(descriptor_names: tuple[str, ...]) -> list[np.ndarray]:
    """Columns of each descriptor family, by the part of the name before the first dot."""
    families = np.array([name.partition(".")[0] for name in descriptor_names])
    return [np.flatnonzero(families == family) for family in dict.fromkeys(families.tolist())]


def compute_family_kernel(
    left: np.ndarray, right: np.ndarray, families: list[np.ndarray], shape: KernelShape
) -> np.ndarray:
    """Compare standardized descriptors, (n, d) and (m, d), family by family: a large one has no louder voice.

    Returns:
        Similarities, shape (n, m).
    """
    kernels = [compute_kernel(left[:, columns], right[:, columns], shape) for columns in families]
    kernel: np.ndarray = np.mean(kernels, axis=0)
    return kernel


def compute_kernel(left: np.ndarray, right: np.ndarray, shape: KernelShape) -> np.ndarray:
    """Compare rows, (n, c) and (m, c), by exp(-gamma |x - y|^2 / c) and x . y / c, mixed; shape (n, m)."""
    products = left @ right.T / left.shape[1]
    squares_left, squares_right = np.square(left).mean(axis=1), np.square(right).mean(axis=1)
    distance = np.maximum(squares_left[:, None] + squares_right[None, :] - 2.0 * products, 0.0)
    kernel: np.ndarray = (1.0 - shape.linear_share) * np.exp(-shape.gamma * distance) + shape.linear_share * products
    return kernel
