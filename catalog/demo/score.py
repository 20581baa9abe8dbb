"""What a composed piece consists of, on a grid of sixteenth notes, before anybody plays it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

STEPS_PER_BEAT: Final = 4

Role = Literal["bass", "chords", "pad", "arpeggio", "melody", "counter"]


@dataclass(frozen=True, slots=True)
class Note:
    """One note: start and length in steps from the beginning, MIDI pitch, velocity within (0, 1]."""

    start: float
    length: float
    pitch: int
    velocity: float


@dataclass(frozen=True, slots=True)
class Hit:
    """One stroke on a drum, by the drum's name."""

    start: float
    drum: str
    velocity: float


@dataclass(frozen=True, slots=True)
class Part:
    """All notes of one role and the name of the instrument that plays them."""

    role: Role
    instrument: str
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """A whole piece; `n_steps` counts its bars, without what rings on after them."""

    n_steps: int
    parts: tuple[Part, ...]
    hits: tuple[Hit, ...]
