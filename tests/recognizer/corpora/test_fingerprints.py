from __future__ import annotations

import numpy as np
import pytest

from recognizer.corpora.fingerprints import NEARLY_IDENTICAL, iter_nearly_identical, take_fingerprint
from recognizer.evaluation import degradations
from tests.recognizer.corpora.voices import make_voice


def test_a_fingerprint_tells_duration_and_level():
    tone = 0.5 * np.sin(2 * np.pi * 200 * np.arange(16_000) / 16_000)

    fingerprint = take_fingerprint(tone.astype(np.float32))

    assert fingerprint.duration_s == 1.0
    assert fingerprint.level_db == pytest.approx(10 * np.log10(0.5**2 / 2), abs=0.01)
    assert np.linalg.norm(fingerprint.profile) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(
    "change",
    [
        lambda voice: degradations.change_gain(voice, -12),
        lambda voice: degradations.pad(voice, 1600, at_start=True),
        lambda voice: degradations.crop(voice, 160, at_start=False),
        lambda voice: degradations.pass_through_opus(voice, 16_000),
    ],
)
def test_a_copy_is_nearly_identical_after_gain_silence_and_coding(change):
    voice = make_voice(1)

    original, copy = take_fingerprint(voice), take_fingerprint(change(voice))

    assert original.digest != copy.digest
    assert [pair[:2] for pair in iter_nearly_identical([original, copy])] == [(0, 1)]


def test_different_recordings_are_not_nearly_identical():
    fingerprints = [take_fingerprint(make_voice(seed)) for seed in range(12)]

    assert list(iter_nearly_identical(fingerprints)) == []


@pytest.mark.parametrize("waveform", [np.zeros(0), np.zeros(8000), np.full(100, 1e-7)])
def test_silence_resembles_nothing(waveform):
    fingerprint = take_fingerprint(waveform.astype(np.float32))

    assert not fingerprint.profile.any()
    assert fingerprint.level_db <= -99.0
    assert list(iter_nearly_identical([fingerprint, fingerprint])) == []


def test_pairs_are_found_across_blocks(monkeypatch):
    monkeypatch.setattr("recognizer.corpora.fingerprints._BLOCK", 2)
    fingerprints = [take_fingerprint(make_voice(seed)) for seed in (0, 1, 2, 3, 0)]

    ((first, second, similarity),) = iter_nearly_identical(fingerprints)

    assert (first, second) == (0, 4)
    assert similarity >= NEARLY_IDENTICAL
