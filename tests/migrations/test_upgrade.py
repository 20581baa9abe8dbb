from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, func, inspect, select, text

from catalog import schema
from catalog.database import Base, make_session_factory, open_engine
from catalog.errors import DatabaseUnavailableError
from catalog.filters import TrackFilter
from catalog.models import CatalogRevision, Track
from catalog.queries import catalog_revision, count_tracks
from tests.factories import add_analyzed_track, add_track

ROOT = Path(schema.__file__).parents[1]
NOW = "2026-01-05 12:00:00+00:00"
TRACK = {
    "title": "Don't",
    "title_key": "don't",
    "artist_id": 1,
    "source": "folder",
    "status": "analyzed",
    "edited_fields": "[]",
    "search_text": "don't\nbeyoncé",
    "created_at": NOW,
    "updated_at": NOW,
}
SHARES = {"happy": 0.3, "sad": 0.4, "angry": 0.5, "neutral": 0.6}
JOB = {"id": 1, "kind": "analyze", "arguments": "{}", "status": "running", "n_done": 3, "message": ""}
LISTENING = {"id": "a", "posterior": "{}", "label": "sad", "confidence": 0.5, "abstained": False, "duration_s": 3.0}
FIRST_ROWS = (
    ("artist", {"id": 1, "name": "Beyoncé", "name_key": "beyoncé"}),
    ("track", {"id": 1, "path": "/1.mp3", **TRACK}),
    ("track", {"id": 7, "path": "/7.mp3", **TRACK}),
    ("audio_features", {"track_id": 1, "analyzer_version": "1", "more": "{}"}),
    ("track_affect", {"track_id": 1, "model": "m", "valence": 0.1, "arousal": 0.2, "stds": "{}", **SHARES}),
    ("track_embedding", {"track_id": 1, "model": "m", "vector": b"0000"}),
    ("job", {"created_at": NOW, "updated_at": NOW, **JOB}),
    ("listening", {"created_at": NOW, "timeline": "[]", "model": "m", **LISTENING}),
    ("feedback", {"id": 1, "listening_id": "a", "kind": "wrong", "created_at": NOW}),
)


def test_upgrade_from_empty_equals_the_models(database_url: str):
    schema.upgrade(database_url)

    engine = open_engine(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": _is_ours})
        differences = compare_metadata(context, Base.metadata)
    engine.dispose()
    assert differences == []


def test_migrated_tables_are_made_as_the_models_would_make_them(tmp_path: Path):
    # Checks and AUTOINCREMENT too, which the comparison above does not see.
    migrated, made = (f"sqlite:///{tmp_path / name}" for name in ("migrated.db", "made.db"))
    schema.upgrade(migrated)
    Base.metadata.create_all(open_engine(made))

    assert _read_sql(migrated) == _read_sql(made)


def test_upgrading_twice_is_upgrading_once_and_keeps_the_data(database_url: str):
    schema.upgrade(database_url)
    engine = open_engine(database_url)
    with make_session_factory(engine).begin() as session:
        add_analyzed_track(session)

    schema.upgrade(database_url)

    with make_session_factory(engine)() as session:
        assert (session.scalar(select(func.count(Track.id))), catalog_revision(session) > 0) == (1, True)
    engine.dispose()


def test_down_and_up_again_leaves_a_catalog_that_works(database_url: str):
    schema.upgrade(database_url)
    schema.downgrade(database_url, "base")
    engine = open_engine(database_url)
    tables_below = set(inspect(engine).get_table_names())

    schema.upgrade(database_url)

    with make_session_factory(engine).begin() as session:
        add_analyzed_track(session)
        assert session.scalars(select(CatalogRevision.id)).all() == [1]
    engine.dispose()
    assert tables_below == {"alembic_version"}


def test_several_processes_may_upgrade_at_once_from_any_folder(database_url: str, tmp_path: Path):
    code = f"from catalog import schema; schema.upgrade({database_url!r})"
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path}

    processes = [subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, env=environment) for _ in range(3)]

    assert [process.wait(timeout=60) for process in processes] == [0, 0, 0]
    engine = open_engine(database_url)
    schema.check_schema(engine)
    engine.dispose()


def test_threads_of_one_process_may_upgrade_at_once(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'catalog.db'}"

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(schema.upgrade, [url] * 4))

    assert outcomes == [None] * 4
    schema.check_schema(open_engine(url))


def test_a_failing_upgrade_leaves_nothing_behind(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'catalog.db'}"
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE track_affect (wrong INTEGER)"))

    with pytest.raises(Exception, match="track_affect already exists"):
        schema.upgrade(url)

    assert inspect(engine).get_table_names() == ["track_affect"]


def test_check_schema_says_how_to_migrate(database_url: str):
    engine = open_engine(database_url)

    with pytest.raises(DatabaseUnavailableError, match="run `emotitune database upgrade`"):
        schema.check_schema(engine)
    engine.dispose()


def test_a_database_of_a_newer_version_is_refused(database_url: str):
    schema.upgrade(database_url)
    engine = open_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(DatabaseUnavailableError, match="revision '9999', unknown to this version"):
        schema.check_schema(engine)
    with pytest.raises(DatabaseUnavailableError, match="revision '9999', unknown to this version"):
        schema.upgrade(database_url)
    engine.dispose()


def test_upgrading_a_filled_catalog_keeps_everything(database_url: str):
    schema.upgrade(database_url, "0001")
    engine = open_engine(database_url)
    with engine.begin() as connection:
        _fill_first_tables(connection)
    before = _read_rows(engine)

    schema.upgrade(database_url)

    after = _read_rows(engine)
    with make_session_factory(engine).begin() as session:
        next_id = add_track(session).id
        found = count_tracks(session, TrackFilter(search="beyonce dont"))
    engine.dispose()
    assert {table: [row[: len(before[table][0])] for row in rows] for table, rows in after.items()} == before
    assert (next_id, found) == (8, 1)


def test_going_back_and_forth_keeps_what_the_older_tables_hold(database_url: str):
    schema.upgrade(database_url)
    engine = open_engine(database_url)
    with make_session_factory(engine).begin() as session:
        add_analyzed_track(session, artist="Beyoncé")
    before = _read_rows(engine)

    schema.downgrade(database_url, "0001")
    schema.upgrade(database_url)

    after = _read_rows(engine)
    engine.dispose()
    assert after == before


def _fill_first_tables(connection: Connection) -> None:
    for table, row in FIRST_ROWS:
        names = ", ".join(row)
        values = ", ".join(f":{name}" for name in row)
        connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"), row)  # noqa: S608 - our own names
    # The highest id was given once already.
    connection.execute(text("DELETE FROM track WHERE id = 7"))
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT setval('track_id_seq', 7)"))


def _read_rows(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of the first tables, columns in the order of the first version."""
    tables = ("artist", "audio_features", "track_affect", "track_embedding", "job", "listening", "feedback")
    with engine.connect() as connection:
        rows = {name: connection.execute(text(f"SELECT * FROM {name}")).all() for name in tables}  # noqa: S608
        columns = "id, title, title_key, artist_id, path, source, status, edited_fields, created_at"
        rows["track"] = connection.execute(text(f"SELECT {columns} FROM track")).all()  # noqa: S608
    return {name: [tuple(row) for row in each] for name, each in rows.items()}


def _is_ours(name: str | None, _kind: str, _parents: object) -> bool:
    # The full-text index is made by statements that no model describes; `tests/catalog/test_search.py` looks at it.
    return not str(name).startswith(("track_search", "ix_track_search"))


def _read_sql(url: str) -> dict[str, list[str]]:
    """Return each table's and index's definition as words, in an order that does not depend on who wrote it."""
    with open_engine(url).connect() as connection:
        rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")).all()
    return {
        name: sorted(line.strip(" \t,") for line in sql.replace('"', "").splitlines())
        for name, sql in rows
        if name not in {"alembic_version", "sqlite_sequence"}
    }
