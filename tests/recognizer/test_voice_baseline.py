from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognizer.errors import VoiceBaselineError
from recognizer.voice_baseline import VoiceBaseline

MODEL = "tiny 1.0"


def draw_clips(seed, n_clips, statistics_dim=3):
    return np.random.default_rng(seed).normal(5, 2, (n_clips, statistics_dim)).astype(np.float32)


def build(clips, model=MODEL, statistics_dim=3):
    baseline = VoiceBaseline.empty(model, statistics_dim)
    for statistics in clips:
        baseline = baseline.with_clip(statistics)
    return baseline


@given(st.integers(0, 100), st.integers(1, 40))
def test_running_statistics_are_those_of_all_clips(seed, n_clips):
    clips = draw_clips(seed, n_clips)

    baseline = build(clips)

    assert baseline.n_clips == n_clips
    np.testing.assert_allclose(baseline.mean, clips.mean(axis=0, dtype=np.float64))
    np.testing.assert_allclose(baseline.m2, n_clips * clips.astype(np.float64).var(axis=0), atol=1e-9)


@given(st.integers(0, 100), st.integers(0, 10), st.integers(0, 10))
def test_merging_is_adding_all_clips(seed, n_first, n_second):
    clips = draw_clips(seed, n_first + n_second)

    merged = build(clips[:n_first]).merged_with(build(clips[n_first:]))

    np.testing.assert_allclose(merged.mean, build(clips).mean)
    np.testing.assert_allclose(merged.m2, build(clips).m2, atol=1e-9)


def test_adding_a_clip_leaves_the_baseline_before_as_it_was():
    before = build(draw_clips(0, 2))
    mean = before.mean.copy()

    before.with_clip(np.zeros(3))

    assert before.n_clips == 2
    np.testing.assert_array_equal(before.mean, mean)


def test_a_voice_never_heard_changes_nothing():
    center = VoiceBaseline.empty(MODEL, 3).compute_center(np.ones(3, dtype=np.float32))

    np.testing.assert_array_equal(center, np.zeros((1, 3), dtype=np.float32))


def test_center_is_the_shrunk_distance_from_the_training_speakers():
    baseline = build(np.full((3, 3), 4.0))

    center = baseline.compute_center(np.ones(3, dtype=np.float32))

    assert center.dtype == np.float32
    np.testing.assert_allclose(center, np.full((1, 3), 0.5 * 3.0))


def test_weight_grows_with_clips_and_is_bounded():
    weights = [build(draw_clips(0, n_clips)).compute_weight() for n_clips in (0, 1, 3, 200)]

    assert weights == [0.0, 0.25, 0.5, 0.8]


def test_baseline_survives_json():
    baseline = build(draw_clips(0, 4))

    read = VoiceBaseline.from_json(json.loads(json.dumps(baseline.to_json())))

    assert (read.model, read.n_clips) == (MODEL, 4)
    np.testing.assert_array_equal(read.mean, baseline.mean)
    np.testing.assert_array_equal(read.m2, baseline.m2)


def test_baseline_of_another_model_is_refused():
    with pytest.raises(VoiceBaselineError, match=r"of model 'tiny 1\.0', got one of 'tiny 0\.9': build it again"):
        build([]).merged_with(build([], model="tiny 0.9"))


@pytest.mark.parametrize("statistics", [np.zeros(2), np.array([0.0, np.nan, 0.0])])
def test_statistics_of_the_wrong_shape_or_no_numbers_are_refused(statistics):
    with pytest.raises(ValueError, match=r"expected finite statistics of shape \(3,\)"):
        build([]).with_clip(statistics)


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 2},
        {"n_clips": -1},
        {"n_clips": 1.5},
        {"mean": [1.0]},
        {"mean": "loud"},
        {"m2": [-1.0, 0.0, 0.0]},
        {"mean": [float("nan")] * 3},
        {"model": None},
    ],
)
def test_a_damaged_baseline_is_refused(changes):
    with pytest.raises(VoiceBaselineError, match="expected a voice baseline of format 1, got"):
        VoiceBaseline.from_json(build(draw_clips(0, 2)).to_json() | changes)


@pytest.mark.parametrize("fields", [None, [], {}, "baseline"])
def test_what_is_no_baseline_is_refused(fields):
    with pytest.raises(VoiceBaselineError, match="expected a voice baseline of format 1, got"):
        VoiceBaseline.from_json(fields)


def test_half_of_what_the_mood_explains_is_not_taken_for_the_voice():
    mood_offsets = np.array([[4.0, 0, 0], [0, 2.0, 0], [0, 0, 0], [0, 0, 0]])

    baseline = VoiceBaseline.empty(MODEL, 3).with_clip(
        np.array([5.0, 5.0, 5.0]), posterior=np.array([0.5, 0.5, 0, 0]), mood_offsets=mood_offsets
    )

    np.testing.assert_allclose(baseline.mean, [4.0, 4.5, 5.0])


def test_a_week_of_one_mood_moves_the_center_less_than_the_notes_themselves():
    offsets = np.zeros((4, 3))
    offsets[1] = (-3.0, 1.0, 0.0)
    sad_notes = draw_clips(0, 14) - 5 + offsets[1]
    sad = np.array([0.1, 0.9, 0.0, 0.0])
    plain = build(sad_notes)

    explained = VoiceBaseline.empty(MODEL, 3)
    for statistics in sad_notes:
        explained = explained.with_clip(statistics, posterior=sad, mood_offsets=offsets)

    training_mean = np.zeros(3, dtype=np.float32)
    away = [float(each.compute_center(training_mean)[0] @ offsets[1]) for each in (explained, plain)]
    assert 0 < away[0] < 0.7 * away[1]
