"""Artists by name: one row each, however the name is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from catalog.models import Artist
from catalog.sorting import sort_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session


class ArtistRows:
    """The artists that a change of tracks names, each looked up once however many tracks bear its name.

    Args:
        session: where the rows are; new ones are added to it.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._artist_by_key: dict[str, Artist | None] = {}

    def load(self, names: Iterable[str | None]) -> None:
        """Look up many artists by one query; at most some thousand."""
        keys = {sort_key(name) for name in names if name is not None} - self._artist_by_key.keys()
        if not keys:
            return
        rows = self._session.scalars(select(Artist).where(Artist.name_key.in_(keys)))
        self._artist_by_key |= dict.fromkeys(keys) | {row.name_key: row for row in rows}

    def get_or_add(self, name: str | None) -> Artist | None:
        """Return the artist's row, made where there is none; None for no name.

        The same name in other letters: the spelling given wins, it is a curator's.
        """
        if name is None:
            return None
        self.load([name])
        artist = self._artist_by_key[sort_key(name)]
        if artist is None:
            artist = Artist(name=name)
            self._session.add(artist)
            self._artist_by_key[artist.name_key] = artist
        elif artist.name != name:
            artist.name = name
        return artist
