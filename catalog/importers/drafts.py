"""Rows of a table as drafts: each value is read by the rule of its column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from catalog.importers.column_map import KIND_BY_TAG_FIELD
from catalog.importers.importer import TrackDraft
from catalog.importers.tag_text import clean_text
from catalog.importers.values import (
    read_duration_s,
    read_musicbrainz_id,
    read_replaygain_db,
    read_scaled,
    read_tags,
    read_tempo_bpm,
    read_track_number,
    read_url,
    read_year,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from catalog.importers.column_map import ColumnRule

_READER_BY_FIELD: Final[Mapping[str, Callable[[str | None], Any]]] = {
    "url": read_url,
    "year": read_year,
    "track_number": read_track_number,
    "tempo_bpm": read_tempo_bpm,
    "replaygain_db": read_replaygain_db,
    "musicbrainz_id": read_musicbrainz_id,
}


def make_draft(told: Mapping[ColumnRule, str | None]) -> tuple[TrackDraft, str | None]:
    """Read the values of one row.

    Args:
        told: the text of each column that has a rule, as it stands.

    Returns:
        The draft, without a file, and the path that the row names.

    Raises:
        ValueError: a value is not what its column must hold, or there is no title.
    """
    values: dict[str, Any] = {}
    tags: list[tuple[str, str]] = []
    path = None
    for rule, raw in told.items():
        if rule.field == "path":
            # A path may hold two spaces in a row: it is not tidied.
            path = (raw or "").strip() or None
        elif rule.field in KIND_BY_TAG_FIELD:
            tags += read_tags(KIND_BY_TAG_FIELD[rule.field], raw)
        else:
            values[rule.field] = _read_value(rule, raw)
    if values.get("title") is None:
        raise ValueError("title: expected one, got nothing")
    if (values.get("valence") is None) != (values.get("arousal") is None):
        raise ValueError("valence and arousal: expected both or neither, got one")
    tags += read_tags("genre", values.get("genre")) if not any(kind == "genre" for kind, _ in tags) else []
    return TrackDraft(**values, tags=tuple(sorted(set(tags))) or None), path


def _read_value(rule: ColumnRule, raw: str | None) -> Any:  # noqa: ANN401 - text or a number, by the field
    text = raw.strip() or None if rule.field == "url" and raw else clean_text(raw)
    if rule.field == "duration_s":
        return read_duration_s(text, rule.unit)
    if rule.field in {"valence", "arousal"}:
        return read_scaled(rule.field, text, rule.unit)
    reader = _READER_BY_FIELD.get(rule.field)
    return reader(text) if reader else text
