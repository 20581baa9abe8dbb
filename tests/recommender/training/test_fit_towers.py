from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from catalog.analysis.embeddings import N_DIMENSIONS
from recommender.affect import LABELS
from recommender.query_models import QUERY_MODELS, LinearQuery, MoodQuery
from recommender.space import Intent
from recommender.towers import Towers
from recommender.training.emotify_space import OuterFold, PlacedTracks
from recommender.training.fit_towers import (
    FIGURES_FILE,
    QUERIES,
    SCORES_FILE,
    choose_penalty,
    fit_placed_tracks,
    measure_ndcg,
    score_tracks,
)
from recommender.training.linear_models import fit_prototypes, fit_ridge_map
from recommender.training.towers import compute_wanted, draw_moods, fit_towers

MOODS = draw_moods(n_moods=256)
SHARED_AXIS = 6


def make_tracks(n=160, seed=0):
    """Tracks whose tension shows in one axis of timbre, and in none of the affect axes."""
    rng = np.random.default_rng(seed)
    felt = np.clip(rng.normal(0.3, 0.15, (n, 4)), 0.0, 1.0)
    felt_sd = (felt - felt.mean(axis=0)) / felt.std(axis=0)
    raw = 0.3 * rng.standard_normal((n, N_DIMENSIONS - 1))
    raw[:, [0, 1, 3]] += felt_sd[:, [0, 1, 3]]
    raw[:, SHARED_AXIS] += felt_sd[:, 2]
    plane = felt_sd[:, [0, 2]] / 3.0
    artists = [f"artist {i // 2}" for i in range(n)]
    return PlacedTracks(np.arange(n), artists, np.arange(n) % 10, raw, felt, plane)


@pytest.fixture(scope="module")
def towers():
    return fit_towers(make_tracks(), MOODS, penalty=0.001)


def test_towers_learn_what_the_query_set_by_hand_does_not_know(towers):
    unseen = make_tracks(seed=1)

    learned, by_hand = (
        measure_ndcg(score_tracks(model, unseen.raw), unseen.ratings) for model in (towers, MoodQuery())
    )

    assert learned.mean() > by_hand.mean() + 0.03


def test_towers_find_the_axis_that_carries_tension(towers):
    query = towers.build_query({"angry": 1.0})

    assert query[SHARED_AXIS] > 0.3
    assert query[SHARED_AXIS] > towers.build_query({"neutral": 1.0})[SHARED_AXIS]


def test_a_strong_penalty_leaves_the_query_as_set_by_hand():
    towers = fit_towers(make_tracks(), MOODS, penalty=1e4)

    mood = {"sad": 0.7, "happy": 0.3}
    query, by_hand = (model.build_query(mood, Intent.CALM) for model in (towers, MoodQuery()))

    assert float(query[:-1] @ by_hand[:-1]) > 0.99


def test_training_twice_gives_the_same_towers(towers):
    again = fit_towers(make_tracks(), MOODS, penalty=0.001)

    assert np.array_equal(towers.track_map, again.track_map)
    assert np.array_equal(towers.mood_hidden, again.mood_hidden)


def test_staying_asks_for_what_was_felt_weighted_by_the_posterior():
    tracks = make_tracks()

    wanted = compute_wanted(tracks, MOODS)

    first = int(np.flatnonzero(MOODS.is_stay)[0])
    by_posterior = tracks.ratings @ MOODS.posteriors[first]
    assert np.corrcoef(wanted[first], by_posterior)[0, 1] == pytest.approx(1.0)


def test_a_ridge_map_recovers_which_axis_carries_which_mood():
    directions = fit_ridge_map(make_tracks())

    assert np.abs(directions).argmax(axis=1).tolist() == [0, 1, SHARED_AXIS, 3]


def test_prototypes_point_to_the_typical_tracks_of_a_label():
    tracks = make_tracks()
    model = LinearQuery("prototypes", fit_prototypes(tracks))

    scores = score_tracks(model, tracks.raw)

    for i in range(len(LABELS)):
        assert np.corrcoef(scores[:, i], tracks.ratings[:, i])[0, 1] > 0.7


def test_the_penalty_is_chosen_among_those_offered():
    assert choose_penalty(make_tracks(60), MOODS, n_steps=3) in {0.03, 0.1, 0.3}


def test_a_perfect_score_reaches_an_ndcg_of_one():
    tracks = make_tracks()
    weights = np.array([[query.get(label, 0.0) for label in LABELS] for query in QUERIES])

    assert measure_ndcg(tracks.ratings @ weights.T, tracks.ratings) == pytest.approx(np.ones(len(QUERIES)))


def test_a_run_measures_every_model_out_of_fold_and_writes_arrays_that_serve(tmp_path):
    tracks = make_tracks(60)
    outer = [OuterFold(tracks.take(tracks.folds % 2 == part), tracks.take(tracks.folds % 2 != part)) for part in (0, 1)]

    figures = fit_placed_tracks(tracks, outer, out_path=tmp_path / "models.npz", report_dir=tmp_path, n_steps=2)

    assert set(figures) == set(QUERY_MODELS)
    with np.load(tmp_path / "models.npz", allow_pickle=False) as arrays:
        assert Towers.from_arrays(arrays).build_query({"sad": 1.0}).shape == (N_DIMENSIONS,)
    written = json.loads((tmp_path / FIGURES_FILE).read_text())["ndcg_at_10"]
    assert written["towers"]["mean"] == pytest.approx(figures["towers"], abs=1e-4)
    with (tmp_path / SCORES_FILE).open() as table:
        rows = list(csv.DictReader(table))
    assert len(rows) == len(QUERY_MODELS) * 60
    assert "0.6 happy+0.4 sad" in rows[0]
