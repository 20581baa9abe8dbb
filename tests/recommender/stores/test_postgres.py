from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import create_engine

from catalog.database import open_engine
from recommender.errors import IndexMismatchError
from recommender.filters import PlaylistFilter, TrackAttributes
from recommender.index import TrackIndex
from recommender.stores.postgres import PostgresVectorIndex

N_TRACKS = 400
DIMENSION = 33

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def make_vectors(n, seed=0):
    vectors = np.random.default_rng(seed).standard_normal((n, DIMENSION))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


VECTORS = make_vectors(N_TRACKS)
IDS = np.arange(N_TRACKS) * 5 + 2
ATTRIBUTES = TrackAttributes.build(
    [("Rock", "Jazz", None)[i % 3] for i in range(N_TRACKS)],
    [("CC BY", "CC0")[i % 2] for i in range(N_TRACKS)],
    [None if i % 7 == 0 else 1950 + i % 60 for i in range(N_TRACKS)],
)


@pytest.fixture
def engine(database_url):
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def store(engine):
    store = PostgresVectorIndex(engine, model="m-1")
    store.replace(IDS, VECTORS, revision=4, attributes=ATTRIBUTES)
    return store


def test_the_server_finds_what_the_index_file_finds_under_any_filter(store):
    index = TrackIndex.build(IDS, VECTORS, model="m-1", revision=4, attributes=ATTRIBUTES)
    rng = np.random.default_rng(1)
    filters = [
        {},
        {"excluded_ids": IDS[:100].tolist()},
        {"allowed_ids": rng.choice(IDS, 50, replace=False)},
        {"allowed_ids": np.empty(0, np.int64)},
        {"where": PlaylistFilter()},
        {"where": PlaylistFilter(genres=frozenset({"ROCK"}), licences=frozenset({"cc0"}))},
        {"where": PlaylistFilter(first_year=1970, last_year=1980), "excluded_ids": {int(IDS[25])}},
        {"where": PlaylistFilter(genres=frozenset({"polka"}))},
    ]

    for wanted in filters:
        for query in make_vectors(3, seed=2):
            ids, similarities = store.search(query, 30, **wanted)
            expected_ids, expected = index.search(query, 30, **wanted)
            assert ids.tolist() == expected_ids.tolist()
            assert similarities == pytest.approx(expected, abs=1e-6)


def test_equal_tracks_come_in_the_order_of_their_ids(store):
    store.replace([9, 2, 7], np.repeat(VECTORS[:1], 3, axis=0), revision=5)

    assert store.search(VECTORS[0], 3)[0].tolist() == [2, 7, 9]
    assert store.search(np.zeros(DIMENSION), 2)[0].tolist() == [2, 7]


def test_embeddings_come_back_in_the_order_asked_for(store):
    assert np.array_equal(store.get_embeddings([12, 2]), VECTORS[[2, 0]])
    assert store.get_embeddings([]).shape == (0, DIMENSION)
    with pytest.raises(KeyError, match=r"no such tracks in the index: \[3\]"):
        store.get_embeddings([2, 3])


def test_replacing_replaces_everything_and_removing_removes(store):
    store.replace(IDS[:10], VECTORS[:10], revision=9)
    store.remove([int(IDS[0]), 77_777])

    assert (len(store), store.get_revision()) == (9, 9)
    assert IDS[0] not in store.search(VECTORS[0], 20)[0]


def test_readers_keep_the_old_embeddings_until_all_new_ones_are_there(store, engine):
    with engine.connect() as reader:
        reader.execution_options(isolation_level="REPEATABLE READ")
        before = reader.exec_driver_sql("SELECT count(*) FROM track_vector").scalar()
        store.replace(IDS[:10], VECTORS[:10], revision=9)
        during = reader.exec_driver_sql("SELECT count(*) FROM track_vector").scalar()

    assert (before, during, len(store)) == (400, 400, 10)


def test_a_failed_replacement_leaves_the_old_embeddings(store):
    with pytest.raises(ValueError, match="distinct, got 1 repeated"):
        store.replace([1, 1], VECTORS[:2], revision=9)

    assert (len(store), store.get_revision()) == (400, 4)


def test_a_store_never_filled_finds_nothing(engine):
    store = PostgresVectorIndex(engine, model="m-1")

    assert (len(store), store.get_revision(), len(store.search(VECTORS[0], 3)[0])) == (0, None, 0)


@pytest.mark.usefixtures("store")
def test_embeddings_of_another_model_are_refused(engine):
    with pytest.raises(IndexMismatchError, match=r"embedding model 'm-2', got one built with 'm-1'"):
        PostgresVectorIndex(engine, model="m-2").search(VECTORS[0], 3)


@pytest.mark.parametrize(
    ("query", "k", "complaint"),
    [(np.ones(3), 1, r"of shape \(33,\)"), (np.full(33, np.nan), 1, "must be finite"), (np.ones(33), 0, "at least 1")],
)
def test_what_is_no_query_is_refused(store, query, k, complaint):
    with pytest.raises(ValueError, match=complaint):
        store.search(query, k)


def test_another_database_is_refused(database_url):
    assert database_url
    with pytest.raises(ValueError, match="expected a PostgreSQL database, got 'sqlite'"):
        PostgresVectorIndex(create_engine("sqlite://"), model="m-1")
