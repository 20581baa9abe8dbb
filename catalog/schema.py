"""Bring a database to the tables of this version, and say when it is not there."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, event, text

from catalog.database import open_engine
from catalog.errors import DatabaseUnavailableError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

# Named, not imported: migrations depend on the catalog. Alembic finds the package wherever it is installed.
_SCRIPTS: Final = "migrations:"

# Any number, the same in every process that may migrate a PostgreSQL database at once.
_ADVISORY_LOCK: Final = 7_203_604_113

# Alembic keeps the migration under way in the module that scripts import: one at a time in a process.
_one_at_a_time: Final = threading.Lock()


def upgrade(database_url: str, revision: str = "head") -> None:
    """Bring a database to a revision; safe to call from several processes at once, and on a database that is there.

    Raises:
        DatabaseUnavailableError: the database cannot be opened or written, or is newer than this program.
    """
    with _migrating(database_url) as config:
        command.upgrade(config, revision)


def downgrade(database_url: str, revision: str) -> None:
    """Take a database back to a revision; what that revision cannot hold is lost.

    Raises:
        DatabaseUnavailableError: the database cannot be opened or written, or is newer than this program.
    """
    with _migrating(database_url) as config:
        command.downgrade(config, revision)


def check_schema(engine: Engine) -> None:
    """Refuse a database whose tables are not those of this version.

    Raises:
        DatabaseUnavailableError: it is not migrated, or newer than this program.
    """
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    scripts = ScriptDirectory.from_config(_config())
    expected = scripts.get_current_head()
    if found == expected:
        return
    _refuse_newer(scripts, found)
    raise DatabaseUnavailableError(
        f"the catalog database is not migrated: expected revision {expected!r}, got {found!r}; "
        "run `emotitune database upgrade`",
    )


@contextmanager
def _migrating(database_url: str) -> Iterator[Config]:
    engine = open_engine(database_url)
    if engine.dialect.name == "sqlite":
        _lock_at_begin(engine)
    try:
        with _one_at_a_time, engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ADVISORY_LOCK})
            config = _config(connection)
            found = MigrationContext.configure(connection).get_current_revision()
            _refuse_newer(ScriptDirectory.from_config(config), found)
            yield config
            _check_references(connection)
    finally:
        engine.dispose()


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _refuse_newer(scripts: ScriptDirectory, found: str | None) -> None:
    if found is not None and found not in {script.revision for script in scripts.walk_revisions()}:
        raise DatabaseUnavailableError(
            f"the catalog database is of revision {found!r}, unknown to this version; install the one that wrote it",
        )


def _check_references(connection: Connection) -> None:
    """Refuse what a migration broke while SQLite did not watch; PostgreSQL always does."""
    if connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise DatabaseUnavailableError(
            f"nothing is migrated: a row of {broken[0]} refers to a missing one of {broken[2]}; restore a backup",
        )


def _lock_at_begin(engine: Engine) -> None:
    """Make SQLite's changes of tables part of the transaction, and let one process at a time in.

    Python's driver begins a transaction only before rows are written; here it must before tables are made, and take the
    write lock at once, or two processes would both find an empty database. References are not watched meanwhile: SQLite
    alters a table by copying it, and dropping the old one would delete every row that refers to it.
    """

    def leave_transactions_to_us(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = OFF")

    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    event.listen(engine, "connect", leave_transactions_to_us)
    event.listen(engine, "begin", begin)
