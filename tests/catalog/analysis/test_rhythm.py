from __future__ import annotations

import numpy as np
import pytest

from catalog.analysis.rhythm import measure_rhythm
from catalog.analysis.spectra import compute_spectra


@pytest.mark.parametrize("tempo_bpm", [66.0, 83.0, 100.0, 120.0, 133.0, 150.0])
def test_tempo_of_clicks_is_found_within_2_percent(make_clicks, tempo_bpm):
    spectra = compute_spectra(make_clicks(tempo_bpm, 30.0))

    rhythm = measure_rhythm(spectra.mel_db)

    assert rhythm.tempo_bpm == pytest.approx(tempo_bpm, rel=0.02)
    assert rhythm.beat_strength > 0.6


def test_every_click_is_an_onset(make_clicks):
    spectra = compute_spectra(make_clicks(120.0, 30.0))

    assert measure_rhythm(spectra.mel_db).onset_rate_hz == pytest.approx(2.0, rel=0.05)


def test_noise_has_a_weaker_beat_than_clicks(make_clicks):
    noise = np.random.default_rng(2).standard_normal(30 * 22_050)

    of_noise = measure_rhythm(compute_spectra(noise).mel_db).beat_strength
    of_clicks = measure_rhythm(compute_spectra(make_clicks(120.0, 30.0)).mel_db).beat_strength

    assert of_noise < 0.3 < of_clicks


def test_flat_spectrogram_has_no_tempo():
    rhythm = measure_rhythm(np.zeros((1000, 64)))

    assert (rhythm.tempo_bpm, rhythm.beat_strength, rhythm.onset_rate_hz) == (0.0, 0.0, 0.0)
