"""Made-up voices: vowels on a gliding pitch, different for every seed."""

from __future__ import annotations

import numpy as np

SAMPLE_RATE = 16_000


def make_voice(seed: int, *, duration_s: float = 1.5, level: float = 0.3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    time_s = np.arange(int(duration_s * SAMPLE_RATE)) / SAMPLE_RATE
    knots = np.linspace(0, duration_s, 6)
    pitch_hz = np.interp(time_s, knots, rng.uniform(100, 250, size=6))
    loudness = np.interp(time_s, knots, rng.uniform(0.1, 1.0, size=6))
    phase = 2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE
    formants_hz = [np.interp(time_s, knots, rng.uniform(low, high, size=6)) for low, high in ((300, 800), (900, 2500))]
    voice = np.zeros_like(time_s)
    for partial in range(1, 25):
        gain = sum(np.exp(-(((partial * pitch_hz - formant) / 150) ** 2)) for formant in formants_hz) + 0.02
        voice += gain * np.sin(partial * phase)
    voice *= loudness * np.clip(np.minimum(time_s, duration_s - time_s) / 0.1, 0, 1)
    return (level * voice / np.max(np.abs(voice))).astype(np.float32)
