"""The two spectrograms every feature is read from, and the filter banks over them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import scipy.fft

from catalog.analysis.decoding import SAMPLE_RATE

N_FFT: Final = 2048
HOP: Final = 512
FRAME_RATE_HZ: Final = SAMPLE_RATE / HOP
# Long windows tell semitones apart down to about 90 Hz; few of them are needed.
TONAL_N_FFT: Final = 8192
TONAL_HOP: Final = 4096

N_MELS: Final = 64
# MP3 at low bit rates ends near 9.5 kHz: nothing above is looked at, lest the codec be heard as a mood.
MAX_FREQUENCY_HZ: Final = 9000.0
_MIN_FREQUENCY_HZ: Final = 30.0
_TARGET_RMS: Final = 0.1
_RANGE_DB: Final = 80.0


@dataclass(frozen=True, slots=True)
class Spectra:
    """Spectrograms of one excerpt, its level set to -20 dBFS RMS so that mastering tells nothing.

    Attributes:
        power: shape (n_frames, 1025), hop 512.
        mel_db: shape (n_frames, 64), in dB, at most 80 dB below its maximum.
        tonal_power: shape (n_tonal_frames, 4097), hop 4096.
        frame_rms: shape (n_frames,), root mean square of each frame's samples.
    """

    power: np.ndarray
    mel_db: np.ndarray
    tonal_power: np.ndarray
    frame_rms: np.ndarray


def compute_spectra(waveform: np.ndarray) -> Spectra:
    """Compute both spectrograms.

    Args:
        waveform: shape (n_samples,), at 22.05 kHz, not silent.
    """
    rms = float(np.sqrt(np.mean(np.square(waveform, dtype=np.float64))))
    leveled = (waveform * (_TARGET_RMS / max(rms, 1e-9))).astype(np.float32)
    power = _power_spectrogram(leveled, N_FFT, HOP)
    mel_db = to_db(power @ mel_filters().T)
    frames = _frames(leveled, N_FFT, HOP)
    frame_rms = np.sqrt(np.einsum("ij,ij->i", frames, frames) / N_FFT)
    return Spectra(power, mel_db, _power_spectrogram(leveled, TONAL_N_FFT, TONAL_HOP), frame_rms)


def to_db(power: np.ndarray) -> np.ndarray:
    """Turn power into dB, at most 80 dB below the maximum."""
    loudest = max(float(power.max()), 1e-20)
    decibels: np.ndarray = 10.0 * np.log10(np.maximum(power, loudest * 10.0 ** (-_RANGE_DB / 10.0)))
    return decibels


def bin_frequencies_hz(n_fft: int) -> np.ndarray:
    """Center frequency of each bin of a real FFT, shape (n_fft // 2 + 1,)."""
    frequencies: np.ndarray = np.arange(n_fft // 2 + 1) * (SAMPLE_RATE / n_fft)
    return frequencies


@lru_cache(maxsize=8)
def mel_filters(
    n_mels: int = N_MELS, min_frequency_hz: float = _MIN_FREQUENCY_HZ, max_frequency_hz: float = MAX_FREQUENCY_HZ
) -> np.ndarray:
    """Triangular mel filters of equal area (Slaney), float32, shape (n_mels, 1025)."""
    edges_hz = _mel_to_hz(np.linspace(_hz_to_mel(min_frequency_hz), _hz_to_mel(max_frequency_hz), n_mels + 2))
    frequencies_hz = bin_frequencies_hz(N_FFT)
    lower, center, upper = edges_hz[:-2, None], edges_hz[1:-1, None], edges_hz[2:, None]
    rising = (frequencies_hz - lower) / (center - lower)
    falling = (upper - frequencies_hz) / (upper - center)
    filters = np.maximum(0.0, np.minimum(rising, falling)) * (2.0 / (upper - lower))
    single: np.ndarray = filters.astype(np.float32)
    return single


def _hz_to_mel(frequency_hz: float) -> float:
    """Mel by O'Shaughnessy (1987), 2595 log10(1 + f / 700)."""
    return float(2595.0 * np.log10(1.0 + frequency_hz / 700.0))


def _mel_to_hz(mel: np.ndarray) -> np.ndarray:
    frequency_hz: np.ndarray = 700.0 * (10.0 ** (mel / 2595.0) - 1.0)
    return frequency_hz


def _power_spectrogram(waveform: np.ndarray, n_fft: int, hop: int) -> np.ndarray:
    window = np.hanning(n_fft).astype(np.float32)
    spectrum = scipy.fft.rfft(_frames(waveform, n_fft, hop) * window, axis=1)
    power: np.ndarray = np.square(spectrum.real) + np.square(spectrum.imag)
    return power


def _frames(waveform: np.ndarray, n_fft: int, hop: int) -> np.ndarray:
    """Overlapping views, shape (n_frames, n_fft); the last samples that fill no frame are left out."""
    return np.lib.stride_tricks.sliding_window_view(waveform, n_fft)[::hop]
