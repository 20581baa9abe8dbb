from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event, select, text

from catalog.database import create_session_factory, make_session_factory, open_engine
from catalog.errors import DatabaseUnavailableError
from catalog.models import Job, Track
from tests.factories import add_track, make_database

if TYPE_CHECKING:
    from pathlib import Path


def test_open_engine_makes_the_folder_of_a_sqlite_file(tmp_path: Path):
    sessions = create_session_factory(f"sqlite:///{tmp_path / 'new' / 'folder' / 'catalog.db'}")

    with sessions() as session:
        session.execute(text("SELECT 1"))

    assert (tmp_path / "new" / "folder" / "catalog.db").exists()


@pytest.mark.parametrize(("pragma", "expected"), [("journal_mode", "wal"), ("foreign_keys", 1), ("busy_timeout", 3000)])
def test_sqlite_connections_wait_log_ahead_and_keep_references(tmp_path: Path, pragma: str, expected: object):
    engine = open_engine(f"sqlite:///{tmp_path / 'catalog.db'}", busy_timeout_s=3.0)

    with engine.connect() as connection:
        value = connection.execute(text(f"PRAGMA {pragma}")).scalar_one()

    assert value == expected


def test_moments_come_back_in_utc(tmp_path: Path):
    sessions = make_database(tmp_path)
    noon_in_berlin = datetime(2026, 1, 5, 12, tzinfo=timezone(timedelta(hours=1)))
    with sessions.begin() as session:
        session.add(Job(kind="rebuild", created_at=noon_in_berlin))

    with sessions() as session:
        stored = session.scalars(select(Job.created_at)).one()

    assert stored == datetime(2026, 1, 5, 11, tzinfo=UTC)
    assert stored.tzinfo == UTC


def test_moments_without_a_zone_are_refused(tmp_path: Path):
    sessions = make_database(tmp_path)

    with pytest.raises(Exception, match="expected a datetime with a time zone"), sessions.begin() as session:
        session.add(Job(kind="rebuild", created_at=datetime(2026, 1, 5)))  # noqa: DTZ001


def test_a_locked_database_says_that_another_process_holds_it(tmp_path: Path):
    make_database(tmp_path)
    sessions = make_session_factory(open_engine(f"sqlite:///{tmp_path / 'catalog.db'}", busy_timeout_s=0.05))
    other = sqlite3.connect(tmp_path / "catalog.db")
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(DatabaseUnavailableError, match="another process holds it"), sessions.begin() as session:
        add_track(session)

    other.close()


def test_a_reader_does_not_wait_for_a_writer(tmp_path: Path):
    sessions = make_database(tmp_path)
    other = sqlite3.connect(tmp_path / "catalog.db")
    other.execute("BEGIN IMMEDIATE")

    with sessions() as session:
        tracks = session.scalars(select(Track)).all()

    assert tracks == []
    other.close()


def test_a_database_without_tables_says_how_to_migrate_it(tmp_path: Path):
    sessions = create_session_factory(f"sqlite:///{tmp_path / 'catalog.db'}")

    with sessions() as session, pytest.raises(DatabaseUnavailableError, match="emotitune database upgrade"):
        session.scalars(select(Track)).all()


def test_a_file_that_is_no_database_is_named_as_such(tmp_path: Path):
    (tmp_path / "catalog.db").write_text("this is a letter, not a database, and long enough for a header" * 20)
    sessions = create_session_factory(f"sqlite:///{tmp_path / 'catalog.db'}")

    with sessions() as session, pytest.raises(DatabaseUnavailableError, match="no SQLite database"):
        session.scalars(select(Track)).all()


def test_a_folder_in_place_of_the_file_cannot_be_opened(tmp_path: Path):
    (tmp_path / "catalog.db").mkdir()
    sessions = create_session_factory(f"sqlite:///{tmp_path / 'catalog.db'}")

    with sessions() as session, pytest.raises(DatabaseUnavailableError, match="cannot be opened"):
        session.scalars(select(Track)).all()


def test_a_database_that_may_not_be_written_says_so(tmp_path: Path):
    make_database(tmp_path)
    engine = open_engine(f"sqlite:///{tmp_path / 'catalog.db'}")
    # As for a file without write permission, which would not stop the superuser who may run this test.
    event.listen(engine, "connect", lambda connection, _record: connection.execute("PRAGMA query_only = ON"))
    sessions = make_session_factory(engine)

    with pytest.raises(DatabaseUnavailableError, match="give this user write permission"), sessions.begin() as session:
        add_track(session)


def test_a_folder_that_may_not_be_written_says_so(plain_user_dir: Path):
    plain_user_dir.chmod(0o500)

    with pytest.raises(DatabaseUnavailableError, match="cannot make the folder"):
        open_engine(f"sqlite:///{plain_user_dir / 'new' / 'catalog.db'}")


@pytest.mark.parametrize("url", ["", "catalog.db", "nosuch://host/name"])
def test_a_wrong_url_says_what_is_expected(url: str):
    with pytest.raises(DatabaseUnavailableError, match="expected something like sqlite:///"):
        open_engine(url)


def test_a_server_that_does_not_answer_says_what_to_check():
    pytest.importorskip("psycopg", reason="the driver of PostgreSQL is optional")
    sessions = create_session_factory("postgresql+psycopg://nobody@127.0.0.1:1/nothing")

    with sessions() as session, pytest.raises(DatabaseUnavailableError, match="its server does not answer"):
        session.scalars(select(Track)).all()


def test_other_errors_keep_their_name(tmp_path: Path):
    sessions = make_database(tmp_path)

    with sessions() as session, pytest.raises(Exception, match="syntax error"):
        session.execute(text("SELEKT 1"))
