from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from app.services.mixing import derive_seed, mix
from catalog.queries import TrackFacts
from recommender.candidates import Recommendation


def rank(*tracks):
    """Make ranked tracks of (score, artist)."""
    return [
        Recommendation(i, score, "", {}, TrackFacts(i, f"Piece {i}", artist, duration_s=60.0))
        for i, (score, artist) in enumerate(tracks)
    ]


def ids_of(mixed):
    return [one.track.track_id for one in mixed]


def test_the_same_chance_gives_the_same_order():
    ranked = rank(*((1.0, f"artist {i}") for i in range(12)))

    first, again, other = (mix(ranked, np.random.default_rng(seed), k=6) for seed in (1, 1, 2))

    assert ids_of(first) == ids_of(again)
    assert ids_of(first) != ids_of(other)


def test_the_odds_told_are_those_there_are():
    ranked = rank((1.0, "a"), (0.9, "b"), (0.7, "c"))

    openings = [mix(ranked, np.random.default_rng(seed), k=1)[0] for seed in range(2_000)]

    told = {one.track.track_id: one.propensity for one in openings}
    counts = Counter(one.track.track_id for one in openings)
    assert sum(told.values()) == pytest.approx(1.0)
    assert all(counts[i] / 2_000 == pytest.approx(told[i], abs=0.04) for i in told)


def test_no_artist_comes_twice_in_a_row_where_that_can_be():
    ranked = rank((3.0, "a"), (2.9, "A"), (0.0, "b"))

    mixed = mix(ranked, np.random.default_rng(0), k=3)

    assert [one.track.facts.artist.casefold() for one in mixed] == ["a", "b", "a"]


def test_time_bounds_all_but_the_first():
    ranked = rank(*((1.0, f"artist {i}") for i in range(5)))

    assert len(mix(ranked, np.random.default_rng(0), k=5, max_duration_s=150.0)) == 2
    assert len(mix(ranked, np.random.default_rng(0), k=5, max_duration_s=1.0)) == 1


def test_nothing_ranked_is_nothing_mixed():
    assert mix([], np.random.default_rng(0), k=5) == ()


def test_a_seed_follows_from_what_the_playlist_is_for():
    assert derive_seed("a", 1) == derive_seed("a", 1) != derive_seed("a", 2)
