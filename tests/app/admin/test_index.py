from __future__ import annotations

import numpy as np
import pytest

from app.jobs.running import run_job
from catalog.analysis.embeddings import EMBEDDING_MODEL, N_DIMENSIONS
from catalog.edit_values import TrackEdit
from recommender.errors import IndexRejectedError
from recommender.index import TrackIndex
from recommender.index_check import CatalogSnapshot
from recommender.index_publishing import find_rejection, publish_index
from tests.factories import add_analyzed_track


def store_track(services):
    vector = np.eye(N_DIMENSIONS, dtype=np.float32)[0]
    with services.sessions.begin() as session:
        add_analyzed_track(session, model=EMBEDDING_MODEL, vector=vector)


def test_a_missing_index_says_how_it_comes(client):
    html = client.get("/admin/index").text

    assert "Missing" in html
    assert "It is built at the next rebuild, or by the next playlist." in html
    assert 'href="/admin/import"' in html


def test_a_rebuild_is_a_job_after_which_the_index_is_current(client, services):
    store_track(services)

    answer = client.post("/admin/jobs", data={"kind": "rebuild"})
    run_job(1, services.jobs, services.library, services.bulk_runs)

    assert answer.location == "/admin/jobs/1"
    assert "Up to date" in client.get("/admin/index").text


def test_an_index_behind_the_catalog_says_so(client, services):
    store_track(services)
    services.library.rebuild_index()
    services.curation.edit([1], TrackEdit({"title": "Moss"}), who="ann")

    assert "Older than the catalog" in client.get("/admin/index").text


def test_the_index_tells_kind_recall_size_and_age(client, services):
    store_track(services)
    services.library.rebuild_index()

    html = client.get("/admin/index").text

    assert "<dt>Kind</dt><dd>exact</dd>" in html
    assert "<dt>Recall@10</dt><dd>1.000</dd>" in html
    assert "less than a minute ago" in html
    assert "Passed" in html


def publish_worse(services):
    """Offer an index that lacks a track of the catalog."""
    vectors = np.eye(N_DIMENSIONS, dtype=np.float32)
    catalog = CatalogSnapshot(np.array([1, 2]), vectors[:2], EMBEDDING_MODEL, 5)
    index = TrackIndex.build([1], vectors[:1], model=EMBEDDING_MODEL, revision=5)
    publish_index(index, services.library.index_path, catalog, vectors[:1])


def test_a_refused_index_is_told_with_the_reason_while_the_old_one_serves(client, services):
    store_track(services)
    services.library.rebuild_index()

    with pytest.raises(IndexRejectedError, match="it lacks 1 tracks"):
        publish_worse(services)

    html = client.get("/admin/index").text
    assert "The last index that was built was refused; the one before it goes on serving" in html
    assert "It lacks 1 tracks, such as [2]." in html
    assert services.library.index_status().n_indexed == 1


def test_an_index_that_passes_ends_the_refusal(client, services):
    store_track(services)
    with pytest.raises(IndexRejectedError, match="it lacks"):
        publish_worse(services)

    services.library.rebuild_index()

    assert find_rejection(services.library.index_path) is None
    assert "was refused" not in client.get("/admin/index").text
