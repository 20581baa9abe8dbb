from __future__ import annotations

import numpy as np
import pytest

from recommender.off_policy import (
    LoggedPlaces,
    estimate_doubly_robust,
    estimate_ips,
    estimate_snips,
)
from recommender.policies import EpsilonGreedy, PlackettLuce

N_TRACKS = 8
WORTH = np.linspace(0.1, 0.8, N_TRACKS)  # the true chance of a like
VALUES = WORTH[::-1] * 0.5  # what the logging policy believes: the wrong way round
LOGGING = PlackettLuce(0.2)
TARGET = EpsilonGreedy(0.2)
TARGET_VALUES = WORTH
TRUTH = float(TARGET.compute_propensities(TARGET_VALUES) @ WORTH)


def make_log(n_playlists, *, seed=0, n_places=5):
    rng = np.random.default_rng(seed)
    logged, target = LOGGING.compute_propensities(VALUES), TARGET.compute_propensities(TARGET_VALUES)
    tracks = rng.choice(N_TRACKS, size=n_playlists * n_places, p=logged)
    reward = (rng.random(len(tracks)) < WORTH[tracks]).astype(float)
    playlist = np.repeat(np.arange(n_playlists), n_places)
    return tracks, LoggedPlaces(reward, logged[tracks], target[tracks], playlist)


def doubly_robust(tracks, places, model, **more):
    target = TARGET.compute_propensities(TARGET_VALUES)
    return estimate_doubly_robust(places, model[tracks], np.full(len(tracks), target @ model), **more)


def test_every_estimator_finds_the_truth_that_the_logs_hide():
    tracks, places = make_log(4_000)

    estimates = [
        estimate_ips(places, max_weight=1e9),
        estimate_snips(places, max_weight=1e9),
        doubly_robust(tracks, places, np.full(N_TRACKS, 0.5), max_weight=1e9),
    ]

    assert places.reward.mean() < TRUTH - 0.2
    for estimate in estimates:
        assert estimate.value == pytest.approx(TRUTH, abs=0.04)
        assert estimate.low < TRUTH < estimate.high


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    n_held = 0

    for seed in range(40):
        estimate = estimate_snips(make_log(150, seed=seed)[1], max_weight=1e9)
        n_held += estimate.low <= TRUTH <= estimate.high

    assert n_held >= 33


def test_a_good_model_of_rewards_narrows_the_interval():
    tracks, places = make_log(1_000)

    alone, with_model = estimate_ips(places, max_weight=1e9), doubly_robust(tracks, places, WORTH, max_weight=1e9)

    assert with_model.high - with_model.low < 0.8 * (alone.high - alone.low)


def test_a_right_model_is_enough_where_the_logged_odds_are_wrong():
    tracks, places = make_log(4_000)
    wrong = LoggedPlaces(places.reward, np.minimum(1.0, places.logged * 3), places.target, places.playlist)

    assert doubly_robust(tracks, wrong, WORTH, max_weight=1e9).value == pytest.approx(TRUTH, abs=0.02)
    assert estimate_ips(wrong, max_weight=1e9).value < 0.5 * TRUTH


def test_judging_the_policy_that_served_is_the_plain_mean():
    _, places = make_log(100)
    same = LoggedPlaces(places.reward, places.logged, places.logged, places.playlist)

    for estimate in (estimate_ips(same), estimate_snips(same)):
        assert estimate.value == pytest.approx(places.reward.mean())
        assert estimate.effective_n == pytest.approx(500)
        assert estimate.clipped_share == 0.0


def test_clipping_pulls_down_and_says_so():
    _, places = make_log(1_000)

    clipped, whole = estimate_ips(places, max_weight=2.0), estimate_ips(places, max_weight=1e9)

    assert clipped.value < whole.value
    assert clipped.high - clipped.low < whole.high - whole.low
    assert clipped.clipped_share == pytest.approx(np.mean(places.target / places.logged > 2.0))
    assert whole.effective_n < clipped.effective_n < 5_000


def test_worked_by_hand():
    places = LoggedPlaces(np.array([1.0, 0.0]), np.array([0.5, 0.5]), np.array([1.0, 0.25]), np.array([0, 1]))

    assert estimate_ips(places).value == pytest.approx(1.0)
    assert estimate_snips(places).value == pytest.approx(2.0 / 2.5)
    predicted, expected = np.array([0.5, 0.5]), np.array([0.6, 0.6])
    assert estimate_doubly_robust(places, predicted, expected).value == pytest.approx(0.6 + (2 * 0.5 - 0.5 * 0.5) / 2)
    assert estimate_ips(places).effective_n == pytest.approx(2.5**2 / 4.25)


def test_no_log_and_no_overlap_give_nan():
    empty = LoggedPlaces(*(np.empty(0) for _ in range(4)))
    apart = LoggedPlaces(np.ones(3), np.ones(3), np.zeros(3), np.arange(3))

    assert np.isnan(estimate_ips(empty).value)
    assert np.isnan(estimate_snips(apart).value)
    assert np.isnan(estimate_snips(apart).low)
    assert estimate_snips(apart).effective_n == 0.0


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"logged": np.zeros(2)}, r"within \(0, 1\]"),
        ({"target": np.full(2, 1.5)}, r"within \[0, 1\]"),
        ({"reward": np.full(2, np.nan)}, "must be finite"),
        ({"playlist": np.zeros(3)}, "columns of one length"),
    ],
)
def test_what_is_no_log_is_refused(change, complaint):
    columns = {"reward": np.ones(2), "logged": np.ones(2), "target": np.ones(2), "playlist": np.zeros(2)}

    with pytest.raises(ValueError, match=complaint):
        LoggedPlaces(**columns | change)


def test_predictions_of_another_length_and_idle_weights_are_refused():
    places = LoggedPlaces(np.ones(2), np.ones(2), np.ones(2), np.zeros(2))

    with pytest.raises(ValueError, match=r"predictions of shape \(2,\), got \(3,\)"):
        estimate_doubly_robust(places, np.ones(3), np.ones(2))
    with pytest.raises(ValueError, match=r"max_weight must be above 0, got 0\.0"):
        estimate_ips(places, max_weight=0.0)
