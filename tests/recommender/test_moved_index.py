from __future__ import annotations

import numpy as np
import pytest

from recommender.filters import PlaylistFilter, TrackAttributes
from recommender.index import TrackIndex
from recommender.moved_index import MovedIndex


def make_vectors(n: int, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((n, 6)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def index() -> TrackIndex:
    attributes = TrackAttributes.build(["Jazz", "Folk"] * 20, [None] * 40, [None] * 40)
    return TrackIndex.build(np.arange(10, 50), make_vectors(40), model="m", revision=1, attributes=attributes)


@pytest.mark.parametrize("filters", [{}, {"excluded_ids": {12, 13}}, {"allowed_ids": np.arange(11, 30)}])
def test_it_finds_what_an_index_with_the_moved_tracks_would(index: TrackIndex, filters: dict[str, object]):
    moved, query = make_vectors(3, seed=1), make_vectors(1, seed=2)[0]
    rebuilt = index.with_tracks([12, 20, 40], moved, revision=2)

    found_ids, similarities = MovedIndex(index, [12, 20, 40], moved).search(query, 15, **filters)  # type: ignore[arg-type]

    expected_ids, expected = rebuilt.search(query, 15, **filters)  # type: ignore[arg-type]
    assert found_ids.tolist() == expected_ids.tolist()
    np.testing.assert_allclose(similarities, expected, rtol=1e-5)


def test_filters_of_kind_hold_for_moved_tracks(index: TrackIndex):
    query = make_vectors(1, seed=2)[0]

    found_ids, _ = MovedIndex(index, [11], query[None]).search(
        query, 50, where=PlaylistFilter(genres=frozenset({"Jazz"}))
    )

    assert len(found_ids) == 20
    assert 11 not in found_ids


def test_embeddings_are_those_of_the_moved_places(index: TrackIndex):
    place = make_vectors(1, seed=3)
    moved = MovedIndex(index, [20], place)

    np.testing.assert_array_equal(moved.get_embeddings([20])[0], place[0])
    np.testing.assert_array_equal(moved.get_embeddings([21]), index.get_embeddings([21]))
    assert (len(moved), moved.metadata) == (40, index.metadata)
    assert not np.array_equal(index.get_embeddings([20])[0], place[0])


def test_a_track_that_is_not_in_the_index_cannot_move(index: TrackIndex):
    with pytest.raises(KeyError, match="no such tracks in the index"):
        MovedIndex(index, [99], make_vectors(1))
