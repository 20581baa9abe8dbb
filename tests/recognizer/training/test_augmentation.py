from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recognizer.training.augmentation import augment
from tests.signals import make_speech

SPEECH = make_speech(1.0, level=0.9)


@given(seed=st.integers(0, 10_000), level=st.sampled_from([0.001, 0.1, 1.0]))
@settings(max_examples=40, deadline=None)
def test_a_copy_stays_in_range_and_within_a_tenth_of_the_length(seed, level):
    copy = augment(SPEECH * np.float32(level), np.random.default_rng(seed))

    assert copy.dtype == np.float32
    assert np.abs(copy).max() <= 1.0
    assert len(SPEECH) / 1.1 - 1 <= len(copy) <= len(SPEECH) / 0.9 + 1


@given(seed=st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_equal_seeds_give_equal_copies(seed):
    first, second = (augment(SPEECH, np.random.default_rng(seed)) for _ in range(2))

    np.testing.assert_array_equal(first, second)


def test_copies_differ_and_the_clip_stays_as_it_was():
    waveform = SPEECH.copy()
    rng = np.random.default_rng(0)

    copies = [augment(waveform, rng) for _ in range(6)]

    np.testing.assert_array_equal(waveform, SPEECH)
    assert len({copy.tobytes() for copy in copies}) > 1


@pytest.mark.parametrize("seed", range(5))
def test_silence_stays_silent(seed):
    copy = augment(np.zeros(8000, np.float32), np.random.default_rng(seed))

    assert not copy.any()
