"""Moods as points in the valence-arousal plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class AffectPoint:
    """A place in the plane; both axes within [-1, 1], 0 neutral."""

    valence: float
    arousal: float

    def __post_init__(self) -> None:
        for name, value in (("valence", self.valence), ("arousal", self.arousal)):
            if not -1.0 <= value <= 1.0:
                raise ValueError(f"{name} must lie within [-1, 1], got {value!r}")


# NRC-VAD 0..1 for happy, sad, angry and neutral (Mohammad 2018, ACL), rescaled to [-1, 1].
AFFECT_BY_LABEL: Final[dict[str, AffectPoint]] = {
    "happy": AffectPoint(1.0, 0.47),
    "sad": AffectPoint(-0.55, -0.334),
    "angry": AffectPoint(-0.756, 0.66),
    "neutral": AffectPoint(0.0, 0.0),
}

LABELS: Final = tuple(AFFECT_BY_LABEL)


def expected_affect(posterior: Mapping[str, float]) -> AffectPoint:
    """Average the labels' places by their probability.

    Args:
        posterior: probability by label, summing to 1.

    Returns:
        The expected valence and arousal.
    """
    valence = sum(p * AFFECT_BY_LABEL[label].valence for label, p in posterior.items())
    arousal = sum(p * AFFECT_BY_LABEL[label].arousal for label, p in posterior.items())
    # Rounding can leave the plane by one bit.
    return AffectPoint(max(-1.0, min(1.0, valence)), max(-1.0, min(1.0, arousal)))
