"""The valence-arousal plane: regions of it, and how much a place in it sounds like each emotion label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

Point: TypeAlias = tuple[float, float]

MIN_CORNERS: Final = 3
MAX_CORNERS: Final = 2_000


@dataclass(frozen=True, slots=True)
class MoodRegion:
    """A polygon in the plane, such as a lasso draws; closed by itself, holes where it crosses itself.

    Attributes:
        corners: valence and arousal of each, in order.
    """

    corners: tuple[Point, ...]

    def __post_init__(self) -> None:
        if not MIN_CORNERS <= len(self.corners) <= MAX_CORNERS:
            raise ValueError(f"expected {MIN_CORNERS} to {MAX_CORNERS} corners of a region, got {len(self.corners)}")
        if not np.isfinite(np.asarray(self.corners, dtype=np.float64)).all():
            raise ValueError("expected corners of a region as numbers, got nan or infinity")

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Lowest and highest valence, lowest and highest arousal."""
        valences, arousals = zip(*self.corners, strict=True)
        return min(valences), max(valences), min(arousals), max(arousals)

    @property
    def is_box(self) -> bool:
        """Whether the region is its own bounds, so that those alone decide."""
        low_v, high_v, low_a, high_a = self.bounds
        return self.corners == box(low_v, high_v, low_a, high_a).corners

    def contains(self, valence: np.ndarray, arousal: np.ndarray) -> np.ndarray:
        """Tell which points lie inside.

        Args:
            valence: shape (n,).
            arousal: shape (n,).

        Returns:
            bool, shape (n,).

        Source: Franklin (1970), PNPOLY: a ray from the point crosses the outline an odd number of times.
        """
        corners = np.asarray(self.corners, dtype=np.float64)
        is_inside = np.zeros(len(valence), dtype=bool)
        for (v0, a0), (v1, a1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            if a0 == a1:
                continue
            spans = (a0 > arousal) != (a1 > arousal)
            is_inside ^= spans & (valence < v0 + (arousal - a0) * (v1 - v0) / (a1 - a0))
        return is_inside


def box(low_valence: float, high_valence: float, low_arousal: float, high_arousal: float) -> MoodRegion:
    """Return the region between these bounds."""
    low, high = (low_valence, low_arousal), (high_valence, high_arousal)
    return MoodRegion((low, (high_valence, low_arousal), high, (low_valence, high_arousal)))


def read_region(corners: Sequence[Sequence[float]]) -> MoodRegion:
    """Make a region of pairs of numbers, as a page sends them.

    Raises:
        ValueError: they are no polygon.
    """
    if any(len(corner) != 2 for corner in corners):  # noqa: PLR2004 - valence and arousal
        raise ValueError("expected corners of a region as pairs of valence and arousal")
    return MoodRegion(tuple((float(valence), float(arousal)) for valence, arousal in corners))


def shares_at(valence: float, arousal: float) -> dict[str, float]:
    """Split a place among the labels of the four quadrants, by how near it lies to each corner; they sum to 1.

    Happy is bright and loud, angry dark and loud, sad dark and quiet, neutral (calm) bright and quiet.

    Example:
        >>> shares_at(1.0, 1.0)
        {'happy': 1.0, 'sad': 0.0, 'angry': 0.0, 'neutral': 0.0}

    Source: Russell (1980), A circumplex model of affect; the bilinear split is ours.
    """
    for name, value in (("valence", valence), ("arousal", arousal)):
        if not -1.0 <= value <= 1.0:
            raise ValueError(f"{name}: expected a number within [-1, 1], got {value!r}")
    bright, loud = (1 + valence) / 2, (1 + arousal) / 2
    return {
        "happy": bright * loud,
        "sad": (1 - bright) * (1 - loud),
        "angry": (1 - bright) * loud,
        "neutral": bright * (1 - loud),
    }
