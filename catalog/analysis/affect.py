"""The affect model that ships: a kernel regression from descriptors to feelings, stored as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

AFFECT_LABELS: Final = ("happy", "sad", "angry", "neutral")
TARGETS: Final = (*AFFECT_LABELS, "valence", "arousal")
AFFECT_MODEL: Final = "emotify-kernel-1"
PRETRAINED_PATH: Final = Path(__file__).parent / "pretrained" / "affect.npz"

# Music unlike the training set is read as its nearest likeness, not extrapolated.
_CLIP_DEVIATIONS: Final = 3.0


@dataclass(frozen=True, slots=True)
class AffectEstimate:
    """How a track sounds.

    Attributes:
        valence: within [-1, 1].
        arousal: within [-1, 1].
        shares: share of listeners expected to hear it as happy, sad, angry and neutral (calm), each within
            [0, 1]; they need not sum to 1.
        stds: standard deviation of the error to expect, by the names of the shares, "valence" and "arousal".
    """

    valence: float
    arousal: float
    shares: dict[str, float]
    stds: dict[str, float]


@dataclass(frozen=True, slots=True)
class KernelShape:
    """The kernel: a mean over descriptor families of a Gaussian and a linear part.

    Attributes:
        gamma: how fast the Gaussian part falls with the mean squared difference of standardized descriptors.
        linear_share: weight of the linear part, within [0, 1].
    """

    gamma: float
    linear_share: float


@dataclass(frozen=True, slots=True)
class AffectModel:
    """Kernel regression on standardized descriptors.

    Attributes:
        descriptor_names: what the columns mean, shape (d,).
        center: mean of each descriptor in training, shape (d,).
        scale: its standard deviation, shape (d,).
        anchors: standardized descriptors of the training tracks, shape (n, d).
        coefficients: weight of each anchor for each target, shape (n, 6).
        intercept: shape (6,).
        covariance: inverse of the regularized kernel matrix, shape (n, n), for the uncertainty.
        error_std: out-of-fold error of each target, in its own units, shape (6,).
        mean_doubt: mean kernel doubt met out of fold: `error_std` holds at this doubt.
        kernel: the kernel's shape.
    """

    descriptor_names: tuple[str, ...]
    center: np.ndarray
    scale: np.ndarray
    anchors: np.ndarray
    coefficients: np.ndarray
    intercept: np.ndarray
    covariance: np.ndarray
    error_std: np.ndarray
    mean_doubt: float
    kernel: KernelShape

    def standardize(self, descriptors: Mapping[str, float]) -> np.ndarray:
        """Put descriptors in training order and units, clipped to +-3 deviations, shape (d,).

        Raises:
            ValueError: a descriptor the model was trained on is missing.
        """
        missing = [name for name in self.descriptor_names if name not in descriptors]
        if missing:
            raise ValueError(
                f"expected {len(self.descriptor_names)} descriptors, {len(missing)} missing, first {missing[0]!r}"
            )
        values = np.array([descriptors[name] for name in self.descriptor_names])
        return standardize(values, self.center, self.scale)

    def predict(self, standardized: np.ndarray) -> tuple[np.ndarray, float]:
        """Predict the six targets as fitted: shares as arcsine of their root, then valence and arousal.

        Args:
            standardized: shape (d,).

        Returns:
            Predictions, shape (6,), and the kernel doubt: 1 far from all training tracks, near 0 on top of one.
        """
        families = split_families(self.descriptor_names)
        row = compute_kernel(standardized[None, :], self.anchors, families, self.kernel)[0]
        itself = compute_kernel(standardized[None, :], standardized[None, :], families, self.kernel)[0, 0]
        doubt = float(np.sqrt(max(itself - row @ self.covariance @ row, 0.0) / max(itself, 1e-9)))
        return row @ self.coefficients + self.intercept, doubt

    def estimate(self, standardized: np.ndarray) -> AffectEstimate:
        """Predict shares, valence and arousal with their expected errors, from standardized descriptors."""
        predicted, doubt = self.predict(standardized)
        shares = share_from_angle(predicted[: len(AFFECT_LABELS)])
        valence, arousal = np.clip(predicted[len(AFFECT_LABELS) :], -1.0, 1.0)
        stds = self.error_std * (doubt / self.mean_doubt)
        return AffectEstimate(
            valence=float(valence),
            arousal=float(arousal),
            shares={label: float(share) for label, share in zip(AFFECT_LABELS, shares, strict=True)},
            stds={target: float(std) for target, std in zip(TARGETS, stds, strict=True)},
        )


def standardize(values: np.ndarray, center: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Standardize descriptors, shape (..., d), and clip them to +-3 deviations."""
    standardized: np.ndarray = np.clip((values - center) / scale, -_CLIP_DEVIATIONS, _CLIP_DEVIATIONS)
    return standardized


def angle_from_share(share: np.ndarray) -> np.ndarray:
    """Spread a share so that its sampling error is even over [0, 1]: arcsine of the square root."""
    angle: np.ndarray = np.arcsin(np.sqrt(np.clip(share, 0.0, 1.0)))
    return angle


def share_from_angle(angle: np.ndarray) -> np.ndarray:
    """Undo `angle_from_share`; angles outside its range become 0 or 1."""
    share: np.ndarray = np.square(np.sin(np.clip(angle, 0.0, np.pi / 2)))
    return share


def split_families(descriptor_names: tuple[str, ...]) -> list[np.ndarray]:
    """Columns of each descriptor family, by the part of the name before the first dot."""
    families = np.array([name.partition(".")[0] for name in descriptor_names])
    return [np.flatnonzero(families == family) for family in dict.fromkeys(families.tolist())]


def compute_kernel(left: np.ndarray, right: np.ndarray, families: list[np.ndarray], shape: KernelShape) -> np.ndarray:
    """Compare standardized descriptors, (n, d) and (m, d), family by family: a large one has no louder voice.

    Returns:
        Similarities, shape (n, m).
    """
    kernel = np.zeros((left.shape[0], right.shape[0]))
    for columns in families:
        a, b = left[:, columns], right[:, columns]
        products = a @ b.T / columns.size
        squares_a, squares_b = np.square(a).mean(axis=1), np.square(b).mean(axis=1)
        distance = np.maximum(squares_a[:, None] + squares_b[None, :] - 2.0 * products, 0.0)
        kernel += (1.0 - shape.linear_share) * np.exp(-shape.gamma * distance) + shape.linear_share * products
    return kernel / len(families)


def save_affect_model(model: AffectModel, path: Path) -> None:
    """Write a model as plain arrays."""
    np.savez_compressed(
        path,
        descriptor_names=np.array(model.descriptor_names),
        center=model.center,
        scale=model.scale,
        anchors=model.anchors.astype(np.float32),
        coefficients=model.coefficients,
        intercept=model.intercept,
        covariance=model.covariance.astype(np.float32),
        error_std=model.error_std,
        mean_doubt=model.mean_doubt,
        kernel=np.array([model.kernel.gamma, model.kernel.linear_share]),
    )


@lru_cache(maxsize=4)
def load_affect_model(path: Path = PRETRAINED_PATH) -> AffectModel:
    """Read a model; the file holds arrays alone, so nothing in it can run.

    Raises:
        ValueError: the file is no affect model.
    """
    with np.load(path, allow_pickle=False) as arrays:
        missing = {"descriptor_names", "anchors", "coefficients", "kernel"} - set(arrays.files)
        if missing:
            raise ValueError(f"expected an affect model in {str(path)!r}, arrays {sorted(missing)} are missing")
        gamma, linear_share = arrays["kernel"].tolist()
        return AffectModel(
            descriptor_names=tuple(arrays["descriptor_names"].tolist()),
            center=arrays["center"],
            scale=arrays["scale"],
            anchors=arrays["anchors"].astype(np.float64),
            coefficients=arrays["coefficients"],
            intercept=arrays["intercept"],
            covariance=arrays["covariance"].astype(np.float64),
            error_std=arrays["error_std"],
            mean_doubt=float(arrays["mean_doubt"]),
            kernel=KernelShape(gamma, linear_share),
        )
