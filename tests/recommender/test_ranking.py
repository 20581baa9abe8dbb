from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.mood_mix import MAX_SHIFT_SD, MoodMix
from recommender.ranking import RankingOptions, pick_playlist
from recommender.spacing import TrackKeys

RELEVANCE_ALONE = RankingOptions(diversity_weight=0.0, duplicate_distance=0.0)


def distinct_content(n, dimension=6, seed=0):
    return np.random.default_rng(seed).standard_normal((n, dimension))


def keys_of(artists, pieces=None):
    pieces = pieces or [None] * len(artists)
    keys = [TrackKeys(artist, piece) for artist, piece in zip(artists, pieces, strict=True)]
    return lambda positions: [keys[position] for position in positions]


def pick(artists, k, *, relevance=None, content=None, pieces=None, **more):
    n = len(artists)
    return pick_playlist(
        np.arange(n, 0, -1.0) if relevance is None else np.asarray(relevance),
        distinct_content(n) if content is None else np.asarray(content),
        keys_of(artists, pieces),
        k=k,
        **({"options": RELEVANCE_ALONE} | more),
    )


def positions(picks):
    return [one.position for one in picks]


artist_lists = st.lists(st.sampled_from("abcde") | st.none(), min_size=1, max_size=40)


@given(artist_lists, st.integers(1, 50), st.integers(0, 2**32 - 1))
def test_a_playlist_holds_each_candidate_at_most_once_and_as_many_as_there_are(artists, k, seed):
    picks = pick(artists, k, content=distinct_content(len(artists), seed=seed), options=RankingOptions())

    assert len(picks) == min(k, len(artists))
    assert len(set(positions(picks))) == len(picks)


@given(artist_lists)
def test_no_artist_follows_itself_while_another_is_left(artists):
    order = positions(pick(artists, len(artists)))

    for i, (before, after) in enumerate(pairwise(order)):
        if artists[after] is not None and artists[before] == artists[after]:
            assert {artists[left] for left in order[i + 1 :]} == {artists[after]}


@given(artist_lists)
def test_no_artist_crowds_a_window_while_another_would_not(artists):
    options = RankingOptions(diversity_weight=0.0, duplicate_distance=0.0, window=4, max_per_window=1)

    order = positions(pick(artists, len(artists), options=options))

    for i, position in enumerate(order):
        recent = [artists[earlier] for earlier in order[max(0, i - 3) : i]]
        if artists[position] is not None and artists[position] in recent:
            assert all(artists[left] in recent for left in order[i:])


def test_without_rules_to_break_the_order_is_that_of_relevance():
    assert positions(pick(list("abcdef"), 6)) == [0, 1, 2, 3, 4, 5]


def test_one_artist_alone_still_gives_the_order_of_relevance():
    assert positions(pick(["a"] * 5, 5)) == [0, 1, 2, 3, 4]


def test_nameless_artists_repeat_nobody():
    assert positions(pick([None, None, None, "a"], 4)) == [0, 1, 2, 3]


def test_the_same_piece_comes_again_only_when_nothing_else_is_left():
    assert positions(pick(list("abcd"), 4, pieces=["x", "y", "x", "z"])) == [0, 1, 3, 2]


def test_a_nameless_piece_is_no_duplicate():
    assert positions(pick(list("abcd"), 4, pieces=[None, None, "x", None])) == [0, 1, 2, 3]


def test_a_near_duplicate_by_sound_comes_only_when_nothing_else_is_left():
    content = distinct_content(4)
    content[1] = content[0] * 1.01

    order = positions(pick(list("abcd"), 4, content=content, options=RankingOptions(diversity_weight=0.0)))

    assert order == [0, 2, 3, 1]


def test_a_duplicate_read_late_is_still_noticed():
    # Far more candidates than the first batch reads, each rival by the artist who has just played.
    n = 200
    artists = ["a"] * (n - 2) + ["b", "c"]
    pieces = [*range(n - 2), 0, n]

    order = positions(pick(artists, 3, pieces=pieces))

    assert order == [0, n - 1, 1]


def test_equal_sounds_all_count_as_duplicates_and_still_fill_the_playlist():
    assert positions(pick(list("abc"), 3, content=np.ones((3, 4)), options=RankingOptions())) == [0, 1, 2]


def test_silent_embeddings_are_no_division_by_zero():
    picks = pick(list("abc"), 3, content=np.zeros((3, 4)), options=RankingOptions())

    assert [one.diversity for one in picks] == [0.0, 0.0, 0.0]


def test_diversity_prefers_what_sounds_new_and_says_what_likeness_cost():
    content = [[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]]
    options = RankingOptions(diversity_weight=0.5, duplicate_distance=0.0)

    picks = pick(list("abc"), 3, relevance=[1.0, 0.9, 0.8], content=content, options=options)

    assert positions(picks) == [0, 2, 1]
    assert [one.diversity for one in picks] == pytest.approx([0.0, 0.0, -0.5 * 0.8])


def test_sounding_opposite_earns_nothing():
    picks = pick(list("ab"), 2, content=[[1.0, 0.0], [-1.0, 0.0]], options=RankingOptions())

    assert picks[1].diversity == 0.0


@given(st.integers(0, 1000))
@settings(max_examples=30)
def test_a_seed_gives_the_same_playlist_each_time(seed):
    artists = [f"artist {i}" for i in range(40)]
    relevance = np.linspace(0.1, 0.0, 40)

    first = pick(artists, 10, relevance=relevance, options=RankingOptions(), seed=seed)

    assert first == pick(artists, 10, relevance=relevance, options=RankingOptions(), seed=seed)


def test_seeds_differ_among_nearly_equal_tracks_and_chance_is_told():
    artists = [f"artist {i}" for i in range(40)]
    relevance = np.linspace(0.1, 0.0, 40)

    one, another = (pick(artists, 10, relevance=relevance, seed=seed) for seed in (1, 2))

    assert positions(one) != positions(another)
    assert all(0 < chosen.propensity < 1 for chosen in one)
    assert all(chosen.propensity == 1 for chosen in pick(artists, 10, relevance=relevance))


def test_places_go_to_tracks_as_often_as_their_propensity_says():
    artists = [f"artist {i}" for i in range(6)]
    relevance = np.linspace(0.3, 0.0, 6)

    firsts = [pick(artists, 1, relevance=relevance, options=RankingOptions(), seed=seed)[0] for seed in range(600)]

    shares = np.bincount([one.position for one in firsts], minlength=6) / len(firsts)
    propensities = {one.position: one.propensity for one in firsts}
    assert sum(propensities.values()) == pytest.approx(1.0)
    np.testing.assert_allclose(shares, [propensities[position] for position in range(6)], atol=0.06)


def test_only_the_best_may_come_by_chance():
    artists = [f"artist {i}" for i in range(30)]
    options = RankingOptions(diversity_weight=0.0, chance_weight=10.0, n_choices=3)

    firsts = {pick(artists, 1, options=options, seed=seed)[0].position for seed in range(60)}

    assert firsts == {0, 1, 2}


def test_an_album_comes_once_in_a_stretch_while_another_is_left():
    keys = [TrackKeys(f"artist {i}", None, album) for i, album in enumerate("xxxyzw")]
    options = RankingOptions(diversity_weight=0.0, duplicate_distance=0.0, album_window=3)

    picks = pick_playlist(
        np.arange(6, 0, -1.0), distinct_content(6), lambda ps: [keys[p] for p in ps], k=6, options=options
    )

    assert positions(picks) == [0, 3, 4, 1, 5, 2]


def pick_by_length(durations_s, max_duration_s):
    keys = [TrackKeys(f"artist {i}", None, None, duration_s) for i, duration_s in enumerate(durations_s)]
    n = len(keys)
    picks = pick_playlist(
        np.arange(n, 0, -1.0),
        distinct_content(n),
        lambda ps: [keys[p] for p in ps],
        k=n,
        options=RELEVANCE_ALONE,
        max_duration_s=max_duration_s,
    )
    return positions(picks)


def test_a_playlist_plays_no_longer_than_asked_and_fills_up_with_shorter_tracks():
    assert pick_by_length([200.0, 500.0, 90.0, 20.0], 300.0) == [0, 2]


def test_the_first_track_comes_however_long_it_is():
    assert pick_by_length([900.0, 100.0], 300.0) == [0]


def test_a_track_of_unknown_length_counts_as_nothing():
    assert pick_by_length([None, 300.0, 1.0], 300.0) == [0, 1]


@given(st.lists(st.floats(1.0, 600.0) | st.none(), min_size=1, max_size=30), st.floats(1.0, 3600.0))
def test_only_a_single_track_may_play_longer_than_asked(durations_s, max_duration_s):
    order = pick_by_length(durations_s, max_duration_s)

    assert len(order) == 1 or sum(durations_s[i] or 0.0 for i in order) <= max_duration_s + 1e-6


def test_the_mix_of_moods_alternates_what_relevance_would_not():
    moods = np.array([[0.9, 0.1, 0.0, 0.0]] * 4 + [[0.1, 0.9, 0.0, 0.0]] * 4)
    mix = MoodMix(np.array([0.5, 0.5, 0.0, 0.0]), moods, weight=1.0)

    picks = pick([None] * 8, 8, relevance=np.linspace(0.4, 0.0, 8), mood_mix=mix)

    assert sum(position < 4 for position in positions(picks)[:4]) == 2
    assert all(abs(one.mood_mix) <= MAX_SHIFT_SD for one in picks)


def test_candidates_that_are_gone_are_passed_over():
    keys = [None, TrackKeys("a", 1), None, TrackKeys("b", 2)]

    picks = pick_playlist(np.arange(4, 0, -1.0), distinct_content(4), lambda ps: [keys[p] for p in ps], k=4)

    assert positions(picks) == [1, 3]


def test_no_candidates_make_no_playlist():
    assert pick_playlist(np.empty(0), np.empty((0, 4)), lambda _positions: [], k=5) == []


def test_names_are_read_only_for_the_most_promising():
    asked: list[int] = []

    def load_keys(some):
        asked.extend(some)
        return [TrackKeys(f"artist {position}", None) for position in some]

    pick_playlist(np.arange(1000, 0, -1.0), distinct_content(1000), load_keys, k=5, options=RELEVANCE_ALONE)

    assert asked == list(range(15))


@given(artist_lists, st.floats(0.0, 1.0), st.integers(0, 100))
@settings(max_examples=50)
def test_each_place_goes_to_the_best_of_those_that_break_the_fewest_rules(artists, weight, seed):
    content = distinct_content(len(artists), seed=seed)
    options = RankingOptions(diversity_weight=weight, window=3, max_per_window=1)
    relevance = np.sort(np.random.default_rng(seed).standard_normal(len(artists)))[::-1]

    order = positions(pick(artists, len(artists), relevance=relevance, content=content, options=options))

    assert order == naive_playlist(artists, relevance, content, options)


def naive_playlist(artists, relevance, content, options):
    """The rules restated one candidate at a time; random content has no near-duplicates."""
    scale = np.mean([np.linalg.norm(row) for row in content])
    chosen: list[int] = []
    while len(chosen) < len(artists):
        best = None
        for i in sorted(set(range(len(artists))) - set(chosen)):
            cosines = [
                content[i] @ content[j] / np.linalg.norm(content[i]) / np.linalg.norm(content[j]) for j in chosen
            ]
            value = relevance[i] - options.diversity_weight * scale * max([0.0, *cosines])
            recent = [artists[j] for j in chosen[-(options.window - 1) :]]
            named = artists[i] is not None
            broken = 2 * (named and bool(chosen) and artists[chosen[-1]] == artists[i]) + (
                named and recent.count(artists[i]) >= options.max_per_window
            )
            if best is None or (broken, -value) < best[0]:
                best = ((broken, -value), i)
        chosen.append(best[1])
    return chosen
