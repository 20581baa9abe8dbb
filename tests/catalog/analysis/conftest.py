"""Made-up music whose tempo, key and loudness are known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import scipy.io.wavfile

SAMPLE_RATE = 22_050

WriteWav = Callable[..., Path]


@pytest.fixture
def write_wav(tmp_path: Path) -> WriteWav:
    def write(samples: np.ndarray, *, sample_rate: int = SAMPLE_RATE, name: str = "music.wav") -> Path:
        path = tmp_path / name
        scipy.io.wavfile.write(path, sample_rate, samples.astype(np.float32))
        return path

    return write


@pytest.fixture
def make_clicks() -> Callable[[float, float], np.ndarray]:
    """Short noise bursts at a steady tempo over a faint floor."""

    def make(tempo_bpm: float, duration_s: float) -> np.ndarray:
        rng = np.random.default_rng(1)
        waveform = 1e-4 * rng.standard_normal(int(duration_s * SAMPLE_RATE))
        burst = 0.5 * rng.standard_normal(800) * np.exp(-np.arange(800) / 150.0)
        for start_s in np.arange(0.0, duration_s - 0.1, 60.0 / tempo_bpm):
            start = int(start_s * SAMPLE_RATE)
            waveform[start : start + burst.size] += burst
        return waveform

    return make


@pytest.fixture
def make_chords() -> Callable[[list[list[int]], float], np.ndarray]:
    """A chord after the other, each given as MIDI notes, with six decaying harmonics a note."""

    def make(chords: list[list[int]], chord_s: float) -> np.ndarray:
        seconds = np.arange(int(chord_s * SAMPLE_RATE)) / SAMPLE_RATE
        envelope = np.exp(-1.5 * seconds) * np.minimum(1.0, seconds / 0.01)
        rendered = []
        for chord in chords:
            frequencies = [440.0 * 2.0 ** ((note - 69) / 12) for note in chord]
            partials = sum(
                np.sin(2 * np.pi * harmonic * frequency * seconds) / harmonic**1.5
                for frequency in frequencies
                for harmonic in range(1, 7)
            )
            rendered.append(0.1 * envelope * partials)
        return np.concatenate(rendered)

    return make
