from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from recognizer.corpora import ravdess
from recognizer.evaluation.pitch import average_pitch_hz, estimate_pitch_hz
from tests.recognizer.corpora.test_audit import decode_any


def make_vowel(pitch_hz, n_samples=16_000):
    time_s = np.arange(n_samples) / 16_000
    return sum(np.sin(2 * np.pi * pitch_hz * k * time_s) / k for k in range(1, 12)).astype(np.float32)


@pytest.mark.parametrize("pitch_hz", [80, 110, 145, 190, 240, 400])
def test_the_pitch_of_a_vowel_is_found(pitch_hz):
    assert estimate_pitch_hz(make_vowel(pitch_hz)) == pytest.approx(pitch_hz, rel=0.02)


def test_silence_around_a_vowel_does_not_matter():
    waveform = np.concatenate([np.zeros(16_000), make_vowel(120), np.zeros(16_000)]).astype(np.float32)

    assert estimate_pitch_hz(waveform) == pytest.approx(120, rel=0.02)


@pytest.mark.parametrize(
    "waveform", [np.zeros(0), np.zeros(100), np.zeros(16_000), np.random.default_rng(0).normal(size=16_000)]
)
def test_what_is_not_voiced_has_no_pitch(waveform):
    assert np.isnan(estimate_pitch_hz(waveform.astype(np.float32)))


def test_a_speaker_has_the_median_of_what_is_known():
    assert average_pitch_hz([100.0, float("nan"), 120.0, 400.0]) == 120.0
    assert np.isnan(average_pitch_hz([float("nan")]))


@pytest.mark.data
def test_the_men_of_ravdess_are_lower_than_the_women(material_dir):
    pitches = defaultdict(list)
    for one in ravdess.load(material_dir / "data" / "speech" / "ravdess"):
        if one.utterance_id.startswith("03-01-01-01-01-01"):
            pitches[one.sex].append(estimate_pitch_hz(decode_any(one.path)))

    assert max(pitches["male"]) < min(pitches["female"])
