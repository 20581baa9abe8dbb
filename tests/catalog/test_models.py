from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from catalog.models import Account, Artist, AudioFeatures, Track, TrackAffect, TrackEmbedding
from catalog.queries import catalog_revision
from tests.factories import add_analyzed_track, add_track

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from catalog.database import SessionFactory


def _rename(session: Session) -> None:
    session.scalars(select(Track)).one().title = "Another"


def _delete(session: Session) -> None:
    session.delete(session.scalars(select(Track)).one())


def _embed(session: Session) -> None:
    session.add(TrackEmbedding(track_id=session.scalars(select(Track.id)).one(), model="other", vector=b"\0\0\0\0"))


WAYS_TO_CHANGE = {
    "add": lambda session: add_track(session, "Third"),
    "rename": _rename,
    "delete": _delete,
    "embed": _embed,
    "bulk update": lambda session: session.execute(update(Track).values(year=2001)),
    "bulk delete": lambda session: session.execute(delete(Track)),
    "bulk insert": lambda session: session.execute(
        insert(TrackEmbedding),
        [{"track_id": session.scalars(select(Track.id)).one(), "model": "m", "vector": b"\0" * 4}],
    ),
}


@pytest.mark.parametrize("change", WAYS_TO_CHANGE.values(), ids=WAYS_TO_CHANGE.keys())
def test_every_way_to_change_tracks_counts_a_revision(
    session_factory: SessionFactory, change: Callable[[Session], object]
):
    with session_factory.begin() as session:
        add_track(session)
    with session_factory() as session:
        before = catalog_revision(session)

    with session_factory.begin() as session:
        change(session)

    with session_factory() as session:
        assert catalog_revision(session) > before


def test_a_change_that_is_rolled_back_counts_no_revision(session_factory: SessionFactory):
    with session_factory() as session:
        add_track(session)
        session.rollback()

    with session_factory() as session:
        assert catalog_revision(session) == 0


def test_accounts_count_no_revision(session_factory: SessionFactory):
    with session_factory.begin() as session:
        session.add(Account(email="a@example.org", password_hash="x", role="administrator"))

    with session_factory() as session:
        assert catalog_revision(session) == 0


def test_deleting_a_track_deletes_what_is_known_of_it(session_factory: SessionFactory):
    with session_factory.begin() as session:
        add_analyzed_track(session)

    with session_factory.begin() as session:
        session.execute(delete(Track))

    with session_factory() as session:
        left = [
            session.scalar(select(func.count()).select_from(table))
            for table in (AudioFeatures, TrackAffect, TrackEmbedding)
        ]
    assert left == [0, 0, 0]


def test_an_id_is_never_given_twice(session_factory: SessionFactory):
    with session_factory.begin() as session:
        first_id = add_track(session).id
        session.execute(delete(Track))

    with session_factory.begin() as session:
        second_id = add_track(session).id

    assert second_id > first_id


def test_artists_are_one_however_capitalized(session_factory: SessionFactory):
    with pytest.raises(IntegrityError, match="name_key"), session_factory.begin() as session:
        session.add_all([Artist(name="Kevin MacLeod"), Artist(name="kevin  macleod")])


def test_emails_are_unique_however_capitalized(session_factory: SessionFactory):
    accounts = [Account(email=email, password_hash="x", role="administrator") for email in ("a@b.org", " A@B.ORG")]

    with pytest.raises(IntegrityError, match="email"), session_factory.begin() as session:
        session.add_all(accounts)


def test_a_path_belongs_to_one_track(session_factory: SessionFactory):
    with session_factory.begin() as session:
        add_track(session, path="/music/a.mp3")

    with pytest.raises(IntegrityError, match="path"), session_factory.begin() as session:
        add_track(session, path="/music/a.mp3")


@pytest.mark.parametrize(("field", "value"), [("valence", 1.5), ("arousal", -1.01)])
def test_affect_outside_the_plane_is_refused(session_factory: SessionFactory, field: str, value: float):
    with pytest.raises(IntegrityError, match="ck_track_affect_plane"), session_factory.begin() as session:
        add_analyzed_track(session, **{field: value})


def test_an_unknown_status_is_refused(session_factory: SessionFactory):
    with pytest.raises(IntegrityError, match="ck_track_status"), session_factory.begin() as session:
        add_track(session, status="lost")
