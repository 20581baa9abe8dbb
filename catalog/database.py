"""How the catalog reaches its database: base class, engine, sessions and what a broken database is called."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from sqlalchemy import DateTime, Engine, MetaData, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.types import TypeDecorator

from catalog.errors import DatabaseUnavailableError

if TYPE_CHECKING:
    import sqlite3

    from sqlalchemy.engine import Dialect
    from sqlalchemy.engine.interfaces import ExceptionContext

SessionFactory: TypeAlias = sessionmaker[Session]

# Migrations drop and alter constraints by name, so each needs one that does not depend on the database.
NAMING_CONVENTION: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

# What the driver's message says, and how to mend it; the first match counts.
_REMEDY_BY_SYMPTOM: Final = (
    ("database is locked", "another process holds it for long; wait or stop that process, then try again"),
    ("readonly database", "it cannot be written; give this user write permission for the file and its folder"),
    ("unable to open database", "the file cannot be opened; check that its folder exists and may be written"),
    ("database or disk is full", "the disk is full; free some space, then try again"),
    ("disk i/o error", "the disk refuses to read or write; check it and its free space"),
    ("malformed", "the file is damaged; restore it from a backup, or move it away and import the library again"),
    ("not a database", "the file is no SQLite database; move it away or set EMOTITUNE_DATABASE_URL to another"),
    ("no such table", "it is not migrated; run `emotitune database upgrade`"),
    ("no such column", "it is not migrated; run `emotitune database upgrade`"),
    ("does not exist", "it is missing or not migrated; create it and run `emotitune database upgrade`"),
    ("connection", "its server does not answer; check that it runs and that EMOTITUNE_DATABASE_URL is right"),
    ("password authentication", "its server refuses the password; check EMOTITUNE_DATABASE_URL"),
)


class Base(DeclarativeBase):
    """Base of all tables."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC; SQLite forgets time zones, so they are put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a moment without a zone, store any other as UTC."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"expected a datetime with a time zone, got {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the moment with its zone."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def utc_now() -> datetime:
    """Return this moment, with its zone."""
    return datetime.now(UTC)


def open_engine(database_url: str, *, busy_timeout_s: float = 10.0) -> Engine:
    """Open a database; nothing is connected before the first statement.

    Args:
        database_url: `sqlite:///<path>` or `postgresql+psycopg://...`; a SQLite file's folder is made where missing.
        busy_timeout_s: how long a statement waits for another process's write, SQLite only.

    Raises:
        DatabaseUnavailableError: the URL cannot be read, its driver is missing or the folder cannot be made.
    """
    try:
        url = make_url(database_url)
        _make_folder(url.database if url.get_backend_name() == "sqlite" else None)
        engine = create_engine(url, pool_pre_ping=url.get_backend_name() != "sqlite")
    except ArgumentError as error:
        raise DatabaseUnavailableError(
            "cannot read the database URL: expected something like sqlite:////folder/catalog.db or "
            "postgresql+psycopg://user@host/name",
        ) from error
    except ImportError as error:
        raise DatabaseUnavailableError(f"the database driver is not installed: {error}") from error
    except OSError as error:
        raise DatabaseUnavailableError(f"cannot make the folder of the database: {error}") from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _sqlite_pragmas(busy_timeout_s))
    event.listen(engine, "handle_error", _name_error)
    return engine


def make_session_factory(engine: Engine) -> SessionFactory:
    """Return what opens sessions: `with factory() as session` to read, `with factory.begin() as session` to write."""
    return sessionmaker(engine, expire_on_commit=False)


def create_session_factory(database_url: str) -> SessionFactory:
    """Open a database and return what opens its sessions.

    Raises:
        DatabaseUnavailableError: the URL cannot be read, its driver is missing or the folder cannot be made.
    """
    return make_session_factory(open_engine(database_url))


def _make_folder(database: str | None) -> None:
    if database and database != ":memory:" and not database.startswith("file:"):
        Path(database).parent.mkdir(parents=True, exist_ok=True)


def _sqlite_pragmas(busy_timeout_s: float) -> Any:  # noqa: ANN401 - a listener of SQLAlchemy, typed below
    def set_pragmas(connection: sqlite3.Connection, _record: object) -> None:
        # First the wait: switching to WAL itself needs the lock that another process may hold.
        connection.execute(f"PRAGMA busy_timeout = {int(busy_timeout_s * 1000)}")
        connection.execute("PRAGMA journal_mode = WAL")
        # In WAL mode NORMAL loses no consistency, at worst the last transactions on power failure.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA cache_size = -16000")

    return set_pragmas


def _name_error(context: ExceptionContext) -> None:
    """Turn what the driver says of a broken database into our error, which tells how to mend it."""
    original = context.original_exception
    if not type(original).__name__.endswith(("OperationalError", "DatabaseError", "UndefinedTable", "UndefinedColumn")):
        return
    symptom = str(original).lower()
    for sign, remedy in _REMEDY_BY_SYMPTOM:
        if sign in symptom:
            raise DatabaseUnavailableError(f"the catalog database cannot be used: {remedy}") from original
