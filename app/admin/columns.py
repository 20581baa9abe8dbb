"""Which columns the list of tracks shows; each browser remembers its own choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flask import request

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flask import Response

    from catalog.queries import TrackSort

COOKIE: Final = "emotitune_columns"
_ONE_YEAR_S: Final = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the list.

    Attributes:
        name: also of the field that is written in it.
        sort: what a click on its head sorts by; None for nothing.
        is_number: whether it stands to the right.
        is_editable: whether its cells can be written in.
    """

    name: str
    word: str
    sort: TrackSort | None = None
    is_number: bool = False
    is_editable: bool = False


COLUMNS: Final = (
    Column("artist", "Artist", "artist", is_editable=True),
    Column("album", "Album", is_editable=True),
    Column("genre", "Genre", is_editable=True),
    Column("year", "Year", "year", is_number=True, is_editable=True),
    Column("mood", "Mood"),
    Column("valence", "Valence", "valence", is_number=True),
    Column("arousal", "Arousal", "arousal", is_number=True),
    Column("tempo", "Tempo", "tempo", is_number=True),
    Column("length", "Length", is_number=True),
    Column("licence", "Licence", is_editable=True),
    Column("attribution", "Attribution", is_editable=True),
    Column("source", "Source"),
    Column("path", "File"),
    Column("created", "Added", "created", is_number=True),
)
DEFAULT: Final = frozenset({"artist", "album", "genre", "year", "mood", "tempo", "length", "created"})


def choose_columns() -> tuple[Column, ...]:
    """Return the columns that this browser chose."""
    cookie = request.cookies.get(COOKIE)
    names = DEFAULT if cookie is None else frozenset(cookie.split("."))
    return tuple(column for column in COLUMNS if column.name in names)


def remember_columns(response: Response, names: Iterable[str]) -> None:
    """Let the browser keep a choice."""
    known = [column.name for column in COLUMNS if column.name in set(names)]
    response.set_cookie(
        COOKIE,
        ".".join(known),
        max_age=_ONE_YEAR_S,
        path="/admin",
        httponly=True,
        samesite="Lax",
        secure=request.is_secure,
    )
