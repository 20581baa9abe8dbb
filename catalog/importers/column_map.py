"""Which column of a list holds which field, in which unit: as a person says it, or by the names of the columns."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from catalog.errors import ImportSourceError
from catalog.importers.values import parse_scale

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_DURATION_UNITS: Final = ("s", "ms", "min", "mm:ss")
_SCALED: Final = ("valence", "arousal")
KIND_BY_TAG_FIELD: Final[Mapping[str, str]] = {
    "moods": "mood",
    "genres": "genre",
    "instruments": "instrument",
    "activities": "activity",
    "tags": "other",
}
FIELDS: Final = (
    "title",
    "artist",
    "path",
    "url",
    "album",
    "album_artist",
    "track_number",
    "genre",
    "year",
    "licence",
    "attribution",
    "duration_s",
    "tempo_bpm",
    "valence",
    "arousal",
    "musicbrainz_id",
    "replaygain_db",
    *KIND_BY_TAG_FIELD,
)
# Names that other programs give their columns; a name that leaves the unit open is not among them.
_FIELD_BY_ALIAS: Final[Mapping[str, tuple[str, str]]] = {
    "license": ("licence", ""),
    "licence_url": ("licence", ""),
    "license_url": ("licence", ""),
    "file": ("path", ""),
    "filename": ("path", ""),
    "file_name": ("path", ""),
    "location": ("path", ""),
    "name": ("title", ""),
    "song": ("title", ""),
    "song_name": ("title", ""),
    "song_title": ("title", ""),
    "track": ("title", ""),
    "track_name": ("title", ""),
    "track_title": ("title", ""),
    "artist_name": ("artist", ""),
    "artists": ("artist", ""),
    "creator": ("artist", ""),
    "album_name": ("album", ""),
    "albumartist": ("album_artist", ""),
    "track_no": ("track_number", ""),
    "tracknumber": ("track_number", ""),
    "release_year": ("year", ""),
    "date": ("year", ""),
    "release_date": ("year", ""),
    "duration_ms": ("duration_s", "ms"),
    "length_ms": ("duration_s", "ms"),
    "length_s": ("duration_s", "s"),
    "duration_sec": ("duration_s", "s"),
    "duration_min": ("duration_s", "min"),
    "bpm": ("tempo_bpm", ""),
    "tempo": ("tempo_bpm", ""),
    "mood": ("moods", ""),
    "instrument": ("instruments", ""),
    "activity": ("activities", ""),
    "mbid": ("musicbrainz_id", ""),
    "musicbrainz_trackid": ("musicbrainz_id", ""),
    "link": ("url", ""),
    "attribution_text": ("attribution", ""),
}
_UNITLESS: Final = ("duration", "length", "time")
_CLOCK: Final = re.compile(r"\d{1,3}(:[0-5]\d){1,2}")


@dataclass(frozen=True, slots=True)
class ColumnRule:
    """One field and where it comes from.

    Attributes:
        unit: `s`, `ms`, `min` or `mm:ss` of durations, `low..high` of valence and arousal; empty for others.
    """

    field: str
    column: str
    unit: str = ""

    def __str__(self) -> str:
        text = f"{self.field}={self.column}" + (f":{self.unit}" if self.unit else "")
        return f'"{text.replace(chr(34), chr(34) * 2)}"' if "," in text or '"' in text else text


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Rules for the columns of one list; `str` gives what `parse_column_map` reads."""

    rules: tuple[ColumnRule, ...]

    def __str__(self) -> str:
        return ",".join(str(rule) for rule in self.rules)


def parse_column_map(text: str) -> ColumnMap:
    """Read `title=Song Name,duration_s=Length:ms`; what holds a comma is put in quotes.

    Raises:
        ImportSourceError: it is no map, names a field that does not exist, or a unit that does not fit.
    """
    try:
        parts = next(csv.reader([text], strict=True, skipinitialspace=True), [])
    except csv.Error as error:
        raise ImportSourceError(f"the column map cannot be read: {error}") from error
    rules = tuple(_parse_rule(part) for part in parts if part.strip())
    fields = [rule.field for rule in rules]
    repeated = next((field for field in fields if fields.count(field) > 1), None)
    if repeated:
        raise ImportSourceError(f"the column map names the field {repeated!r} twice")
    return ColumnMap(rules)


def _parse_rule(text: str) -> ColumnRule:
    field, equals, column = (part.strip() for part in text.partition("="))
    if not equals or not column:
        raise ImportSourceError(f"column map: expected field=column such as title=Song Name, got {text!r}")
    if field not in FIELDS:
        raise ImportSourceError(f"column map: expected a field among {', '.join(FIELDS)}, got {field!r}")
    if field == "duration_s":
        # The longest unit first: mm:ss holds a colon itself.
        unit = next((unit for unit in reversed(_DURATION_UNITS) if column.endswith(f":{unit}")), "")
        return ColumnRule(field, column.removesuffix(f":{unit}") if unit else column, unit or "s")
    if field in _SCALED:
        column, _, unit = column.rpartition(":")
        return ColumnRule(field, column, _check_scale(field, unit) if column else _miss_scale(field, unit))
    return ColumnRule(field, column)


def _check_scale(field: str, unit: str) -> str:
    try:
        parse_scale(unit)
    except ValueError as error:
        raise ImportSourceError(f"column map, {field}: {error}") from error
    return unit


def _miss_scale(field: str, column: str) -> str:
    raise ImportSourceError(f"column map, {field}: expected a scale such as {field}={column}:0..1, got none")


def guess_column_map(header: Sequence[str], rows: Sequence[Sequence[str]] = ()) -> ColumnMap:
    """Find the fields by the names of the columns; a column whose name is a field's wins over other names for it.

    A duration without a unit is taken only where the rows show it to be of the kind 3:35.
    """
    rule_by_field: dict[str, ColumnRule] = {}
    for column in header:
        plain = normalize(column)
        if plain in FIELDS and plain not in _SCALED:
            rule_by_field[plain] = ColumnRule(plain, column, "s" if plain == "duration_s" else "")
    for position, column in enumerate(header):
        field, unit = _FIELD_BY_ALIAS.get(normalize(column), ("", ""))
        if normalize(column) in _UNITLESS and _is_clock([row[position] for row in rows if position < len(row)]):
            field, unit = "duration_s", "mm:ss"
        if field and field not in rule_by_field:
            rule_by_field[field] = ColumnRule(field, column, unit)
    return ColumnMap(tuple(rule_by_field[field] for field in FIELDS if field in rule_by_field))


def find_open_units(header: Sequence[str], column_map: ColumnMap) -> list[str]:
    """Name the columns that would say something if their unit were known, with the rule that tells it."""
    used = {rule.column for rule in column_map.rules}
    hints = []
    for column in header:
        plain = normalize(column)
        if column in used:
            continue
        if plain in _UNITLESS and not any(rule.field == "duration_s" for rule in column_map.rules):
            hints.append(f"duration_s={column}:ms")
        elif plain in _SCALED:
            hints.append(f"{plain}={column}:0..1")
    return hints


def normalize(column: str) -> str:
    """Return a column's name in lower case, with underscores between its words."""
    return re.sub(r"[\s_\-]+", "_", column.strip().lower())


def _is_clock(values: Sequence[str]) -> bool:
    told = [value.strip() for value in values if value.strip()]
    return bool(told) and all(_CLOCK.fullmatch(value) for value in told)
