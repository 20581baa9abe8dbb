from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognizer.audio import SAMPLE_RATE, Clip
from recognizer.errors import UnusableClipError
from recognizer.speech import (
    CHUNK_SAMPLES,
    Speech,
    compute_speech_probabilities,
    find_speech,
    split_into_windows,
)
from tests.signals import make_hum, make_noise, make_speech, make_tone


def make_silence(duration_s):
    return np.random.default_rng(0).normal(scale=1e-4, size=int(duration_s * SAMPLE_RATE)).astype(np.float32)


def speech_between(start_s, end_s, duration_s):
    middles_s = (np.arange(int(np.ceil(duration_s * SAMPLE_RATE / CHUNK_SAMPLES))) + 0.5) * CHUNK_SAMPLES / SAMPLE_RATE
    return Speech(start_s, end_s, (middles_s >= start_s) & (middles_s <= end_s))


def test_speech_is_found_between_silences_with_a_margin():
    waveform = np.concatenate([make_silence(1.0), make_speech(2.0), make_silence(1.5)])

    speech = find_speech(Clip("note", waveform))

    assert 0.7 < speech.start_s < 1.0
    assert 3.0 < speech.end_s < 3.4
    assert speech.compute_share(1.2, 2.8) > 0.9
    assert speech.compute_share(0.0, 0.6) == 0.0


@pytest.mark.parametrize("level", [0.01, 0.1, 0.9])
def test_soft_and_loud_speech_is_found(level):
    speech = find_speech(Clip("note", make_speech(2.0, level=level)))

    assert speech.end_s - speech.start_s > 1.7


@pytest.mark.parametrize(
    "waveform",
    [
        make_silence(3.0),
        make_noise(3.0, level=0.2),
        make_noise(3.0, level=0.1, slope=1.0),
        make_noise(3.0, level=0.1, slope=2.0),
        make_tone(3.0),
        make_hum(3.0, level=0.01) + make_noise(3.0, level=0.01),
    ],
    ids=["silence", "white noise", "pink noise", "brown noise", "tone", "hum in noise"],
)
def test_where_nobody_speaks_the_clip_is_refused(waveform):
    with pytest.raises(UnusableClipError, match=r"expected speech, got none in 3\.0 s of sound") as raised:
        find_speech(Clip("note", waveform))

    assert raised.value.code == "no_speech"


def test_what_was_heard_before_changes_nothing():
    waveform = make_speech(1.0)
    first = compute_speech_probabilities(waveform)

    compute_speech_probabilities(make_noise(2.0, level=0.5))

    np.testing.assert_array_equal(compute_speech_probabilities(waveform), first)


def test_probabilities_cover_the_last_incomplete_chunk():
    assert len(compute_speech_probabilities(make_speech(1.0)[: 3 * CHUNK_SAMPLES + 1])) == 4


def test_speech_shorter_than_a_window_is_one_window_of_its_own_length():
    (window,) = split_into_windows(speech_between(0.4, 2.0, 4.0), 4.0)

    assert (window.start_s, window.end_s) == pytest.approx((0.4, 2.0))
    assert window.speech_share == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize(
    ("start_s", "end_s", "expected"), [(1.0, 1.2, (0.85, 1.35)), (0.0, 0.1, (0.0, 0.5)), (1.9, 2.0, (1.5, 2.0))]
)
def test_a_single_word_is_widened_to_half_a_second(start_s, end_s, expected):
    (window,) = split_into_windows(speech_between(start_s, end_s, 2.0), 2.0)

    assert (window.start_s, window.end_s) == pytest.approx(expected)


def test_windows_hop_and_the_last_ends_with_the_speech():
    windows = split_into_windows(speech_between(0.5, 6.0, 8.0), 8.0)

    assert [(window.start_s, window.end_s) for window in windows] == [(0.5, 3.5), (2.0, 5.0), (3.0, 6.0)]


def test_windows_that_fit_exactly_are_not_repeated():
    windows = split_into_windows(speech_between(0.0, 6.0, 6.0), 6.0)

    assert [window.start_s for window in windows] == [0.0, 1.5, 3.0]


@given(st.floats(0.5, 60), st.floats(0, 1), st.floats(0, 1))
def test_windows_have_one_length_lie_within_the_clip_and_cover_the_speech(duration_s, first, last):
    start_s, end_s = sorted((first * duration_s, last * duration_s))

    windows = split_into_windows(speech_between(start_s, end_s, duration_s), duration_s)

    lengths_s = [window.end_s - window.start_s for window in windows]
    np.testing.assert_allclose(lengths_s, lengths_s[0])
    assert 0.5 - 1e-9 <= lengths_s[0] <= 3.0 + 1e-9
    assert windows[0].start_s <= start_s + 1e-9
    assert windows[-1].end_s >= end_s - 1e-9
    assert windows[0].start_s >= 0
    assert windows[-1].end_s <= duration_s + 1e-9
    assert all(0 < after.start_s - before.start_s <= 1.5 + 1e-9 for before, after in pairwise(windows))
