from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from catalog.analysis.embeddings import N_DIMENSIONS
from recommender import index_check, index_publishing
from recommender.errors import IndexRejectedError
from recommender.index import TrackIndex
from recommender.index_check import CatalogSnapshot, check_index, sample_queries
from recommender.index_file import IndexKind
from recommender.index_publishing import publish_index, report_index

PROGRAM = Path(__file__).with_name("publishing_program.py")
PROJECT = PROGRAM.parents[2]


def make_snapshot(n=60, *, seed=0, dimension=8, revision=1):
    vectors = np.random.default_rng(seed).standard_normal((n, dimension)).astype(np.float32)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return CatalogSnapshot(np.arange(n) * 2 + seed, vectors, "m-1", revision)


def build(catalog, **more):
    return TrackIndex.build(
        catalog.track_ids, catalog.embeddings, model=catalog.model, revision=catalog.revision, **more
    )


def publish(catalog, path, index=None):
    return publish_index(index or build(catalog), path, catalog, catalog.embeddings[:20])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "index" / "tracks.index"


def test_what_serves_says_how_it_was_built_and_checked(path):
    catalog = make_snapshot()

    report = publish(catalog, path)

    assert (report.model, report.n_tracks, report.revision, report.kind) == ("m-1", 60, 1, "exact")
    assert (report.recall_at_10, report.recall_at_100) == (1.0, 1.0)
    assert report.n_bytes == path.stat().st_size
    assert report.compute_age_s(datetime(2100, 1, 1, tzinfo=UTC)) > 0
    assert report_index(path) == report
    assert TrackIndex.load(path).metadata.recall_at_10 == 1.0


def test_an_empty_catalog_has_no_recall_and_serves(path):
    report = publish(make_snapshot(0), path)

    assert (report.n_tracks, report.recall_at_10) == (0, None)


@pytest.mark.parametrize(
    ("index", "complaint"),
    [
        (build(make_snapshot(59)), r"it lacks 1 tracks, such as \[118\]"),
        (build(make_snapshot(61)), r"it holds foreign 1 tracks, such as \[120\]"),
        (build(replace(make_snapshot(), model="m-2")), r"expected model and revision \('m-1', 1\), got \('m-2', 1\)"),
        (build(make_snapshot(revision=7)), r"got \('m-1', 7\)"),
        (
            build(replace(make_snapshot(), embeddings=make_snapshot(seed=1).embeddings)),
            "60 of 60 tracks have another embedding, such as 0",
        ),
    ],
)
def test_a_wrong_index_is_refused_and_the_old_one_serves_on(path, index, complaint):
    catalog = make_snapshot()
    publish(catalog, path)
    before = path.read_bytes()

    with pytest.raises(IndexRejectedError, match=complaint) as raised:
        publish(catalog, path, index)

    assert path.read_bytes() == before
    assert raised.value.path == path
    assert sorted(file.name for file in path.parent.iterdir()) == [
        "tracks.index",
        "tracks.index.lock",
        "tracks.index.rejected.json",
    ]


def build_careless(catalog):
    """Visit five lists of two hundred, so that much is missed."""
    index = build(catalog, kind=IndexKind.INVERTED)
    index.metadata = replace(index.metadata, n_probes=5)
    return index


def test_an_index_that_misses_too_much_is_refused(path):
    catalog = make_snapshot(3_000)

    with pytest.raises(
        IndexRejectedError, match=r"expected recall@10 of at least 0\.950 against exact search, got 0\."
    ):
        publish(catalog, path, build_careless(catalog))

    assert not path.exists()


def test_an_index_that_finds_less_than_the_one_that_serves_is_refused(monkeypatch):
    monkeypatch.setattr(index_check, "MIN_RECALL", 0.0)
    catalog = make_snapshot(3_000)
    serving = replace(build(catalog).metadata, recall_at_10=1.0, recall_at_100=None)
    careless = build_careless(catalog)

    alone = check_index(careless, catalog, catalog.embeddings[:20])
    beside = check_index(careless, catalog, catalog.embeddings[:20], serving=serving)
    of_another_model = check_index(careless, catalog, catalog.embeddings[:20], serving=replace(serving, model="m-0"))

    assert (alone.problems, of_another_model.problems) == ((), ())
    assert len(beside.problems) == 1
    assert "expected recall@10 of at least 0.980" in beside.problems[0]


def test_a_damaged_old_index_sets_no_standard(path):
    publish(make_snapshot(), path)
    path.write_bytes(b"damaged")

    assert publish(make_snapshot(40), path).n_tracks == 40


def kill_while_publishing(path, moment):
    environment = os.environ | {"PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1"}
    return subprocess.run([sys.executable, str(PROGRAM), str(path), moment], env=environment, check=False).returncode


@pytest.mark.parametrize(
    ("moment", "serving"),
    [
        ("before the columns are written", 1),
        ("before the check", 1),
        ("between check and swap", 1),
        ("after the swap", 2),
    ],
)
def test_a_kill_at_any_moment_leaves_a_whole_index(path, moment, serving):
    publish(make_snapshot(), path)

    status = kill_while_publishing(path, moment)

    assert status == -signal.SIGKILL
    assert TrackIndex.load(path).metadata.revision == serving
    publish(make_snapshot(revision=3), path)
    assert TrackIndex.load(path).metadata.revision == 3
    assert sorted(file.name for file in path.parent.iterdir()) == ["tracks.index", "tracks.index.lock"]


@pytest.mark.parametrize("kind", IndexKind)
def test_fifty_readers_see_no_error_and_no_wrong_id_while_indexes_are_swapped(path, kind):
    # Even ids in one catalog, odd ones in the other: a mixture of files would give ids of both.
    catalogs = [make_snapshot(200, seed=seed, revision=seed + 1) for seed in (0, 1)]
    built = [build(catalog, kind=kind) for catalog in catalogs]
    publish(catalogs[0], path, built[0])
    wrong: list[object] = []
    is_over = threading.Event()
    n_read = [0] * 50

    def read(reader):
        query = catalogs[reader % 2].embeddings[reader]
        while not is_over.is_set():
            try:
                index = TrackIndex.load(path, verify=False)
                ids, similarities = index.search(query, 10)
                catalog = catalogs[index.metadata.revision - 1]
                rows = np.searchsorted(catalog.track_ids, ids)
                expected = catalog.embeddings[np.minimum(rows, 199)] @ query
                if not np.isin(ids, catalog.track_ids).all() or not np.allclose(similarities, expected, atol=1e-5):
                    wrong.append((reader, index.metadata.revision, ids))
                n_read[reader] += 1
                is_over.wait(0.1)  # busier readers would only keep the publisher waiting
            except Exception as error:  # noqa: BLE001 (a reader must see none at all)
                wrong.append(error)

    readers = [threading.Thread(target=read, args=(reader,)) for reader in range(50)]
    for reader in readers:
        reader.start()
    for n_swaps in range(1, 9):
        publish(catalogs[n_swaps % 2], path, built[n_swaps % 2])
    while min(n_read) == 0 and not wrong:
        is_over.wait(0.01)
    is_over.set()
    for reader in readers:
        reader.join()

    assert wrong == []
    assert min(n_read) > 0


def test_sampled_queries_are_moods_under_every_intent_and_tracks():
    embeddings = make_snapshot(5, dimension=N_DIMENSIONS).embeddings

    queries = sample_queries(embeddings, [{"happy": 0.7, "sad": 0.3}])
    again = sample_queries(embeddings, [{"happy": 0.7, "sad": 0.3}])

    assert queries.shape == (4 * (1 + 4) + 5, N_DIMENSIONS)
    assert np.array_equal(queries, again)


def test_publishing_waits_for_another_process_that_publishes(path):
    with index_publishing._lock_beside(path.parent.mkdir() or path):
        thread = threading.Thread(target=publish, args=(make_snapshot(), path))
        thread.start()
        thread.join(0.1)
        assert thread.is_alive()

    thread.join()
    assert path.exists()
