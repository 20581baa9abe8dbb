"""A track's place in the space that is searched: affect first, timbre after it, folded onto the unit sphere."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from catalog.analysis.affect import AFFECT_LABELS, AffectEstimate

EMBEDDING_MODEL: Final = "affect-timbre-1"
AFFECT_AXES: Final = (*AFFECT_LABELS, "valence", "arousal")
N_TIMBRE_AXES: Final = 26
N_DIMENSIONS: Final = len(AFFECT_AXES) + N_TIMBRE_AXES + 1
# The longest raw vector told apart; six affect axes at 3 deviations each and the usual timbre reach about 7.5.
MAX_RAW_NORM: Final = 8.0
PRETRAINED_PATH: Final = Path(__file__).parent / "pretrained" / "embedding.npz"

_CLIP_DEVIATIONS: Final = 3.0


@dataclass(frozen=True, slots=True)
class EmbeddingSpace:
    """Constants of the training set that put affect and timbre on one scale.

    Attributes:
        affect_center: mean of the predicted affect axes, shape (6,).
        affect_scale: their standard deviation, shape (6,).
        timbre_center: mean of the standardized descriptors, shape (d,).
        timbre_axes: principal axes, so scaled that all 26 weigh as much as two affect axes, shape (26, d).
    """

    affect_center: np.ndarray
    affect_scale: np.ndarray
    timbre_center: np.ndarray
    timbre_axes: np.ndarray

    def embed(self, affect: AffectEstimate, standardized: np.ndarray) -> np.ndarray:
        """Place a track: its raw vector, at most `MAX_RAW_NORM` long, plus what makes it a unit vector.

        For a query [q, 0] the inner product is q . raw / 8, so nearest by inner product is best by raw score.

        Args:
            affect: the track's affect.
            standardized: its standardized descriptors, shape (d,).

        Returns:
            float32, shape (33,), of unit length.

        Source: Bachrach et al. (2014), Speeding up the Xbox recommender system using a Euclidean transformation.
        """
        return fold(self.compute_raw(affect, standardized))

    def compute_raw(self, affect: AffectEstimate, standardized: np.ndarray) -> np.ndarray:
        """Join the six standardized affect axes and the 26 timbre axes, shape (32,)."""
        values = np.array([*(affect.shares[label] for label in AFFECT_LABELS), affect.valence, affect.arousal])
        axes = np.clip((values - self.affect_center) / self.affect_scale, -_CLIP_DEVIATIONS, _CLIP_DEVIATIONS)
        return np.concatenate([axes, self.timbre_axes @ (standardized - self.timbre_center)])


def fold(raw: np.ndarray) -> np.ndarray:
    """Fold a raw vector, shape (d - 1,), onto the unit sphere, float32, shape (d,)."""
    scaled = raw / MAX_RAW_NORM
    norm = float(np.linalg.norm(scaled))
    scaled = scaled / max(norm, 1.0)
    rest = np.sqrt(max(1.0 - float(scaled @ scaled), 0.0))
    return np.append(scaled, rest).astype(np.float32)


def fit_embedding_space(affect: np.ndarray, standardized: np.ndarray) -> EmbeddingSpace:
    """Fit the space.

    Args:
        affect: predicted affect axes of the training tracks, shape (n, 6).
        standardized: their standardized descriptors, shape (n, d).
    """
    center = standardized.mean(axis=0)
    _, singular, axes = np.linalg.svd(standardized - center, full_matrices=False)
    variance = np.square(singular[:N_TIMBRE_AXES]).sum() / standardized.shape[0]
    return EmbeddingSpace(
        affect_center=affect.mean(axis=0),
        affect_scale=affect.std(axis=0),
        timbre_center=center,
        timbre_axes=axes[:N_TIMBRE_AXES] * np.sqrt(2.0 / variance),
    )


def save_embedding_space(space: EmbeddingSpace, path: Path) -> None:
    """Write the space as plain arrays."""
    np.savez_compressed(
        path,
        affect_center=space.affect_center,
        affect_scale=space.affect_scale,
        timbre_center=space.timbre_center,
        timbre_axes=space.timbre_axes.astype(np.float32),
    )


@lru_cache(maxsize=4)
def load_embedding_space(path: Path = PRETRAINED_PATH) -> EmbeddingSpace:
    """Read the space from plain arrays."""
    with np.load(path, allow_pickle=False) as arrays:
        return EmbeddingSpace(
            affect_center=arrays["affect_center"],
            affect_scale=arrays["affect_scale"],
            timbre_center=arrays["timbre_center"],
            timbre_axes=arrays["timbre_axes"].astype(np.float64),
        )
