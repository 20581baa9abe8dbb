"""Tempo, beat and onsets from the mel spectrogram."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy.fft
import scipy.ndimage

from catalog.analysis.spectra import FRAME_RATE_HZ

MIN_TEMPO_BPM: Final = 45.0
MAX_TEMPO_BPM: Final = 220.0
# Listeners tap most readily near 120 (Moelants 2002); without a preference half and double tempo tie.
_PREFERRED_TEMPO_BPM: Final = 120.0
_TEMPO_SPREAD_OCTAVES: Final = 1.0
_COMB_WEIGHTS: Final = (1.0, 1 / 2, 1 / 3, 1 / 4)
_ONSET_GAP_FRAMES: Final = 4  # 93 ms
_FLAT_VARIANCE: Final = 1e-9
_MIN_NEIGHBORHOOD: Final = 3  # a parabola needs three points


@dataclass(frozen=True, slots=True)
class Rhythm:
    """What moves in the excerpt.

    Attributes:
        tempo_bpm: within [45, 220]; 0 if nothing pulses.
        beat_strength: within [0, 1], the onset envelope's autocorrelation at the beat.
        onset_rate_hz: note onsets a second.
        envelope: shape (n_frames,), onset strength, in dB a frame.
        autocorrelation: shape (n_lags,), of the envelope, 1 at lag 0.
    """

    tempo_bpm: float
    beat_strength: float
    onset_rate_hz: float
    envelope: np.ndarray
    autocorrelation: np.ndarray


def measure_rhythm(mel_db: np.ndarray) -> Rhythm:
    """Measure tempo, beat strength and onset rate.

    Args:
        mel_db: shape (n_frames, n_mels), in dB.

    Source: onset strength as mean positive spectral flux of log-mel bands (Böck and Widmer 2013, with a maximum over
        neighboring bands against vibrato); beat strength as pulse clarity (Lartillot et al. 2008).
    """
    envelope = onset_envelope(mel_db)
    autocorrelation = _autocorrelate(envelope)
    lag, strength = _find_beat(autocorrelation)
    tempo_bpm = 60.0 * FRAME_RATE_HZ / lag if lag > 0 else 0.0
    n_onsets = find_onsets(envelope).size
    return Rhythm(tempo_bpm, strength, n_onsets * FRAME_RATE_HZ / envelope.size, envelope, autocorrelation)


def onset_envelope(mel_db: np.ndarray) -> np.ndarray:
    """Mean rise of the bands over two frames, in dB, shape (n_frames,)."""
    before = scipy.ndimage.maximum_filter1d(mel_db[:-2], size=3, axis=1)
    rise = np.maximum(0.0, mel_db[2:] - before).mean(axis=1)
    return np.concatenate([np.zeros(1), rise, np.zeros(1)])


def find_onsets(envelope: np.ndarray) -> np.ndarray:
    """Frames where the envelope peaks above its surroundings, shape (n_onsets,)."""
    is_peak = envelope == scipy.ndimage.maximum_filter1d(envelope, size=2 * _ONSET_GAP_FRAMES + 1)
    surroundings = scipy.ndimage.median_filter(envelope, size=43) + 0.3 * envelope.std()
    frames: np.ndarray = np.flatnonzero(is_peak & (envelope > np.maximum(surroundings, 0.5)))
    return frames


def _autocorrelate(envelope: np.ndarray) -> np.ndarray:
    """Unbiased autocorrelation up to four of the slowest beats, 1 at lag 0 (0 throughout for a flat envelope)."""
    n_lags = min(int(4 * 60 * FRAME_RATE_HZ / MIN_TEMPO_BPM) + 3, envelope.size // 2)
    centered = envelope - envelope.mean()
    spectrum = scipy.fft.rfft(centered, n=2 * envelope.size)
    raw = scipy.fft.irfft(np.square(np.abs(spectrum)))[:n_lags] / (envelope.size - np.arange(n_lags))
    return raw / raw[0] if raw[0] > _FLAT_VARIANCE else np.zeros(n_lags)


def _find_beat(autocorrelation: np.ndarray) -> tuple[float, float]:
    """Lag of the beat in frames (0 if there is none) and how strongly the envelope repeats there."""
    lags = np.arange(60 * FRAME_RATE_HZ / MAX_TEMPO_BPM, 60 * FRAME_RATE_HZ / MIN_TEMPO_BPM, 0.1)
    support = sum(
        weight * np.interp((i + 1) * lags, np.arange(autocorrelation.size), autocorrelation, right=0.0)
        for i, weight in enumerate(_COMB_WEIGHTS)
    )
    octaves = np.log2(60 * FRAME_RATE_HZ / lags / _PREFERRED_TEMPO_BPM)
    score = support * np.exp(-0.5 * np.square(octaves / _TEMPO_SPREAD_OCTAVES))
    best = int(np.argmax(score))
    if score[best] <= 0.0:
        return 0.0, 0.0
    lag = _refine(autocorrelation, float(lags[best]))
    return lag, float(np.clip(np.interp(lag, np.arange(autocorrelation.size), autocorrelation), 0.0, 1.0))


def _refine(autocorrelation: np.ndarray, lag: float) -> float:
    """Read the beat off successive multiples of the lag: a frame's rounding weighs less at the fourth."""
    for multiple in (1, 2, 3, 4):
        around = round(lag * multiple)
        lower, upper = max(1, around - 2), min(autocorrelation.size - 1, around + 3)
        if upper - lower < _MIN_NEIGHBORHOOD:
            break
        peak = lower + int(np.argmax(autocorrelation[lower:upper]))
        if autocorrelation[peak] < 0.3 * autocorrelation[round(lag)]:
            break
        lag = _parabolic_peak(autocorrelation, peak) / multiple
    return lag


def _parabolic_peak(values: np.ndarray, peak: int) -> float:
    if not 0 < peak < values.size - 1:
        return float(peak)
    left, middle, right = values[peak - 1 : peak + 2]
    curvature = left - 2 * middle + right
    if curvature >= 0:
        return float(peak)
    return float(peak + np.clip(0.5 * (left - right) / curvature, -0.5, 0.5))
