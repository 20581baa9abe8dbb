"""Rhythms written as text, and how players bend them: swing, slowing down, small unevenness."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from catalog.demo.score import STEPS_PER_BEAT

if TYPE_CHECKING:
    from numpy.typing import NDArray

REST, SUSTAIN = ".", "-"


class Stroke(NamedTuple):
    """One onset of a pattern, in steps from its start; `symbol` is the pattern's own letter."""

    start: int
    length: int
    symbol: str


@lru_cache(maxsize=1024)
def parse_pattern(text: str) -> tuple[Stroke, ...]:
    """Read a rhythm: one character a sixteenth, `.` rests, `-` sustains, anything else is an onset.

    Example:
        >>> parse_pattern("x-.o")
        (Stroke(start=0, length=2, symbol='x'), Stroke(start=3, length=1, symbol='o'))
    """
    strokes: list[Stroke] = []
    for step, symbol in enumerate(text):
        if symbol == SUSTAIN and strokes:
            strokes[-1] = strokes[-1]._replace(length=step - strokes[-1].start + 1)
        elif symbol not in {REST, SUSTAIN}:
            strokes.append(Stroke(step, 1, symbol))
    return tuple(strokes)


@dataclass(frozen=True, slots=True)
class Groove:
    """How steps become seconds.

    `swing` is the share of a pair of swing units that the first one takes: 0.5 is straight, 0.67 a triplet feel.
    `swing_unit` is 1 for sixteenths and 2 for eighths. `slowing` is how much longer the last bar takes, as a share.
    `rubato` is the depth of a slow give and take, as a share of the tempo.
    """

    tempo_bpm: float
    steps_per_bar: int
    swing: float = 0.5
    swing_unit: int = 1
    slowing: float = 0.0
    rubato: float = 0.0

    @property
    def step_s(self) -> float:
        """Seconds of a sixteenth at the plain tempo."""
        return 60.0 / self.tempo_bpm / STEPS_PER_BEAT

    def swung(self, start: float) -> float:
        """Delay what falls on the second unit of a pair."""
        pair = 2 * self.swing_unit
        place = start % pair
        shift = 2 * self.swing - 1
        # Linear within each half, so that notes between the units keep their order.
        half = self.swing_unit
        late = place * (1 + shift) if place < half else half * (1 + shift) + (place - half) * (1 - shift)
        return start - place + late

    def build_clock(self, n_steps: int) -> NDArray[np.float64]:
        """Lay out when every step begins.

        Args:
            n_steps: length of the piece.

        Returns:
            Seconds, shape (n_steps + 1,), rising.
        """
        steps = np.arange(n_steps)
        lengths = np.full(n_steps, self.step_s)
        lengths *= 1 + self.rubato * np.sin(2 * np.pi * steps / (2 * self.steps_per_bar))
        into_last_bar = np.clip((steps - (n_steps - 2 * self.steps_per_bar)) / (2 * self.steps_per_bar), 0, 1)
        lengths *= 1 + self.slowing * into_last_bar
        return np.concatenate([[0.0], np.cumsum(lengths)])


def humanized(start_s: float, looseness_s: float, rng: np.random.Generator) -> float:
    """Move an onset as an uneven hand would, never before the beginning and never by more than 2.5 deviations."""
    deviation = float(np.clip(rng.normal(0.0, 1.0), -2.5, 2.5)) * looseness_s
    return max(0.0, start_s + deviation)
