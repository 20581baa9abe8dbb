from __future__ import annotations

import numpy as np
import pytest

from recommender.filters import PlaylistFilter, TrackAttributes
from recommender.index import TrackIndex

ATTRIBUTES = TrackAttributes.build(
    ["Rock", "rock ", "Jazz", None], ["CC BY 4.0", None, "cc by 4.0", "CC0"], [1970, 1999, None, 2020]
)


@pytest.mark.parametrize(
    ("wanted", "passing"),
    [
        (PlaylistFilter(), [0, 1, 2, 3]),
        (PlaylistFilter(genres=frozenset({"ROCK"})), [0, 1]),
        (PlaylistFilter(genres=frozenset({"rock", "jazz"}), licences=frozenset({"CC BY 4.0"})), [0, 2]),
        (PlaylistFilter(genres=frozenset()), []),
        (PlaylistFilter(genres=frozenset({"polka"})), []),
        (PlaylistFilter(first_year=1999), [1, 3]),
        (PlaylistFilter(last_year=1999), [0, 1]),
        (PlaylistFilter(first_year=1971, last_year=2000), [1]),
    ],
)
def test_tracks_pass_only_if_all_that_is_asked_is_known_of_them(wanted, passing):
    assert np.flatnonzero(ATTRIBUTES.select(wanted)).tolist() == passing


def test_only_a_filter_that_asks_nothing_is_open():
    assert PlaylistFilter().is_open
    assert not PlaylistFilter(first_year=1999).is_open


def test_years_that_run_backwards_are_refused():
    with pytest.raises(ValueError, match="years must run forward, got 2000 to 1990"):
        PlaylistFilter(first_year=2000, last_year=1990)


def test_attributes_of_another_number_of_tracks_are_refused():
    with pytest.raises(ValueError, match="differ in length: 2, 1, 1"):
        TrackAttributes.build(["a", "b"], ["c"], [1])


def test_a_selection_asked_again_is_the_same_array_and_few_are_kept():
    first = ATTRIBUTES.select(PlaylistFilter(first_year=1900))

    assert ATTRIBUTES.select(PlaylistFilter(first_year=1900)) is first
    for year in range(1800, 1900):
        ATTRIBUTES.select(PlaylistFilter(first_year=year))
    assert len(ATTRIBUTES._kept) == 32


def test_filters_that_leave_nothing_find_nothing():
    index = TrackIndex.build([5, 6, 7, 8], np.eye(4), model="m", revision=1, attributes=ATTRIBUTES)

    ids, similarities = index.search(np.ones(4), 3, where=PlaylistFilter(genres=frozenset({"polka"})))

    assert (len(ids), len(similarities)) == (0, 0)


def test_attributes_follow_their_tracks_when_ids_are_sorted():
    index = TrackIndex.build([8, 5, 7, 6], np.eye(4), model="m", revision=1, attributes=ATTRIBUTES)

    ids, _ = index.search(np.ones(4), 4, where=PlaylistFilter(genres=frozenset({"rock"})))

    assert sorted(ids.tolist()) == [5, 8]


def test_filters_and_lists_of_ids_add_up():
    index = TrackIndex.build([5, 6, 7, 8], np.eye(4), model="m", revision=1, attributes=ATTRIBUTES)

    ids, _ = index.search(
        np.ones(4),
        4,
        where=PlaylistFilter(licences=frozenset({"cc by 4.0", "cc0"})),
        allowed_ids=[7, 8, 99],
        excluded_ids={8},
    )

    assert ids.tolist() == [7]
