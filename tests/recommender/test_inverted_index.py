from __future__ import annotations

import numpy as np
import pytest

from recommender import index as index_module
from recommender.errors import IndexUnreadableError
from recommender.filters import PlaylistFilter, TrackAttributes
from recommender.index import TrackIndex
from recommender.index_exact import measure_recall, search_exactly
from recommender.index_file import IndexKind

N_TRACKS = 4_000
DIMENSION = 12


def make_clusters(n, seed=0):
    rng = np.random.default_rng(seed)
    centers = rng.standard_normal((40, DIMENSION))
    vectors = centers[rng.integers(0, 40, n)] + 0.4 * rng.standard_normal((n, DIMENSION))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


VECTORS = make_clusters(N_TRACKS)
IDS = np.random.default_rng(1).permutation(3 * N_TRACKS)[:N_TRACKS]
QUERIES = make_clusters(30, seed=2)
GENRES = ["rock", "jazz", "folk", None]


@pytest.fixture(scope="module")
def index():
    attributes = TrackAttributes.build(
        [GENRES[i % 4] for i in range(N_TRACKS)], ["CC BY"] * N_TRACKS, [1950 + i % 70 for i in range(N_TRACKS)]
    )
    return TrackIndex.build(
        IDS, VECTORS, model="m-1", revision=1, attributes=attributes, queries=QUERIES, kind=IndexKind.INVERTED
    )


@pytest.fixture
def without_scanning(monkeypatch):
    """Let no filter be narrow enough to be answered by reading every vector."""
    monkeypatch.setattr(index_module, "_SCANNED_UP_TO", 0)


def exact_answer(query, k, is_open=None):
    rows, _ = search_exactly(VECTORS, query, k, None if is_open is None else np.flatnonzero(is_open))
    return IDS[rows].tolist()


def test_the_kind_of_an_index_follows_from_its_size(monkeypatch):
    monkeypatch.setattr(index_module, "EXACT_UP_TO", 100)

    few, many = (TrackIndex.build(IDS[:n], VECTORS[:n], model="m", revision=1) for n in (100, 101))

    assert (few.metadata.kind, few.metadata.n_lists) == (IndexKind.EXACT, 0)
    assert (many.metadata.kind, many.metadata.n_lists) == (IndexKind.INVERTED, 40)


def test_visited_lists_are_tuned_to_the_recall_wanted(index):
    found = [index.search(query, 100)[1] for query in QUERIES]
    exact = [search_exactly(VECTORS, query, 100)[1] for query in QUERIES]

    assert measure_recall(found, exact) >= 0.98
    assert index.metadata.n_probes < index.metadata.n_lists


def test_similarities_are_those_of_the_exact_vectors(index):
    ids, similarities = index.search(QUERIES[0], 50)

    assert similarities == pytest.approx(index.get_embeddings(ids) @ QUERIES[0], abs=1e-6)
    assert (np.diff(similarities) <= 0).all()


def test_visiting_every_list_finds_what_exact_search_finds(index):
    for query in QUERIES:
        ids, _ = index.search(query, 20, n_probes=index.metadata.n_lists)

        assert ids.tolist() == exact_answer(query, 20)


def test_a_narrow_filter_is_answered_exactly(index):
    is_allowed = np.random.default_rng(3).random(N_TRACKS) < 0.1

    for query in QUERIES:
        ids, _ = index.search(query, 20, allowed_ids=IDS[is_allowed])

        assert ids.tolist() == exact_answer(query, 20, is_allowed)


@pytest.mark.usefixtures("without_scanning")
def test_a_wide_filter_works_inside_the_lists(index):
    is_rock = np.arange(N_TRACKS) % 4 == 0
    recalls = []

    for query in QUERIES:
        ids, similarities = index.search(query, 100, where=PlaylistFilter(genres=frozenset({"Rock"})))
        assert np.isin(ids, IDS[is_rock]).all()
        exact = search_exactly(VECTORS, query, 100, np.flatnonzero(is_rock))[1]
        recalls.append(measure_recall([similarities], [exact]))

    assert np.mean(recalls) >= 0.95


@pytest.mark.usefixtures("without_scanning")
def test_k_tracks_come_even_where_the_lists_visited_hold_fewer(index):
    ids, _ = index.search(QUERIES[0], 3_900, excluded_ids=IDS[:50].tolist())

    assert len(ids) == 3_900
    assert not np.isin(ids, IDS[:50]).any()


def test_a_saved_index_answers_as_the_one_in_memory(index, tmp_path):
    index.save(tmp_path / "tracks.index")

    loaded = TrackIndex.load(tmp_path / "tracks.index")

    assert loaded.metadata == index.metadata
    for query in QUERIES:
        assert loaded.search(query, 20)[0].tolist() == index.search(query, 20)[0].tolist()
    wanted = PlaylistFilter(genres=frozenset({"jazz"}), first_year=1980)
    assert (
        loaded.search(QUERIES[0], 9, where=wanted)[0].tolist() == index.search(QUERIES[0], 9, where=wanted)[0].tolist()
    )


def test_adding_and_removing_train_nothing_anew(index, tmp_path, monkeypatch):
    index.save(tmp_path / "tracks.index")
    loaded = TrackIndex.load(tmp_path / "tracks.index")
    monkeypatch.setattr(index_module, "_train_lists", None)

    less = loaded.without_tracks(IDS[:100].tolist(), revision=2)
    more = less.with_tracks(IDS[:10], VECTORS[:10], revision=3)

    assert (len(less), len(more), more.metadata.revision) == (N_TRACKS - 100, N_TRACKS - 90, 3)
    assert not np.isin(less.search(VECTORS[0], 200)[0], IDS[:100]).any()
    assert more.search(VECTORS[0], 1)[0].tolist() == [IDS[0]]
    assert more.attributes.select(PlaylistFilter(licences=frozenset({"cc by"}))).sum() == N_TRACKS - 100


def test_a_file_that_lacks_its_vectors_is_refused(index, tmp_path, monkeypatch):
    path = tmp_path / "tracks.index"
    monkeypatch.setattr(
        TrackIndex, "_columns", lambda self: {"track_id": self.track_ids, **self.attributes.to_arrays()}
    )
    index.save(path)

    with pytest.raises(IndexUnreadableError, match="it lacks the column 'vector'"):
        TrackIndex.load(path)
