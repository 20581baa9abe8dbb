from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import func, inspect, select, text

from catalog import schema
from catalog.database import Base, make_session_factory, open_engine
from catalog.errors import DatabaseUnavailableError
from catalog.models import CatalogRevision, Track
from catalog.queries import catalog_revision
from tests.factories import add_analyzed_track

ROOT = Path(schema.__file__).parents[1]


def test_upgrade_from_empty_equals_the_models(database_url: str):
    schema.upgrade(database_url)

    engine = open_engine(database_url)
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)
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


def _read_sql(url: str) -> dict[str, list[str]]:
    """Return each table's and index's definition as words, in an order that does not depend on who wrote it."""
    with open_engine(url).connect() as connection:
        rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")).all()
    return {
        name: sorted(line.strip(" \t,") for line in sql.replace('"', "").splitlines())
        for name, sql in rows
        if name not in {"alembic_version", "sqlite_sequence"}
    }
