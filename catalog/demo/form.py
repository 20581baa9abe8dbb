"""The plan of a piece: which sections follow each other, how long, how strong, and who plays in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

# Letter and bars: I intro, A theme, B contrast, K break, V theme varied, O outro.
_PLANS: Final[tuple[str, ...]] = (
    "A2 B2 V2 O1",
    "I1 A2 B2 V2 O1",
    "I1 A4 B2 V2 O1",
    "A4 B4 O2",
    "I2 A4 B4 O2",
    "A4 V4 B4 O1",
    "I2 A4 B2 V4 O2",
    "I1 A4 B4 V4 O1",
    "I2 A4 K2 V4 O2",
    "I2 A4 B4 V4 O2",
    "A4 A4 B4 V4 O2",
    "I2 A4 V4 K2 B4 O2",
    "I4 A4 B4 K2 V4 O2",
    "I2 A8 B4 V4 O2",
    "I4 A8 B4 V4 O2",
    "I2 A8 B8 V4 O2",
    "I4 A8 K2 B4 V4 O2",
    "I2 A8 B4 K2 V8 O2",
    "I4 A8 B8 V8 O2",
    "A8 B4 K4 A4 V8 O2",
    "I4 A8 K4 B8 V8 O2",
    "I4 A8 B8 K4 V8 O4",
)
_INTENSITY: Final[dict[str, float]] = {"I": 0.55, "A": 0.75, "B": 0.9, "K": 0.5, "V": 1.0, "O": 0.5}


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of bars; `intensity` within [0, 1] scales velocities and decides how much the drums do."""

    letter: str
    first_bar: int
    n_bars: int
    intensity: float

    @property
    def last_bar(self) -> int:
        """The section's last bar, counted in the whole piece."""
        return self.first_bar + self.n_bars - 1


def plan_form(bar_s: float, contrast: float, rng: np.random.Generator) -> tuple[Section, ...]:
    """Draw a form that fits the time there is.

    Args:
        bar_s: length of a bar.
        contrast: 0 keeps all sections alike in strength, 1 gives them their full difference.
        rng: source of chance.

    Returns:
        Sections in order, together 33 to 48 s long wherever a plan of that length exists.
    """
    lengths_s = np.array([bar_s * sum(int(token[1:]) for token in plan.split()) for plan in _PLANS])
    fitting = np.flatnonzero((lengths_s > 33.0) & (lengths_s < 48.0))  # noqa: PLR2004 - leaves room for the tail below 60 s
    choice = int(rng.choice(fitting)) if fitting.size else int(np.argmin(np.abs(lengths_s - 40.0)))
    return _parse_plan(_PLANS[choice], contrast)


def _parse_plan(plan: str, contrast: float) -> tuple[Section, ...]:
    sections: list[Section] = []
    first_bar = 0
    for token in plan.split():
        n_bars = int(token[1:])
        intensity = 0.85 + contrast * (_INTENSITY[token[0]] - 0.85)
        sections.append(Section(token[0], first_bar, n_bars, intensity))
        first_bar += n_bars
    return tuple(sections)
