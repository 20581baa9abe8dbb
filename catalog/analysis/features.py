"""The features a curator reads, and the measuring of one excerpt."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.analysis.decoding import SAMPLE_RATE, Excerpt
from catalog.analysis.descriptors import Measurements, describe
from catalog.analysis.loudness import measure_loudness
from catalog.analysis.rhythm import measure_rhythm
from catalog.analysis.spectra import compute_spectra
from catalog.analysis.tonality import find_peaks, measure_tonality


@dataclass(frozen=True, slots=True)
class AudioFeatureValues:
    """What a curator reads about a track; measured on the central excerpt.

    Attributes:
        tempo_bpm: beats a minute; 0 if nothing pulses.
        beat_strength: within [0, 1], how strictly the onsets repeat at the beat.
        onset_rate_hz: note onsets a second.
        key: tonic, one of C, C#, D, Eb, E, F, F#, G, Ab, A, Bb, B.
        mode: "major" or "minor".
        key_clarity: within [-1, 1], how well the key fits.
        loudness_lufs: integrated loudness by ITU-R BS.1770-4.
        dynamic_range_db: loudness range by EBU Tech 3342, in LU.
        brightness_hz: mean spectral centroid.
    """

    tempo_bpm: float
    beat_strength: float
    onset_rate_hz: float
    key: str
    mode: str
    key_clarity: float
    loudness_lufs: float
    dynamic_range_db: float
    brightness_hz: float


def extract_features(excerpt: Excerpt) -> tuple[AudioFeatureValues, dict[str, float]]:
    """Measure an excerpt.

    Returns:
        The curator's features, and the descriptors by name that the affect model reads.
    """
    loudness_lufs, loudness_range_lu = measure_loudness(excerpt.channels, SAMPLE_RATE)
    spectra = compute_spectra(excerpt.waveform)
    peaks = find_peaks(spectra.tonal_power)
    measurements = Measurements(
        spectra=spectra,
        rhythm=measure_rhythm(spectra.mel_db),
        peaks=peaks,
        tonality=measure_tonality(peaks),
        loudness_range_lu=loudness_range_lu,
    )
    descriptors = describe(measurements)
    values = AudioFeatureValues(
        tempo_bpm=measurements.rhythm.tempo_bpm,
        beat_strength=measurements.rhythm.beat_strength,
        onset_rate_hz=measurements.rhythm.onset_rate_hz,
        key=measurements.tonality.key,
        mode=measurements.tonality.mode,
        key_clarity=measurements.tonality.key_clarity,
        loudness_lufs=loudness_lufs,
        dynamic_range_db=loudness_range_lu,
        brightness_hz=float(2.0 ** descriptors["timbre.centroid_octaves_mean"]),
    )
    return values, descriptors
