"""How high a voice is, by autocorrelation: enough to sort speakers into low, middle and high."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

SAMPLE_RATE: Final = 16_000
LOWEST_HZ: Final = 60.0
HIGHEST_HZ: Final = 450.0

_WINDOW: Final = 800  # 50 ms: three periods of the lowest voice
_HOP: Final = 320
_VOICED: Final = 0.5  # of the autocorrelation at lag zero
_LOUD: Final = 10**-2.5  # of the loudest frame's power
# Multiples of the period correlate as well as the period: the shortest lag that nearly reaches the best one is it.
_NEARLY_BEST: Final = 0.9


def estimate_pitch_hz(waveform: NDArray[np.float32]) -> float:
    """Estimate the median pitch of the voiced frames.

    Args:
        waveform: shape (n_samples,), 16 kHz.

    Returns:
        Within 60 to 450 Hz; nan if nothing is voiced.

    Source: autocorrelation corrected for the window, after Boersma (1993), IFA Proceedings 17, without its path search.
    """
    if len(waveform) < _WINDOW:
        return float("nan")
    frames = np.lib.stride_tricks.sliding_window_view(waveform.astype(np.float64), _WINDOW)[::_HOP]
    power = np.mean(frames**2, axis=1)
    loud = frames[(power > power.max() * _LOUD) & (power > 0)]
    if not len(loud):
        return float("nan")
    correlation = _autocorrelate(loud)
    shortest, longest = int(SAMPLE_RATE / HIGHEST_HZ), int(np.ceil(SAMPLE_RATE / LOWEST_HZ))
    candidates = correlation[:, shortest : longest + 1]
    is_peak = (candidates >= correlation[:, shortest - 1 : longest]) & (
        candidates >= correlation[:, shortest + 1 : longest + 2]
    )
    peaks = np.where(is_peak, candidates, 0.0)
    best = peaks.max(axis=1)
    lags = shortest + np.argmax(peaks >= _NEARLY_BEST * best[:, None], axis=1)
    voiced = best >= _VOICED
    return float(np.median(SAMPLE_RATE / lags[voiced])) if voiced.any() else float("nan")


def average_pitch_hz(pitches_hz: Iterable[float]) -> float:
    """Return the median over a speaker's recordings; nan if none is voiced."""
    known = [pitch_hz for pitch_hz in pitches_hz if not np.isnan(pitch_hz)]
    return float(np.median(known)) if known else float("nan")


def _autocorrelate(frames: NDArray[np.float64]) -> NDArray[np.float64]:
    window = np.hanning(_WINDOW)
    n_fft = 2 * _WINDOW
    centered = (frames - frames.mean(axis=1, keepdims=True)) * window
    raw = np.fft.irfft(np.abs(np.fft.rfft(centered, n_fft)) ** 2, n_fft)[:, :_WINDOW]
    of_window = np.fft.irfft(np.abs(np.fft.rfft(window, n_fft)) ** 2, n_fft)[:_WINDOW]
    longest = int(np.ceil(SAMPLE_RATE / LOWEST_HZ)) + 2
    scaled = raw[:, :longest] / np.maximum(raw[:, :1], np.finfo(np.float64).tiny)
    return np.asarray(scaled / (of_window[:longest] / of_window[0]), dtype=np.float64)
