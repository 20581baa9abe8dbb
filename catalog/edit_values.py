"""What a curator may write into a track, and how it is checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from catalog.errors import InvalidEditError
from catalog.importers.tag_text import clean_text
from catalog.models import TagKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

EDITABLE_FIELDS: Final = ("title", "artist", "album", "genre", "year", "licence", "attribution")
_YEARS: Final = range(1500, 2101)


@dataclass(frozen=True, slots=True)
class TrackEdit:
    """A change of one track or of many.

    Attributes:
        fields: new value by field, of `EDITABLE_FIELDS`; empty text or None empties a field.
        add_tags: kind and name.
        remove_tags: kind and name.
    """

    fields: Mapping[str, str | int | None] = field(default_factory=dict)
    add_tags: tuple[tuple[str, str], ...] = ()
    remove_tags: tuple[tuple[str, str], ...] = ()


def check_fields(fields: Mapping[str, str | int | None]) -> dict[str, str | int | None]:
    """Return the values as they are stored.

    Raises:
        InvalidEditError: a field cannot be changed, or not to this value.
    """
    return {name: _check_field(name, value) for name, value in fields.items()}


def check_tags(tags: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return tags as they are stored, names in lower case.

    Raises:
        InvalidEditError: a kind is unknown or a name empty.
    """
    return {_check_tag(kind, name) for kind, name in tags}


def _check_tag(kind: str, name: str) -> tuple[str, str]:
    if kind not in set(TagKind):
        raise InvalidEditError("tags", f"expected a kind among {', '.join(TagKind)}, got {kind!r}")
    text = clean_text(name)
    if text is None:
        raise InvalidEditError("tags", "expected a name, got nothing")
    return kind, text.lower()


def _check_field(name: str, value: str | int | None) -> str | int | None:
    if name not in EDITABLE_FIELDS:
        raise InvalidEditError(name, f"expected a field among {', '.join(EDITABLE_FIELDS)}")
    text = clean_text(None if value is None else str(value))
    if text is None and name == "title":
        raise InvalidEditError(name, "expected one, got nothing")
    return _check_year(text) if name == "year" and text is not None else text


def _check_year(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) not in _YEARS:
        raise InvalidEditError("year", f"expected a number from {_YEARS[0]} to {_YEARS[-1]}, got {text!r}")
    return int(text)
