"""The affect model that ships, stored as plain arrays: from descriptors to what listeners feel."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from catalog.analysis.kernel_regression import KernelRegression, KernelShape, split_families

if TYPE_CHECKING:
    from collections.abc import Mapping

AFFECT_LABELS: Final = ("happy", "sad", "angry", "neutral")
TARGETS: Final = (*AFFECT_LABELS, "valence", "arousal")
AFFECT_MODEL: Final = "emotify-kernel-1"
PRETRAINED_PATH: Final = Path(__file__).parent / "pretrained" / "affect.npz"

# Music unlike the training set is read as its nearest likeness, not extrapolated.
_CLIP_DEVIATIONS: Final = 3.0
_REGRESSION_ARRAYS: Final = tuple(
    field.name for field in fields(KernelRegression) if field.name not in {"shape", "families"}
)


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
class AffectModel:
    """A regression with the units of its input and the errors of its output.

    Attributes:
        descriptor_names: what the columns mean, d of them.
        center: mean of each descriptor in training, shape (d,).
        scale: its standard deviation, shape (d,).
        regression: from standardized descriptors to `TARGETS`, the shares as angles.
        error_std: out-of-fold error of each target, in its own units, shape (6,).
        mean_doubt: mean doubt met out of fold: `error_std` holds at this doubt.
    """

    descriptor_names: tuple[str, ...]
    center: np.ndarray
    scale: np.ndarray
    regression: KernelRegression
    error_std: np.ndarray
    mean_doubt: float

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

    def estimate(self, standardized: np.ndarray) -> AffectEstimate:
        """Predict shares, valence and arousal with their expected errors.

        Args:
            standardized: one track's standardized descriptors, shape (d,).
        """
        values = to_units(self.regression.predict(standardized[None, :]))[0].tolist()
        doubt = float(self.regression.measure_doubt(standardized[None, :])[0])
        stds = (self.error_std * (doubt / self.mean_doubt)).tolist()
        value_by_target = dict(zip(TARGETS, values, strict=True))
        return AffectEstimate(
            valence=value_by_target["valence"],
            arousal=value_by_target["arousal"],
            shares={label: value_by_target[label] for label in AFFECT_LABELS},
            stds=dict(zip(TARGETS, stds, strict=True)),
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


def to_units(targets: np.ndarray) -> np.ndarray:
    """Turn fitted targets, shape (n, 6), into shares within [0, 1], then valence and arousal within [-1, 1]."""
    n_shares = len(AFFECT_LABELS)
    return np.concatenate([share_from_angle(targets[:, :n_shares]), np.clip(targets[:, n_shares:], -1.0, 1.0)], axis=1)


def save_affect_model(model: AffectModel, path: Path) -> None:
    """Write a model as plain arrays."""
    arrays = {name: getattr(model.regression, name).astype(np.float32) for name in _REGRESSION_ARRAYS}
    np.savez_compressed(
        path,
        allow_pickle=False,
        descriptor_names=np.array(model.descriptor_names),
        center=model.center,
        scale=model.scale,
        error_std=model.error_std,
        mean_doubt=np.array(model.mean_doubt),
        shape=np.array([model.regression.shape.gamma, model.regression.shape.linear_share]),
        **arrays,
    )


@lru_cache(maxsize=4)
def load_affect_model(path: Path = PRETRAINED_PATH) -> AffectModel:
    """Read a model; the file holds arrays alone, so nothing in it can run.

    Raises:
        ValueError: the file is no affect model.
    """
    with np.load(path, allow_pickle=False) as arrays:
        missing = {"descriptor_names", "center", "scale", "shape", *_REGRESSION_ARRAYS} - set(arrays.files)
        if missing:
            raise ValueError(f"expected an affect model in {str(path)!r}, arrays {sorted(missing)} are missing")
        names = tuple(arrays["descriptor_names"].tolist())
        gamma, linear_share = arrays["shape"].tolist()
        regression = KernelRegression(
            shape=KernelShape(gamma, linear_share),
            families=split_families(names),
            **{name: arrays[name].astype(np.float64) for name in _REGRESSION_ARRAYS},
        )
        return AffectModel(
            descriptor_names=names,
            center=arrays["center"],
            scale=arrays["scale"],
            regression=regression,
            error_std=arrays["error_std"],
            mean_doubt=float(arrays["mean_doubt"]),
        )
