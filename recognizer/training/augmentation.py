"""What microphones, rooms and lines do to a voice, for training: noise, speed, band limits and gain."""

from __future__ import annotations

import numpy as np
from scipy.signal import butter, resample_poly, sosfilt

from recognizer.audio import SAMPLE_RATE

SNR_RANGE_DB = (10.0, 30.0)
SPEED_PERCENT = (90, 95, 105, 110)
NOISE_PROBABILITY = 0.7
SPEED_PROBABILITY = 0.5
BAND_PROBABILITY = 0.2


def augment(waveform: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return one altered copy of a waveform.

    Args:
        waveform: float32, shape (n_samples,), 16 kHz, within [-1, 1].
        rng: where the chance comes from.

    Returns:
        float32, within [-1, 1]; up to a tenth shorter or longer.
    """
    altered = waveform
    if rng.random() < SPEED_PROBABILITY:
        altered = resample_poly(altered, 100, int(rng.choice(SPEED_PERCENT)))
    if rng.random() < BAND_PROBABILITY:
        altered = sosfilt(butter(4, (300, 3400), "bandpass", fs=SAMPLE_RATE, output="sos"), altered)
    if rng.random() < NOISE_PROBABILITY:
        altered = altered + _make_noise(altered, rng)
    peak = float(np.abs(altered).max())
    return (altered / max(peak, 1.0)).astype(np.float32)


def _make_noise(waveform: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Make noise with a spectrum between white and 1/f^2, at a random level below the voice."""
    n = len(waveform)
    frequency = np.fft.rfftfreq(n, 1 / SAMPLE_RATE)
    slope = rng.uniform(0.0, 1.0)
    spectrum = rng.standard_normal(len(frequency)) + 1j * rng.standard_normal(len(frequency))
    noise = np.fft.irfft(spectrum / np.maximum(frequency, 20.0) ** slope, n)
    snr_db = rng.uniform(*SNR_RANGE_DB)
    gain = np.sqrt((waveform**2).mean() / max((noise**2).mean(), 1e-20)) * 10 ** (-snr_db / 20)
    return np.asarray(gain * noise)
