from __future__ import annotations

import numpy as np
import pytest

from recognizer.evaluation.over_time import WINDOW_S, Stream, compare_filters, join_streams, measure_over_time
from recognizer.evaluation.predictions import Prediction, Predictions
from recognizer.labels import LABELS
from recognizer.smoothing import ExponentialSmoother, HiddenMarkovFilter, Hysteresis


def follow_at_once():
    return ExponentialSmoother(tau_s=1e-3)


def build_stream(truth, heard, speaker="a"):
    return Stream(speaker, np.eye(4)[heard] * 0.96 + 0.01, np.array(truth))


def build_predictions(n_speakers=3, n_clips=5):
    rows = [
        Prediction(f"{speaker}-{label}-{clip}", "made-up", f"{speaker}", None, label, "f1", 0, (2.0, 1.0, 0.0, 0.0))
        for speaker in range(n_speakers)
        for label in LABELS
        for clip in range(n_clips)
    ]
    return Predictions(tuple(rows))


def test_streams_hold_one_voice_each_and_change_their_mood():
    predictions = build_predictions()

    streams = join_streams(predictions)

    assert {stream.speaker for stream in streams} == set(predictions.speakers)
    assert all((np.diff(stream.truth) != 0).sum() == 7 for stream in streams)
    assert all(stream.posteriors.shape == (len(stream.truth), 4) for stream in streams)


def test_the_same_seed_gives_the_same_streams():
    first, second = (join_streams(build_predictions(), seed=3) for _ in range(2))

    assert [stream.truth.tolist() for stream in first] == [stream.truth.tolist() for stream in second]


def test_a_perfect_model_is_late_by_one_window_and_never_flips():
    truth = [0, 0, 1, 1, 2, 2]

    figures = measure_over_time([build_stream(truth, truth)], follow_at_once)

    assert figures.accuracy.value == 1.0
    assert figures.flips_per_minute.value == 0.0
    assert figures.delay_s.value == WINDOW_S
    assert figures.missed.value == 0.0


def test_flips_delays_and_missed_changes_are_counted():
    # The change to 1 is shown one window late, that to 2 never; one flip to 3 and back.
    stream = build_stream([0, 0, 0, 1, 1, 1, 2, 0, 0, 0], [0, 3, 0, 0, 1, 1, 1, 0, 0, 0])

    figures = measure_over_time([stream], follow_at_once, lambda: Hysteresis(min_lead=0.0))

    assert figures.accuracy.value == pytest.approx(7 / 10)
    assert figures.flips_per_minute.value == pytest.approx(2 / (10 * WINDOW_S / 60))
    assert figures.delay_s.value == pytest.approx((2 * WINDOW_S + WINDOW_S) / 2)
    assert figures.missed.value == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("truth", "shown", "n_needless"),
    [
        # Began wrong, then right, which is needed; 1 comes when it is over, which is not; 2 is needed.
        ([0, 0, 1, 1, 2, 2], [3, 0, 0, 0, 1, 2], 1),
        # 1 is shown before it begins, which is needless, and stays, which is no change.
        ([0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 1, 1], 1),
        # By way of 3 to 1, away and back: the first step and the last two are needless.
        ([0, 0, 1, 1, 1, 1], [0, 0, 3, 1, 2, 1], 3),
        # Each change of mood is missed.
        ([0, 1, 0, 2, 0, 3], [0, 0, 0, 0, 0, 0], 0),
    ],
)
def test_a_change_is_needless_unless_it_shows_the_mood_first(truth, shown, n_needless):
    figures = measure_over_time([build_stream(truth, shown)], follow_at_once, lambda: Hysteresis(min_lead=0.0))

    assert figures.flips_per_minute.value == pytest.approx(n_needless / (6 * WINDOW_S / 60))


def test_a_mood_lasts_from_6_to_21_s():
    streams = join_streams(build_predictions(n_speakers=20))

    ends = [np.flatnonzero(np.diff(stream.truth, append=-1)) for stream in streams]
    lengths = np.concatenate([np.diff(each, prepend=-1) for each in ends]) * WINDOW_S
    assert (lengths.min(), lengths.max()) == (6, 21)


def test_a_hidden_markov_filter_flips_less_on_noise_than_none():
    rng = np.random.default_rng(0)
    truth = np.repeat([0, 1, 2, 3], 30)
    heard = np.where(rng.random(120) < 0.3, rng.integers(0, 4, 120), truth)
    streams = [Stream("a", np.eye(4)[heard] * 0.4 + 0.15, truth)]

    raw = measure_over_time(streams, follow_at_once)
    filtered = measure_over_time(streams, lambda: HiddenMarkovFilter(8.0, WINDOW_S))

    assert filtered.flips_per_minute.value < raw.flips_per_minute.value
    assert filtered.accuracy.value >= raw.accuracy.value


def test_every_filter_is_measured_on_the_same_streams():
    figures = compare_filters(build_predictions(), n_resamples=20)

    assert list(figures) == ["none", "exponential, 2 s", "hidden Markov, 8 s"]


def test_speakers_with_one_mood_alone_give_nothing_to_measure():
    predictions = build_predictions()

    assert compare_filters(predictions.select(predictions.truth == 0)) == {}
