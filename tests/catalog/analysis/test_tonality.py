from __future__ import annotations

import numpy as np
import pytest

from catalog.analysis.spectra import compute_spectra
from catalog.analysis.tonality import PITCH_CLASSES, find_peaks, measure_roughness, measure_tonality

MAJOR_CADENCE = [[60, 64, 67], [65, 69, 72], [67, 71, 74], [60, 64, 67]]
MINOR_CADENCE = [[57, 60, 64], [62, 65, 69], [64, 68, 71], [57, 60, 64]]


def transpose(chords, semitones):
    return [[note + semitones for note in chord] for chord in chords]


@pytest.mark.parametrize("semitones", range(12))
@pytest.mark.parametrize(("cadence", "tonic", "mode"), [(MAJOR_CADENCE, 0, "major"), (MINOR_CADENCE, 9, "minor")])
def test_cadence_gives_its_key(make_chords, semitones, cadence, tonic, mode):
    waveform = make_chords(transpose(cadence, semitones) * 2, 1.0)

    tonality = measure_tonality(find_peaks(compute_spectra(waveform).tonal_power))

    assert (tonality.key, tonality.mode) == (PITCH_CLASSES[(tonic + semitones) % 12], mode)


def test_key_survives_a_mistuned_recording(make_chords):
    waveform = make_chords(transpose(MAJOR_CADENCE, 0.3) * 2, 1.0)

    tonality = measure_tonality(find_peaks(compute_spectra(waveform).tonal_power))

    assert (tonality.key, tonality.mode) == ("C", "major")


def test_chroma_frames_sum_to_one(make_chords):
    chroma = measure_tonality(find_peaks(compute_spectra(make_chords(MAJOR_CADENCE, 1.0)).tonal_power)).chroma

    np.testing.assert_allclose(chroma.sum(axis=1), 1.0)


def test_semitones_are_rougher_than_fifths(make_chords):
    def measure(chord):
        return measure_roughness(find_peaks(compute_spectra(make_chords([chord] * 4, 1.0)).tonal_power)).mean()

    assert measure([60, 61]) > 1.5 * measure([60, 67])
