from __future__ import annotations

import numpy as np
import pytest

from catalog.analysis.affect import load_affect_model
from catalog.analysis.decoding import decode_excerpt
from catalog.analysis.features import extract_features


@pytest.fixture
def describe(write_wav):
    return lambda waveform, name="music.wav": extract_features(decode_excerpt(write_wav(waveform, name=name)))[1]


def test_descriptors_are_those_the_shipped_model_reads(describe, make_clicks):
    described = describe(make_clicks(100.0, 8.0))

    assert tuple(described) == load_affect_model().descriptor_names


@pytest.mark.parametrize("duration_s", [3.2, 8.0, 70.0])
def test_descriptors_are_finite_whatever_the_length(describe, make_chords, duration_s):
    described = describe(make_chords([[60, 64, 67]] * int(duration_s / 0.8), 0.8))

    assert np.isfinite(list(described.values())).all()


@pytest.mark.parametrize("kind", ["noise", "impulse", "square"])
def test_descriptors_of_odd_signals_are_finite(describe, kind):
    waveform = {
        "noise": 0.3 * np.random.default_rng(1).standard_normal(110_250),
        "impulse": np.eye(1, 110_250, 50_000)[0],
        "square": np.sign(np.sin(np.arange(110_250) / 20.0)),
    }[kind]

    assert np.isfinite(list(describe(waveform).values())).all()


def test_descriptors_do_not_know_the_level(describe, make_chords):
    waveform = make_chords([[60, 64, 67], [57, 60, 64]] * 4, 1.0)

    loud, quiet = describe(waveform, "loud.wav"), describe(0.1 * waveform, "quiet.wav")

    np.testing.assert_allclose(list(loud.values()), list(quiet.values()), rtol=0.02, atol=0.02)
