from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.affect import LABELS
from recommender.beam_search import BeamOptions, find_path
from recommender.errors import EmptyIndexError, InvalidPosteriorError
from recommender.journey_measures import (
    find_rows,
    measure_journey,
    plan_by_interpolation,
    shuffle_between_ends,
)
from recommender.journeys import load_travel_space, measure_progress, place_mood, plan_journey

SAD, HAPPY, CALM = {"sad": 1.0}, {"happy": 1.0}, {"neutral": 1.0}
ways = st.permutations(LABELS).map(lambda labels: ({labels[0]: 1.0}, {labels[1]: 1.0}))


@pytest.fixture(scope="module")
def index(catalog):
    return catalog.build_index()


@pytest.fixture(scope="module")
def space(catalog, index):
    return load_travel_space(index, catalog.load_facts, catalog.track_ids)


def plan(catalog, index, posterior=SAD, target=HAPPY, **more):
    return plan_journey(index, catalog.load_facts, posterior, target, **more)


def ids_of(journey):
    return [step.track_id for step in journey]


@given(way=ways, k=st.integers(2, 20), seed=st.none() | st.integers(0, 9))
@settings(max_examples=15, deadline=None)
def test_a_journey_has_as_many_tracks_as_asked_for_and_scores_that_add_up(catalog, index, way, k, seed):
    journey = plan(catalog, index, *way, k=k, seed=seed)

    assert len(set(ids_of(journey))) == k
    for step in journey:
        assert step.score == math.fsum(step.contributions.values())
        assert max(step.contributions[part] for part in ("place", "step", "setback")) <= 0.0


@given(way=ways)
@settings(max_examples=12, deadline=None)
def test_a_journey_is_smoother_than_interpolation_and_than_chance(catalog, index, space, way):
    start, end = (place_mood(mood) for mood in way)
    track_ids = ids_of(plan(catalog, index, *way, k=8))

    planned, straight, shuffled = (
        measure_journey(space, ids, start, end)
        for ids in (
            track_ids,
            plan_by_interpolation(space, start, end, 8),
            shuffle_between_ends(track_ids, np.random.default_rng(0)),
        )
    )

    assert planned.mean_step < straight.mean_step
    assert planned.mean_step < shuffled.mean_step
    assert planned.monotone_progress >= 0.8
    assert planned.way_covered > 0.6


def test_a_journey_starts_where_the_listener_is_and_ends_at_the_target(catalog, index):
    journey = plan(catalog, index, SAD, HAPPY, k=10)

    assert journey[0].progress < 0.3
    assert journey[-1].progress > 0.7
    assert journey[0].reason == "starts where you are"
    assert any("brighter" in step.reason for step in journey)


def test_an_artist_comes_at_most_once_in_a_stretch(catalog, index):
    artists = [step.facts.artist for step in plan(catalog, index, k=20)]

    assert all(len(set(artists[i : i + 4])) == 4 for i in range(len(artists) - 3))


def test_one_artist_still_makes_a_journey(build_catalog):
    small = build_catalog(30, n_artists=1)

    assert len(plan(small, small.build_index(), k=10)) == 10


def test_excluded_and_disallowed_tracks_stay_away(catalog, index):
    unwanted = ids_of(plan(catalog, index))
    allowed = catalog.track_ids[::2]

    assert set(unwanted).isdisjoint(ids_of(plan(catalog, index, excluded_track_ids=set(unwanted))))
    assert set(ids_of(plan(catalog, index, allowed_track_ids=allowed))) <= set(allowed.tolist())


def test_nothing_allowed_makes_no_journey(catalog, index):
    assert plan(catalog, index, excluded_track_ids=set(catalog.track_ids.tolist())) == []


def test_a_small_catalog_gives_all_it_has(build_catalog):
    small = build_catalog(5)

    assert sorted(ids_of(plan(small, small.build_index(), k=12))) == small.track_ids.tolist()


def test_one_track_makes_a_journey_of_one(build_catalog):
    small = build_catalog(1)

    assert ids_of(plan(small, small.build_index())) == [3]


def test_tracks_gone_from_the_catalog_are_passed_over(catalog, index):
    gone = set(ids_of(plan(catalog, index)))
    remaining = replace(catalog, facts_by_id={i: f for i, f in catalog.facts_by_id.items() if i not in gone})

    journey = plan(remaining, index)

    assert len(journey) == 10
    assert gone.isdisjoint(ids_of(journey))


def test_a_journey_to_the_mood_one_is_in_stays_there(catalog, index):
    journey = plan(catalog, index, CALM, CALM, k=5)

    assert [step.progress for step in journey] == [1.0] * 5


def test_the_same_seed_gives_the_same_journey_and_another_seed_another_one(catalog, index):
    assert ids_of(plan(catalog, index)) == ids_of(plan(catalog, index))
    assert ids_of(plan(catalog, index, seed=1)) == ids_of(plan(catalog, index, seed=1))
    assert ids_of(plan(catalog, index, seed=1)) != ids_of(plan(catalog, index, seed=2))


def test_unknown_tempos_are_no_obstacle(build_catalog):
    small = build_catalog(30)
    without = replace(small, facts_by_id={i: replace(f, tempo_bpm=None) for i, f in small.facts_by_id.items()})

    assert len(plan(without, without.build_index())) == 10


@pytest.mark.parametrize("k", [0, 1, 51, 100_000])
def test_a_length_out_of_bounds_is_refused(catalog, index, k):
    with pytest.raises(ValueError, match=f"k must lie within 2 to 50, got {k}"):
        plan(catalog, index, k=k)


def test_an_empty_index_and_a_bad_target_are_told(build_catalog, catalog, index):
    empty = build_catalog(0)

    with pytest.raises(EmptyIndexError, match="at least one track"):
        plan(empty, empty.build_index())
    with pytest.raises(InvalidPosteriorError, match="sum to 1"):
        plan(catalog, index, SAD, {"happy": 0.4})


def test_a_mood_that_says_nothing_lies_near_an_average_track():
    flat = dict.fromkeys(LABELS, 0.25)

    assert np.linalg.norm(place_mood(flat)) < 0.5 < np.linalg.norm(place_mood(SAD))


def test_measures_agree_with_a_case_worked_by_hand(space):
    start, end = np.zeros(6), np.array([1.0, 0, 0, 0, 0, 0])
    track_ids = space.track_ids[:3].tolist()

    measures = measure_journey(space, track_ids, start, end)

    steps = [math.dist(a, b) for a, b in itertools.pairwise(space.points[:3].tolist())]
    forward = [b >= a for a, b in itertools.pairwise(space.affect[:3, 0].tolist())]
    assert measures.mean_step == pytest.approx(sum(steps) / 2)
    assert measures.largest_step == pytest.approx(max(steps))
    assert measures.monotone_progress == sum(forward) / 2
    assert measures.way_covered == pytest.approx(space.affect[2, 0] - space.affect[0, 0])


def test_a_journey_without_steps_has_no_step_size(space):
    measures = measure_journey(space, space.track_ids[:1].tolist(), np.zeros(6), np.ones(6))

    assert math.isnan(measures.mean_step)
    assert math.isnan(measures.monotone_progress)


def test_tracks_unknown_to_the_space_are_told(space):
    with pytest.raises(KeyError, match="no such tracks in the space"):
        find_rows(space, [-5])


def test_progress_is_zero_at_the_start_and_one_at_the_end():
    start, end = np.zeros(6), np.full(6, 2.0)

    assert measure_progress(np.array([start, end]), start, end).tolist() == [0.0, 1.0]


def test_shuffling_keeps_the_ends():
    shuffled = shuffle_between_ends([1, 2, 3, 4, 5], np.random.default_rng(3))

    assert (shuffled[0], shuffled[-1]) == (1, 5)
    assert sorted(shuffled) == [1, 2, 3, 4, 5]
    assert shuffle_between_ends([7, 8], np.random.default_rng(3)) == [7, 8]


def test_where_all_tracks_near_a_waypoint_were_played_another_will_do(space):
    near_each = [np.array([0, 1])] * 4

    path = find_path(space, np.zeros((4, 6)), near_each, BeamOptions(), seed=None)

    assert {0, 1} < {stop.row for stop in path}
    assert len({stop.row for stop in path}) == 4
