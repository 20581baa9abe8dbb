"""Pitch: spectral peaks, chroma, key and roughness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from catalog.analysis.spectra import TONAL_N_FFT, bin_frequencies_hz

PITCH_CLASSES: Final = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
# Krumhansl and Kessler (1982), probe-tone ratings, tonic first.
MAJOR_PROFILE: Final = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
MINOR_PROFILE: Final = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])

_MIN_PITCH_HZ: Final = 80.0
_MAX_PITCH_HZ: Final = 4000.0
_MAX_CHROMA_HZ: Final = 2500.0
_PEAK_FLOOR_DB: Final = 50.0
_N_PEAKS: Final = 20


@dataclass(frozen=True, slots=True)
class Peaks:
    """The strongest partials of each frame; empty places have amplitude 0.

    Attributes:
        frequency_hz: shape (n_frames, 20).
        amplitude: shape (n_frames, 20).
    """

    frequency_hz: np.ndarray
    amplitude: np.ndarray


@dataclass(frozen=True, slots=True)
class Tonality:
    """Key of the excerpt and what it was read from.

    Attributes:
        key: name of the tonic.
        mode: "major" or "minor".
        key_clarity: correlation of the chroma with the best key's profile, within [-1, 1].
        major_minus_minor: best major correlation less best minor correlation.
        chroma: shape (n_frames, 12), each frame summing to 1, or 0 where nothing sounds.
        tonic: 0 for C to 11 for B.
    """

    key: str
    mode: str
    key_clarity: float
    major_minus_minor: float
    chroma: np.ndarray
    tonic: int


def find_peaks(tonal_power: np.ndarray) -> Peaks:
    """Find each frame's strongest partials, their frequencies interpolated.

    Args:
        tonal_power: shape (n_frames, 4097).
    """
    frequencies_hz = bin_frequencies_hz(TONAL_N_FFT)
    first, last = np.searchsorted(frequencies_hz, [_MIN_PITCH_HZ, _MAX_PITCH_HZ])
    log_power = np.log(tonal_power[:, first - 1 : last + 1] + 1e-12)
    left, middle, right = log_power[:, :-2], log_power[:, 1:-1], log_power[:, 2:]
    floor = middle.max() - _PEAK_FLOOR_DB * np.log(10.0) / 10.0
    is_peak = (middle > left) & (middle >= right) & (middle > floor)
    strongest = np.argsort(np.where(is_peak, -middle, np.inf), axis=1)[:, :_N_PEAKS]
    row = np.arange(middle.shape[0])[:, None]
    a, b, c = left[row, strongest], middle[row, strongest], right[row, strongest]
    offset = np.clip(0.5 * (a - c) / np.minimum(a - 2 * b + c, -1e-6), -0.5, 0.5)
    frequency_hz = (strongest + first + offset) * frequencies_hz[1]
    return Peaks(frequency_hz, np.where(is_peak[row, strongest], np.exp(0.5 * b), 0.0))


def measure_tonality(peaks: Peaks) -> Tonality:
    """Find the key by Krumhansl and Schmuckler's method on a chroma of spectral peaks.

    Source: Krumhansl (1990), Cognitive Foundations of Musical Pitch, ch. 4; chroma after Gómez (2006), HPCP.
    """
    chroma = compute_chroma(peaks)
    major, minor = key_correlations(chroma.mean(axis=0))
    is_major = major.max() >= minor.max()
    correlations = major if is_major else minor
    tonic = int(np.argmax(correlations))
    return Tonality(
        key=PITCH_CLASSES[tonic],
        mode="major" if is_major else "minor",
        key_clarity=float(correlations[tonic]),
        major_minus_minor=float(major.max() - minor.max()),
        chroma=chroma,
        tonic=tonic,
    )


def compute_chroma(peaks: Peaks) -> np.ndarray:
    """Share of each pitch class per frame, shape (n_frames, 12), after correcting the recording's tuning."""
    weight = np.where(peaks.frequency_hz <= _MAX_CHROMA_HZ, np.sqrt(peaks.amplitude), 0.0)
    semitone = 69.0 + 12.0 * np.log2(peaks.frequency_hz / 440.0)
    # Circular mean of the deviation from equal temperament.
    tuning = np.angle(np.sum(weight * np.exp(2j * np.pi * semitone))) / (2 * np.pi)
    semitone = semitone - tuning
    nearest = np.round(semitone)
    weight = weight * np.square(np.cos(np.pi / 2 * (semitone - nearest) * 2))
    pitch_class = nearest.astype(np.int64) % 12
    frame = np.arange(weight.shape[0])[:, None] * 12
    n_frames = weight.shape[0]
    chroma = np.bincount((frame + pitch_class).ravel(), weights=weight.ravel(), minlength=12 * n_frames)
    chroma = chroma.reshape(n_frames, 12)
    total = chroma.sum(axis=1, keepdims=True)
    shares: np.ndarray = np.divide(chroma, total, out=np.zeros_like(chroma), where=total > 0)
    return shares


def key_correlations(mean_chroma: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Correlate a chroma with every major and every minor key, two arrays of shape (12,)."""
    centered = mean_chroma - mean_chroma.mean()
    norm = max(float(np.linalg.norm(centered)), 1e-12)
    correlations = []
    for profile in (MAJOR_PROFILE, MINOR_PROFILE):
        shape = profile - profile.mean()
        rolled = np.stack([np.roll(shape, tonic) for tonic in range(12)])
        correlations.append(rolled @ centered / (norm * np.linalg.norm(shape)))
    return correlations[0], correlations[1]


def measure_roughness(peaks: Peaks) -> np.ndarray:
    """Sensory dissonance of each frame's partials, shape (n_frames,), free of level.

    Source: Sethares (1993), JASA 94(3), with the lesser amplitude of each pair, divided by the sum of amplitudes.
    """
    lower = np.minimum(peaks.frequency_hz[:, :, None], peaks.frequency_hz[:, None, :])
    gap = np.abs(peaks.frequency_hz[:, :, None] - peaks.frequency_hz[:, None, :])
    scaled = 0.24 / (0.021 * lower + 19.0) * gap
    amplitude = np.minimum(peaks.amplitude[:, :, None], peaks.amplitude[:, None, :])
    dissonance = (amplitude * (np.exp(-3.5 * scaled) - np.exp(-5.75 * scaled))).sum(axis=(1, 2)) / 2.0
    roughness: np.ndarray = dissonance / np.maximum(peaks.amplitude.sum(axis=1), 1e-12)
    return roughness
