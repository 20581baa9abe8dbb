"""Single cycles of periodic waves, limited to what the sample rate can carry, kept for reuse."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

Waveform = NDArray[np.float32]

SAMPLE_RATE: Final = 32_000
TABLE_LENGTH: Final = 16_384
_HIGHEST_HZ: Final = 0.46 * SAMPLE_RATE
_MAX_HARMONICS: Final = 160
_PITCHES_PER_TABLE: Final = 3

# Strengths of the first harmonics, for instruments no formula describes well.
_PARTIALS: Final[dict[str, tuple[float, ...]]] = {
    "flute": (1.0, 0.32, 0.12, 0.03, 0.015, 0.006),
    "whistle": (1.0, 0.08, 0.05, 0.01),
    "clarinet": (1.0, 0.05, 0.62, 0.08, 0.34, 0.1, 0.16, 0.08, 0.07),
    "organ": (1.0, 0.75, 0.5, 0.5, 0.08, 0.25, 0.02, 0.28),
    "soft organ": (1.0, 0.4, 0.22, 0.1, 0.02, 0.03),
    "glass": (1.0, 0.02, 0.25, 0.0, 0.12, 0.0, 0.05),
    "sine": (1.0,),
    "round": (1.0, 0.45, 0.16, 0.06, 0.03),
}
_PLUCK_POSITIONS: Final[dict[str, float]] = {"plucked": 0.19, "struck": 0.125, "bridge": 0.09, "thumb": 0.31}


@lru_cache(maxsize=64)
def _harmonics(wave: str) -> NDArray[np.float64]:
    k = np.arange(1, _MAX_HARMONICS + 1, dtype=np.float64)
    if wave in _PARTIALS:
        partials = _PARTIALS[wave]
        return np.concatenate([partials, np.zeros(_MAX_HARMONICS - len(partials))])
    if wave in _PLUCK_POSITIONS:
        # A string plucked at a share p of its length lacks the harmonics that have a node there.
        return np.abs(np.sin(np.pi * k * _PLUCK_POSITIONS[wave])) / k
    formulas = {
        "saw": 1 / k,
        "square": (k % 2) / k,
        "triangle": (k % 2) / k**2,
        "pulse": np.abs(np.sin(np.pi * k * 0.22)) / k,
        "reed": (0.35 + 0.65 * (k % 2)) / k**0.8,
        "choir": (1 / k) * (0.25 + np.exp(-(((k - 3) / 2.2) ** 2))),
    }
    return formulas[wave]


def find_table(wave: str, pitch: float, cutoff_hz: float, bands: tuple[int, int] = (1, _MAX_HARMONICS)) -> Waveform:
    """Return one cycle of a wave, softened above a cutoff, with no harmonic beyond what can be carried.

    Args:
        wave: name of a harmonic series.
        pitch: MIDI pitch the table will be played at; neighbors share a table.
        cutoff_hz: above it harmonics fall by 12 dB an octave.
        bands: first and last harmonic to keep.

    Returns:
        One cycle, shape (TABLE_LENGTH,), a full series scaled to a root mean square of 0.25.
    """
    group_top = int(pitch // _PITCHES_PER_TABLE) * _PITCHES_PER_TABLE + _PITCHES_PER_TABLE
    return _build_table(wave, group_top, round(cutoff_hz), bands)


@lru_cache(maxsize=1024)
def _build_table(wave: str, top_pitch: int, cutoff_hz: int, bands: tuple[int, int]) -> Waveform:
    top_hz = midi_to_hz(top_pitch)
    k = np.arange(1, _MAX_HARMONICS + 1)
    strengths = _harmonics(wave) / (1 + (k * top_hz / cutoff_hz) ** 2)
    strengths[k * top_hz > _HIGHEST_HZ] = 0.0
    level = float(np.sqrt(np.sum(strengths**2) / 2)) or 1.0
    strengths[(k < bands[0]) | (k > bands[1])] = 0.0
    spectrum = np.zeros(TABLE_LENGTH // 2 + 1, dtype=np.complex128)
    # Phases that rise with the square of the harmonic keep the peaks low (Schroeder 1970).
    spectrum[1 : _MAX_HARMONICS + 1] = strengths * np.exp(-1j * np.pi * k**2 / _MAX_HARMONICS)
    cycle = np.fft.irfft(spectrum) * TABLE_LENGTH / 2
    return (0.25 * cycle / level).astype(np.float32)


def read_table(table: Waveform, frequency_hz: float | NDArray[np.float64], n_samples: int, phase: float) -> Waveform:
    """Play a cycle at a frequency, steady or given for each sample; `phase` within [0, 1)."""
    return table[phase_index(frequency_hz, n_samples, phase)]


def phase_index(frequency_hz: float | NDArray[np.float64], n_samples: int, phase: float) -> NDArray[np.int64]:
    """Return the table position of every sample, shape (n_samples,)."""
    per_sample = TABLE_LENGTH / SAMPLE_RATE
    steady = not isinstance(frequency_hz, np.ndarray)
    cycles = np.arange(n_samples) * frequency_hz if steady else np.cumsum(frequency_hz)
    return (cycles * per_sample + phase * TABLE_LENGTH).astype(np.int64) & (TABLE_LENGTH - 1)


def midi_to_hz(pitch: float) -> float:
    """Return the frequency of a MIDI pitch, 69 being 440 Hz."""
    return float(440.0 * 2.0 ** ((pitch - 69.0) / 12.0))
