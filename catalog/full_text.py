"""The full-text index over `track.search_text`: FTS5 on SQLite, tsvector and GIN on PostgreSQL.

Triggers and an index on an expression keep it, so that no way of writing tracks, bulk or not, can forget it.
Words are split by `catalog.sorting.split_words` before they are stored; what the databases see is the same in both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import event

if TYPE_CHECKING:
    from sqlalchemy import Connection, FromClause

POSTGRESQL_VECTOR: Final = "array_to_tsvector(array_remove(regexp_split_to_array(search_text, '\\s+'), ''))"
_SQLITE_COLUMNS: Final = "search_text, content='track', content_rowid='id', tokenize='unicode61 remove_diacritics 2'"
_IF_CHANGED: Final = "WHEN old.search_text <> new.search_text"
_REMOVE: Final = (
    "INSERT INTO track_search (track_search, rowid, search_text) VALUES ('delete', old.id, old.search_text); "
)
_ADD: Final = "INSERT INTO track_search (rowid, search_text) VALUES (new.id, new.search_text); "
SQLITE_STATEMENTS: Final = (
    f"CREATE VIRTUAL TABLE track_search USING fts5({_SQLITE_COLUMNS})",
    f"CREATE TRIGGER track_search_insert AFTER INSERT ON track BEGIN {_ADD}END",
    f"CREATE TRIGGER track_search_delete AFTER DELETE ON track BEGIN {_REMOVE}END",
    f"CREATE TRIGGER track_search_update AFTER UPDATE OF search_text ON track {_IF_CHANGED} BEGIN {_REMOVE}{_ADD}END",
)
POSTGRESQL_STATEMENTS: Final = (f"CREATE INDEX ix_track_search ON track USING gin (({POSTGRESQL_VECTOR}))",)


def attach(track: FromClause) -> None:
    """Let the index be made with the table of tracks."""
    event.listen(track, "after_create", _make)


def _make(_track: object, connection: Connection, **_options: object) -> None:
    statements = SQLITE_STATEMENTS if connection.dialect.name == "sqlite" else POSTGRESQL_STATEMENTS
    for statement in statements:
        connection.exec_driver_sql(statement)
