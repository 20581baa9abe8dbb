from __future__ import annotations

import numpy as np

from app.jobs.running import run_job
from catalog.analysis.embeddings import EMBEDDING_MODEL, N_DIMENSIONS
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
    run_job(1, services.jobs, services.library)

    assert answer.location == "/admin/jobs/1"
    assert "Up to date" in client.get("/admin/index").text


def test_an_index_behind_the_catalog_says_so(client, services):
    store_track(services)
    services.library.rebuild_index()
    services.library.edit_track(1, {"title": "Moss"})

    assert "Older than the catalog" in client.get("/admin/index").text
