from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from catalog.analysis.analyzer import AnalysisVersions
from catalog.models import TrackEmbedding
from catalog.outdated import OutdatedTracks, choose_indexed_model, drop_old_embeddings
from catalog.queries import catalog_revision
from tests.factories import MODEL, add_analyzed_track, add_track

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from catalog.database import SessionFactory

# What `add_analyzed_track` writes.
CURRENT = AnalysisVersions("1", MODEL, MODEL)


def _add_embedding(session: Session, track_id: int, model: str) -> None:
    session.add(TrackEmbedding(track_id=track_id, model=model, vector=b"\0\0\0\0"))
    session.flush()


@pytest.mark.parametrize(
    ("versions", "n_outdated"),
    [
        (CURRENT, 0),
        (AnalysisVersions("2", MODEL, MODEL), 1),
        (AnalysisVersions("1", "other-2", MODEL), 1),
        (AnalysisVersions("1", MODEL, "other-2"), 1),
    ],
    ids=["current", "analyzer", "affect", "embedding"],
)
def test_a_track_is_outdated_once_any_version_differs(
    session_factory: SessionFactory, versions: AnalysisVersions, n_outdated: int
):
    with session_factory.begin() as session:
        track_id = add_analyzed_track(session, path="/a.mp3").id
        add_analyzed_track(session, "known by name alone")
        add_track(session, "waits", path="/b.mp3")
        add_track(session, "failed", path="/c.mp3", status="failed")

    outdated = OutdatedTracks(versions)
    with session_factory() as session:
        n_found, page = outdated.count(session), outdated.list_page(session, limit=9, after_id=0)

    assert n_found == n_outdated
    assert [(track.track_id, track.path) for track in page] == [(track_id, "/a.mp3")][:n_outdated]


def test_outdated_tracks_are_listed_page_by_page(session_factory: SessionFactory):
    with session_factory.begin() as session:
        track_ids = [add_analyzed_track(session, str(n), path=f"/{n}.mp3").id for n in range(3)]

    outdated = OutdatedTracks(AnalysisVersions("2", MODEL, MODEL))
    with session_factory() as session:
        first = outdated.list_page(session, limit=2, after_id=0)
        rest = outdated.list_page(session, limit=2, after_id=first[-1].track_id)

    assert [track.track_id for track in (*first, *rest)] == track_ids


def test_the_older_model_is_indexed_until_its_embeddings_are_dropped(session_factory: SessionFactory):
    with session_factory.begin() as session:
        track_ids = [add_analyzed_track(session, str(n), model="affect-old", path=f"/{n}.mp3").id for n in range(3)]
        _add_embedding(session, track_ids[0], "affect-new")
        _add_embedding(session, track_ids[1], "affect-new")

        while_analyzing = choose_indexed_model(session, "affect-new")
        n_dropped = drop_old_embeddings(session, "affect-new")
        afterwards = choose_indexed_model(session, "affect-new")

        left = session.execute(select(TrackEmbedding.track_id, TrackEmbedding.model).order_by(TrackEmbedding.track_id))
        assert (while_analyzing, n_dropped, afterwards) == ("affect-old", 2, "affect-new")
        # The third has nothing newer: it keeps what it has.
        assert [row.model for row in left] == ["affect-new", "affect-new", "affect-old"]


def test_an_empty_catalog_is_indexed_by_the_present_model(session_factory: SessionFactory):
    with session_factory() as session:
        assert choose_indexed_model(session, "affect-new") == "affect-new"


def test_dropping_nothing_leaves_the_revision(session_factory: SessionFactory):
    with session_factory.begin() as session:
        add_analyzed_track(session, model="affect-new")
        before = catalog_revision(session)

        assert drop_old_embeddings(session, "affect-new") == 0
        assert catalog_revision(session) == before
