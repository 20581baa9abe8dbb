"""Artists by name: one row each, however the name is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from catalog.models import Artist
from catalog.sorting import sort_key

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def find_artist(session: Session, name: str) -> Artist | None:
    """Return the artist's row, however the name is capitalized or spaced."""
    return session.scalar(select(Artist).where(Artist.name_key == sort_key(name)))


def get_or_add_artist(session: Session, name: str | None) -> Artist | None:
    """Return the artist's row, made where there is none; None for no name.

    The same name in other letters: the spelling given wins, it is a curator's.
    """
    if name is None:
        return None
    artist = find_artist(session, name)
    if artist is None:
        artist = Artist(name=name)
        session.add(artist)
    elif artist.name != name:
        artist.name = name
    return artist
