"""The long list of numbers the affect model reads, each with a name; none depends on playback level."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import scipy.fft
import scipy.ndimage

from catalog.analysis.spectra import (
    FRAME_RATE_HZ,
    MAX_FREQUENCY_HZ,
    N_FFT,
    Spectra,
    bin_frequencies_hz,
)
from catalog.analysis.tonality import Peaks, Tonality, key_correlations, measure_roughness

if TYPE_CHECKING:
    from collections.abc import Callable

    from catalog.analysis.rhythm import Rhythm

N_MFCC: Final = 20
_MODULATION_EDGES_HZ: Final = (0.25, 0.5, 0.8, 1.2, 1.7, 2.4, 3.3, 4.5, 6.0, 8.0, 11.0, 15.0)
_CONTRAST_EDGES_HZ: Final = (30.0, 200.0, 400.0, 800.0, 1600.0, 3200.0, 6400.0, 9000.0)


@dataclass(frozen=True, slots=True)
class Measurements:
    """Everything measured on one excerpt that descriptors are read from."""

    spectra: Spectra
    rhythm: Rhythm
    peaks: Peaks
    tonality: Tonality
    loudness_range_lu: float


def describe(measurements: Measurements) -> dict[str, float]:
    """Compute every descriptor, by name; names begin with their family, as in `timbre.mfcc_3_mean`."""
    described: dict[str, float] = {}
    for family, describe_family in DESCRIPTOR_FAMILIES.items():
        for name, value in describe_family(measurements).items():
            described[f"{family}.{name}"] = float(value)
    return described


def describe_timbre(measurements: Measurements) -> dict[str, float]:
    """Shape of the spectrum and how it changes from frame to frame."""
    mel_db = measurements.spectra.mel_db
    mfcc = compute_mfcc(mel_db)
    described: dict[str, float] = {}
    for name, series in _spectral_shapes(measurements.spectra.power).items():
        described |= _summarize(name, series)
    for i in range(N_MFCC):
        described[f"mfcc_{i}_mean"] = mfcc[:, i].mean()
        described[f"mfcc_{i}_std"] = mfcc[:, i].std()
        described[f"mfcc_{i}_delta_std"] = (mfcc[2:, i] - mfcc[:-2, i]).std()
    contrast = _spectral_contrast(measurements.spectra.power)
    for i in range(contrast.shape[1]):
        described[f"contrast_{i}_mean"] = contrast[:, i].mean()
        described[f"contrast_{i}_std"] = contrast[:, i].std()
    return described


def describe_rhythm(measurements: Measurements) -> dict[str, float]:
    """Pulse, onsets, and the strength of each rate of change in each frequency region."""
    rhythm = measurements.rhythm
    described = _summarize("onset_strength", rhythm.envelope)
    described["tempo_octaves"] = np.log2(max(rhythm.tempo_bpm, 40.0) / 120.0)
    described["beat_strength"] = rhythm.beat_strength
    described["onset_rate"] = np.log2(0.25 + rhythm.onset_rate_hz)
    described |= _describe_percussion(measurements.spectra.mel_db)
    spectrum = _modulation_spectrum(measurements.spectra.mel_db)
    for band in range(spectrum.shape[0]):
        for i in range(spectrum.shape[1]):
            described[f"modulation_{band}_{i}"] = spectrum[band, i]
    return described


def describe_tonality(measurements: Measurements) -> dict[str, float]:
    """Mode, harmony and dissonance."""
    tonality = measurements.tonality
    described = _summarize("roughness", measure_roughness(measurements.peaks))
    mean_chroma = np.roll(tonality.chroma.mean(axis=0), -tonality.tonic)
    for i in range(12):
        described[f"degree_{i}"] = mean_chroma[i]
    described["key_clarity"] = tonality.key_clarity
    described["major_minus_minor"] = tonality.major_minus_minor
    described["is_major"] = float(tonality.mode == "major")
    described |= _summarize("local_major_minus_minor", _local_modes(tonality.chroma))
    described |= _summarize("chroma_entropy", _entropy(tonality.chroma))
    described["mean_chroma_entropy"] = _entropy(mean_chroma[None, :])[0]
    described |= _summarize("harmonic_change", _harmonic_change(tonality.chroma))
    described |= _describe_chords(tonality.chroma)
    described |= _describe_register(measurements.peaks)
    return described


def describe_dynamics(measurements: Measurements) -> dict[str, float]:
    """How level moves within the excerpt; its absolute level is left out on purpose."""
    level_db = 20.0 * np.log10(measurements.spectra.frame_rms + 1e-5)
    slow_db = scipy.ndimage.uniform_filter1d(level_db, size=43)
    described = _summarize("level", level_db)
    described["loudness_range"] = measurements.loudness_range_lu
    described["slow_std"] = slow_db.std()
    described["low_energy_share"] = np.mean(
        measurements.spectra.frame_rms < measurements.spectra.frame_rms.mean() * 0.7
    )
    described["level_trend"] = np.polyfit(np.linspace(-1.0, 1.0, slow_db.size), slow_db, 1)[0]
    described["level_change"] = np.abs(np.diff(level_db)).mean()
    return described


DESCRIPTOR_FAMILIES: Final[dict[str, Callable[[Measurements], dict[str, float]]]] = {
    "timbre": describe_timbre,
    "rhythm": describe_rhythm,
    "tonality": describe_tonality,
    "dynamics": describe_dynamics,
}


def compute_mfcc(mel_db: np.ndarray) -> np.ndarray:
    """Cepstrum of the mel bands, shape (n_frames, 20); coefficient 0 is the mean level."""
    mfcc: np.ndarray = scipy.fft.dct(mel_db, type=2, axis=1, norm="ortho")[:, :N_MFCC]
    return mfcc


def _summarize(name: str, series: np.ndarray) -> dict[str, float]:
    low, middle, high = np.percentile(series, [10, 50, 90])
    return {
        f"{name}_mean": series.mean(),
        f"{name}_std": series.std(),
        f"{name}_p10": low,
        f"{name}_p50": middle,
        f"{name}_p90": high,
    }


def _spectral_shapes(power: np.ndarray) -> dict[str, np.ndarray]:
    """Centroid, spread, rolloff, flatness and flux per frame, between 30 Hz and 9 kHz."""
    frequencies_hz = bin_frequencies_hz(N_FFT)
    n_bins = int(np.searchsorted(frequencies_hz, MAX_FREQUENCY_HZ))
    frequencies_hz, power = frequencies_hz[3:n_bins], power[:, 3:n_bins] + 1e-9
    magnitude = np.sqrt(power)
    share = magnitude / magnitude.sum(axis=1, keepdims=True)
    centroid_hz = share @ frequencies_hz
    spread_hz = np.sqrt(np.maximum(share @ np.square(frequencies_hz) - np.square(centroid_hz), 1.0))
    cumulative = np.cumsum(power, axis=1)
    rolloff_hz = frequencies_hz[np.argmax(cumulative >= 0.85 * cumulative[:, -1:], axis=1)]
    flatness_db = 10.0 * (np.log10(power).mean(axis=1) - np.log10(power.mean(axis=1)))
    flux = np.concatenate([np.zeros(1), np.sqrt(np.square(np.diff(share, axis=0)).sum(axis=1))])
    return {
        "centroid_octaves": np.log2(centroid_hz),
        "spread_octaves": np.log2(spread_hz),
        "rolloff_octaves": np.log2(rolloff_hz),
        "flatness_db": flatness_db,
        "flux": flux,
        "bass_share": np.log10(power[:, : np.searchsorted(frequencies_hz, 150.0)].sum(axis=1) / power.sum(axis=1)),
    }


def _spectral_contrast(power: np.ndarray) -> np.ndarray:
    """Peaks less valleys in dB by octave, shape (n_frames, 7). Source: Jiang et al. (2002), ICME."""
    edges = np.searchsorted(bin_frequencies_hz(N_FFT), _CONTRAST_EDGES_HZ)
    contrast = []
    for lower, upper in itertools.pairwise(edges):
        n_extreme = max(1, round(0.1 * (upper - lower)))
        band = np.partition(power[:, lower:upper], (n_extreme, -n_extreme), axis=1) + 1e-9
        peaks, valleys = band[:, -n_extreme:].mean(axis=1), band[:, :n_extreme].mean(axis=1)
        contrast.append(10.0 * np.log10(peaks / valleys))
    return np.stack(contrast, axis=1)


def _describe_percussion(mel_db: np.ndarray) -> dict[str, float]:
    """Share of energy that is struck and not sustained, in bass, middle and treble.

    Source: Fitzgerald (2010), median filtering, here on the mel spectrogram.
    """
    coarse_db = mel_db[: mel_db.shape[0] // 2 * 2].reshape(-1, 2, mel_db.shape[1]).mean(axis=1)
    sustained_db = scipy.ndimage.median_filter(coarse_db, size=(9, 1))
    struck_db = scipy.ndimage.median_filter(coarse_db, size=(1, 9))
    energy = 10.0 ** (coarse_db / 10.0)
    weight = 1.0 / (1.0 + 10.0 ** ((sustained_db - struck_db) / 5.0))
    thirds = np.array_split(np.arange(mel_db.shape[1]), 3)
    return {
        f"struck_share_{i}": (energy[:, third] * weight[:, third]).sum() / energy[:, third].sum()
        for i, third in enumerate(thirds)
    }


def _modulation_spectrum(mel_db: np.ndarray) -> np.ndarray:
    """Depth of each rate of change in dB, shape (8 bands, 11 rates).

    Source: after the rhythm patterns of Rauber, Pampalk and Merkl (2002), ISMIR.
    """
    n_window = min(int(6.0 * FRAME_RATE_HZ), mel_db.shape[0])
    bands = mel_db.reshape(mel_db.shape[0], 8, -1).mean(axis=2)
    windows = np.lib.stride_tricks.sliding_window_view(bands, n_window, axis=0)[:: n_window // 2]
    windows = (windows - windows.mean(axis=2, keepdims=True)) * np.hanning(n_window)
    spectrum = np.square(np.abs(scipy.fft.rfft(windows, n=512, axis=2))).mean(axis=0) / n_window
    rates_hz = np.arange(spectrum.shape[1]) * FRAME_RATE_HZ / 512
    edges = np.searchsorted(rates_hz, _MODULATION_EDGES_HZ)
    rates = [spectrum[:, lower:upper].mean(axis=1) for lower, upper in itertools.pairwise(edges)]
    return 10.0 * np.log10(np.stack(rates, axis=1) + 0.1)


def _local_modes(chroma: np.ndarray) -> np.ndarray:
    """Best major less best minor correlation over windows of 5 s, shape (n_windows,)."""
    n_window = min(27, chroma.shape[0])
    windows = np.lib.stride_tricks.sliding_window_view(chroma, n_window, axis=0)[:: max(1, n_window // 2)].mean(axis=2)
    pairs = [key_correlations(window) for window in windows]
    return np.array([major.max() - minor.max() for major, minor in pairs])


def _entropy(chroma: np.ndarray) -> np.ndarray:
    entropy: np.ndarray = -(chroma * np.log2(chroma + 1e-9)).sum(axis=1)
    return entropy


def _harmonic_change(chroma: np.ndarray) -> np.ndarray:
    """Distance between tonal centroids half a second apart. Source: Harte, Sandler and Gasser (2006)."""
    step = np.arange(12)
    angles = np.stack([step * 7 * np.pi / 6, step * 3 * np.pi / 2, step * 2 * np.pi / 3])
    radii = np.array([1.0, 1.0, 0.5])[:, None]
    basis = np.concatenate([radii * np.sin(angles), radii * np.cos(angles)])
    smooth = scipy.ndimage.uniform_filter1d(chroma, size=3, axis=0)
    centroids = smooth @ basis.T
    change: np.ndarray = np.linalg.norm(centroids[3:] - centroids[:-3], axis=1)
    return change


def _describe_chords(chroma: np.ndarray) -> dict[str, float]:
    """How often the best fitting triad is major or minor, and how well triads fit at all."""
    smooth = scipy.ndimage.uniform_filter1d(chroma, size=5, axis=0)
    smooth = smooth / np.maximum(np.linalg.norm(smooth, axis=1, keepdims=True), 1e-9)
    fits = {}
    for name, degrees in (("major", (0, 4, 7)), ("minor", (0, 3, 7)), ("diminished", (0, 3, 6)), ("power", (0, 7))):
        template = np.zeros(12)
        template[list(degrees)] = 1.0 / np.sqrt(len(degrees))
        fits[name] = np.max(smooth @ np.stack([np.roll(template, root) for root in range(12)]).T, axis=1)
    described = {f"fit_{name}": fit.mean() for name, fit in fits.items()}
    described["major_chord_share"] = np.mean(fits["major"] > fits["minor"])
    described["major_chord_lead"] = np.mean(fits["major"] - fits["minor"])
    return described


def _describe_register(peaks: Peaks) -> dict[str, float]:
    """Where the strongest partials lie, how many there are, and how far they spread."""
    weight = np.sqrt(peaks.amplitude)
    octaves = np.log2(peaks.frequency_hz / 440.0)
    total = np.maximum(weight.sum(axis=1), 1e-9)
    center = (weight * octaves).sum(axis=1) / total
    spread = np.sqrt((weight * np.square(octaves - center[:, None])).sum(axis=1) / total)
    strongest = octaves[np.arange(octaves.shape[0]), np.argmax(peaks.amplitude, axis=1)]
    n_peaks = (peaks.amplitude > 0.05 * peaks.amplitude.max(axis=1, keepdims=True)).sum(axis=1)
    described = _summarize("register", center) | _summarize("strongest_partial", strongest)
    described |= {"register_spread": spread.mean(), "n_partials_mean": n_peaks.mean(), "n_partials_std": n_peaks.std()}
    return described
