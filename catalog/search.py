"""Full-text search, the same on both databases: every word of the query begins a word of the track."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Integer, case, cast, column, literal_column, select, table
from sqlalchemy.dialects.postgresql import TSQUERY

from catalog.full_text import POSTGRESQL_VECTOR
from catalog.models import Track
from catalog.sorting import sort_key, split_words

if TYPE_CHECKING:
    from sqlalchemy import Select
    from sqlalchemy.orm import Session


def matching(session: Session, search: str) -> ColumnElement[bool] | None:
    """Return the condition that a track is found, None if the search says nothing.

    Words come in any order, each may be cut short at its end. A search of signs alone, such as `!!!`, is looked for as
    it is in the titles.

    Args:
        session: says which database is asked.
        search: what a person typed, whatever it is.
    """
    words = split_words(search)
    if words and session.get_bind().dialect.name == "sqlite":
        return Track.id.in_(_sqlite_ids(words))
    if words:
        query = " & ".join(f"'{word}':*" for word in words)
        return literal_column(POSTGRESQL_VECTOR).op("@@")(cast(query, TSQUERY))
    key = _storable_key(search)
    return Track.title_key.contains(key, autoescape=True) if key else None


def relevance(search: str) -> ColumnElement[int]:
    """Return what to sort found tracks by, least first: titles that are the search, that begin with it, all others."""
    key = _storable_key(search)
    return case((Track.title_key == key, 0), (Track.title_key.startswith(key, autoescape=True), 1), else_=2)


def _storable_key(search: str) -> str:
    # No database takes a zero byte or half of a surrogate pair.
    return sort_key(search.replace("\0", "").encode(errors="ignore").decode())


def _sqlite_ids(words: list[str]) -> Select[int]:
    # Quoted, a word is a word: AND, NEAR and the like have no meaning.
    query = " ".join(f'"{word}"*' for word in words)
    index = table("track_search", column("rowid", Integer))
    return select(index.c.rowid).where(literal_column("track_search").op("MATCH")(query))
