"""How drums sound: each stroke is built from sweeps and filtered noise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.signal import butter, sosfilt

from catalog.demo.wavetables import SAMPLE_RATE, Waveform

if TYPE_CHECKING:
    from collections.abc import Callable

Rng = np.random.Generator

# Left to right as the drummer's audience sees the kit, within [-1, 1].
DRUM_PAN: Final[dict[str, float]] = {
    "hat": 0.3, "open hat": 0.3, "pedal hat": 0.3, "ride": -0.35, "crash": -0.25, "shaker": -0.5, "tambourine": 0.5,
    "rim": 0.15, "high tom": 0.25, "low tom": -0.3, "metal": 0.4, "noise": -0.1, "clap": 0.1, "brush": -0.1,
}  # fmt: skip
DRUM_LEVEL: Final[dict[str, float]] = {
    "kick": 1.0, "hard kick": 1.0, "snare": 0.62, "brush": 0.4, "rim": 0.4, "clap": 0.5, "hat": 0.2, "open hat": 0.22,
    "pedal hat": 0.18, "ride": 0.24, "crash": 0.3, "shaker": 0.15, "tambourine": 0.18, "high tom": 0.6, "low tom": 0.65,
    "taiko": 1.0, "metal": 0.28, "noise": 0.5, "swell": 0.3,
}  # fmt: skip


def _times_s(seconds: float) -> Waveform:
    return np.arange(int(seconds * SAMPLE_RATE), dtype=np.float32) / np.float32(SAMPLE_RATE)


def _fall(time_s: Waveform, decay_s: float) -> Waveform:
    return np.asarray(np.exp(-time_s / np.float32(decay_s)), dtype=np.float32)


def _noise(time_s: Waveform, band_hz: tuple[float, float], rng: Rng) -> Waveform:
    sections = butter(2, band_hz, "bandpass", fs=SAMPLE_RATE, output="sos")
    wave = sosfilt(sections, rng.standard_normal(time_s.size)).astype(np.float32)
    return np.asarray(wave / (np.sqrt(np.mean(wave**2)) + 1e-9), dtype=np.float32)


def _drop(time_s: Waveform, high_hz: float, low_hz: float, drop_s: float) -> Waveform:
    """Sound a sine that falls from one frequency to another, as a struck skin does."""
    phase = low_hz * time_s + (high_hz - low_hz) * drop_s * (1 - _fall(time_s, drop_s))
    return np.sin(np.float32(2 * np.pi) * phase).astype(np.float32)


def _kick(rng: Rng) -> Waveform:
    t = _times_s(0.32)
    click = 0.12 * _noise(t, (1500, 5000), rng) * _fall(t, 0.004)
    return np.asarray(_drop(t, 170, 48, 0.03) * _fall(t, 0.11) + click, dtype=np.float32)


def _hard_kick(rng: Rng) -> Waveform:
    t = _times_s(0.28)
    body = np.tanh(2.2 * _drop(t, 260, 52, 0.022) * _fall(t, 0.1))
    return np.asarray(body + 0.3 * _noise(t, (2200, 7000), rng) * _fall(t, 0.006), dtype=np.float32)


def _snare(rng: Rng) -> Waveform:
    t = _times_s(0.26)
    skin = 0.55 * _drop(t, 260, 185, 0.03) * _fall(t, 0.05)
    return np.asarray(skin + 0.3 * _noise(t, (1400, 9000), rng) * _fall(t, 0.065), dtype=np.float32)


def _brush(rng: Rng) -> Waveform:
    t = _times_s(0.3)
    swish = np.minimum(1.0, t / 0.02) * _fall(t, 0.07)
    return np.asarray(0.35 * _noise(t, (1800, 8000), rng) * swish, dtype=np.float32)


def _rim(rng: Rng) -> Waveform:
    t = _times_s(0.09)
    tone = np.sin(2 * np.pi * 1650 * t) + 0.6 * np.sin(2 * np.pi * 820 * t)
    return np.asarray((0.4 * tone + 0.15 * _noise(t, (2000, 7000), rng)) * _fall(t, 0.016), dtype=np.float32)


def _clap(rng: Rng) -> Waveform:
    t = _times_s(0.24)
    bursts = sum((_fall(np.abs(t - at), 0.004) for at in (0.004, 0.015, 0.026)), _fall(np.abs(t - 0.034), 0.055))
    return np.asarray(0.4 * _noise(t, (900, 4500), rng) * np.minimum(1.0, bursts), dtype=np.float32)


def _cymbal(seconds: float, decay_s: float, band_hz: tuple[float, float]) -> Callable[[Rng], Waveform]:
    def sound(rng: Rng) -> Waveform:
        t = _times_s(seconds)
        wave = _noise(t, band_hz, rng)
        for hz in (4130.0, 5443.0, 6217.0, 7873.0, 9191.0):
            wave += 0.25 * np.sin(2 * np.pi * hz * rng.uniform(0.98, 1.02) * t)
        return np.asarray(0.6 * wave * _fall(t, decay_s), dtype=np.float32)

    return sound


def _ride(rng: Rng) -> Waveform:
    """Sound a stick on a ride cymbal: mostly a ping, the wash far behind it."""
    t = _times_s(0.6)
    ping = sum((np.sin(2 * np.pi * hz * t) for hz in (3120.0, 4790.0, 6310.0)), np.zeros_like(t))
    tip = _noise(t, (5000, 12000), rng)
    return np.asarray(
        0.16 * ping * _fall(t, 0.07) + tip * (0.3 * _fall(t, 0.012) + 0.1 * _fall(t, 0.15)), dtype=np.float32
    )


def _shaker(rng: Rng) -> Waveform:
    t = _times_s(0.11)
    return np.asarray(_noise(t, (4500, 12000), rng) * np.minimum(1.0, t / 0.02) * _fall(t, 0.025), dtype=np.float32)


def _tambourine(rng: Rng) -> Waveform:
    t = _times_s(0.2)
    jingles = np.abs(np.sin(2 * np.pi * 27 * t)) * 0.6 + 0.4
    return np.asarray(_noise(t, (6500, 13000), rng) * jingles * _fall(t, 0.05), dtype=np.float32)


def _tom(high_hz: float, low_hz: float, decay_s: float) -> Callable[[Rng], Waveform]:
    def sound(rng: Rng) -> Waveform:
        t = _times_s(4 * decay_s)
        skin = _drop(t, high_hz, low_hz, 0.05) * _fall(t, decay_s)
        return np.asarray(skin + 0.08 * _noise(t, (700, 4000), rng) * _fall(t, 0.02), dtype=np.float32)

    return sound


def _metal(rng: Rng) -> Waveform:
    t = _times_s(0.3)
    wave = sum((np.sin(2 * np.pi * hz * t) for hz in (587.0, 845.0, 1327.0, 2489.0)), np.zeros_like(t))
    return np.asarray((0.3 * wave + 0.3 * _noise(t, (2500, 9000), rng)) * _fall(t, 0.07), dtype=np.float32)


def _burst(rng: Rng) -> Waveform:
    t = _times_s(0.3)
    return np.asarray(0.4 * np.tanh(2 * _noise(t, (300, 6000), rng)) * _fall(t, 0.08), dtype=np.float32)


def _swell(rng: Rng) -> Waveform:
    """Sound a cymbal that grows instead of dying, into the next section."""
    t = _times_s(1.75)
    shape = np.exp((np.minimum(t, 1.45) - 1.45) / np.float32(0.4)) * _fall(np.maximum(0, t - 1.45), 0.08)
    return np.asarray(_noise(t, (1800, 11000), rng) * shape, dtype=np.float32)


_SOUNDS: Final[dict[str, Callable[[Rng], Waveform]]] = {
    "kick": _kick,
    "hard kick": _hard_kick,
    "snare": _snare,
    "brush": _brush,
    "rim": _rim,
    "clap": _clap,
    "hat": _cymbal(0.09, 0.022, (6000, 13500)),
    "open hat": _cymbal(0.4, 0.12, (5500, 13500)),
    "pedal hat": _cymbal(0.1, 0.03, (4500, 10000)),
    "ride": _ride,
    "crash": _cymbal(1.6, 0.4, (2500, 13500)),
    "shaker": _shaker,
    "tambourine": _tambourine,
    "high tom": _tom(210, 140, 0.14),
    "low tom": _tom(140, 82, 0.2),
    "taiko": _tom(120, 58, 0.3),
    "metal": _metal,
    "noise": _burst,
    "swell": _swell,
}


def sound_drum(drum: str, rng: Rng) -> Waveform:
    """Sound one stroke, silent at its end; a fresh call gives a slightly different stroke.

    Raises:
        KeyError: there is no such drum.
    """
    wave = _SOUNDS[drum](rng)
    n_rise, n_fall = 16, min(320, wave.size // 4)
    wave[:n_rise] *= np.linspace(0.0, 1.0, n_rise, dtype=np.float32)
    wave[-n_fall:] *= np.linspace(1.0, 0.0, n_fall, dtype=np.float32)
    return np.asarray(DRUM_LEVEL[drum] * wave, dtype=np.float32)
