"""Players: turn a part's notes into one track of sound, each distinct note sounded once and reused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from catalog.demo.drums import DRUM_PAN, sound_drum
from catalog.demo.instruments import INSTRUMENTS
from catalog.demo.rhythm import humanized
from catalog.demo.wavetables import SAMPLE_RATE, Waveform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from catalog.demo.moods import PieceSpec
    from catalog.demo.score import Hit, Note, Part

_GATE_GRID_S: Final = 0.03
_TOUCHES: Final = (0.45, 0.7, 1.0)
_STROKES_PER_DRUM: Final = 3
# Pads tie over and leads speak: only what is struck or bowed short follows the style's articulation.
_TIED_ROLES: Final = frozenset({"pad"})


@dataclass(frozen=True, slots=True)
class Stage:
    """What all players share: the plan, the clock in seconds by step, the length in samples."""

    spec: PieceSpec
    clock: NDArray[np.float64]
    n_samples: int

    def second_of(self, step: float) -> float:
        """Return when a step falls, swing and slowing included."""
        swung = self.spec.groove.swung(step)
        return float(np.interp(swung, np.arange(self.clock.size), self.clock))


def play_part(part: Part, stage: Stage, rng: np.random.Generator) -> Waveform:
    """Play all notes of a part.

    Args:
        part: notes and instrument.
        stage: clock and length.
        rng: unevenness of the hand, phases of the voices.

    Returns:
        Mono, shape (n_samples,), at no particular level.
    """
    track = np.zeros(stage.n_samples, dtype=np.float32)
    voice = INSTRUMENTS[part.instrument].voice
    sounded: dict[tuple[int, int, float], Waveform] = {}
    for note in part.notes:
        start_s = humanized(stage.second_of(note.start), stage.spec.style.looseness_s, rng)
        n_grid = max(2, round(_gate_s(note, part, stage) / _GATE_GRID_S))
        touch = min(_TOUCHES, key=lambda level: abs(level - note.velocity))
        key = (note.pitch, n_grid, touch)
        if key not in sounded:
            sounded[key] = voice.render(note.pitch, n_grid * _GATE_GRID_S, touch, rng)
        _add(track, sounded[key], start_s, note.velocity * rng.uniform(0.94, 1.04))
    return track


def play_kit(hits: Sequence[Hit], stage: Stage, rng: np.random.Generator) -> NDArray[np.float32]:
    """Play all drums.

    Returns:
        Stereo, shape (2, n_samples), at no particular level.
    """
    kit = np.zeros((2, stage.n_samples), dtype=np.float32)
    strokes = {
        drum: [sound_drum(drum, rng) for _ in range(_STROKES_PER_DRUM)] for drum in sorted({h.drum for h in hits})
    }
    for hit in hits:
        start_s = humanized(stage.second_of(hit.start), 0.5 * stage.spec.style.looseness_s, rng)
        stroke = strokes[hit.drum][int(rng.integers(_STROKES_PER_DRUM))]
        for channel, gain in enumerate(pan_gains(DRUM_PAN.get(hit.drum, 0.0))):
            _add(kit[channel], stroke, start_s, gain * hit.velocity**1.4)
    return kit


def pan_gains(pan: float) -> tuple[float, float]:
    """Return left and right gains of equal total power for a place within [-1, 1]."""
    angle = (pan + 1) * np.pi / 4
    return float(np.cos(angle)), float(np.sin(angle))


def _gate_s(note: Note, part: Part, stage: Stage) -> float:
    held_s = stage.second_of(note.start + note.length) - stage.second_of(note.start)
    return held_s if part.role in _TIED_ROLES else held_s * stage.spec.style.staccato


def _add(track: Waveform, wave: Waveform, start_s: float, gain: float) -> None:
    start = int(start_s * SAMPLE_RATE)
    fitting = wave[: max(0, track.size - start)]
    track[start : start + fitting.size] += np.float32(gain) * fitting
