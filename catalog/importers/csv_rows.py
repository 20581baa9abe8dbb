"""Read the rows of a CSV file of tracks, and check each value's unit."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from catalog.errors import ImportSourceError
from catalog.importers.tag_text import clean_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

COLUMNS: Final = (
    "title",
    "artist",
    "path",
    "url",
    "album",
    "genre",
    "year",
    "licence",
    "attribution",
    "duration_s",
)
_COLUMN_BY_ALIAS: Final = {"license": "licence", "file": "path"}
_UNITLESS: Final = frozenset({"duration", "length", "duration_ms", "length_ms", "duration_min"})
_DELIMITERS: Final = (",", ";", "\t", "|")
_MAX_DURATION_S: Final = 24 * 3600
_YEARS: Final = range(1500, 2101)
_MAX_URL_LENGTH: Final = 2000


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One row: cleaned values by column, None where empty; or why it cannot be used.

    Attributes:
        number: as a spreadsheet counts, the header being row 1.
        reason: what is wrong with the row; empty if nothing is.
    """

    number: int
    values: Mapping[str, str | None]
    reason: str = ""


def iter_rows(path: Path) -> Iterator[CsvRow]:
    """Read rows one at a time; a byte order mark is skipped, the delimiter found from the header.

    Raises:
        ImportSourceError: the file cannot be read, or its header lacks what is needed.
    """
    try:
        # Bytes that are no UTF-8 come through as surrogates, so that they spoil their own row alone.
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            delimiter = _find_delimiter(file.readline(), path)
            file.seek(0)
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            columns = _read_header(next(reader, []), path)
            yield from _read_rows(reader, columns)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise ImportSourceError(f"cannot read {str(path)!r}: {reason}") from error


def read_year(text: str | None) -> int | None:
    """Read a year.

    Raises:
        ValueError: it is none.
    """
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or int(text) not in _YEARS:
        raise ValueError(f"year: expected a number from {_YEARS[0]} to {_YEARS[-1]}, got {text!r}")
    return int(text)


def read_duration_s(text: str | None) -> float | None:
    """Read a duration in seconds.

    Raises:
        ValueError: it is none, or so long that it must be in another unit.
    """
    if text is None:
        return None
    try:
        duration_s = float(text)
    except ValueError:
        raise ValueError(f"duration_s: expected seconds such as 215.4, got {text!r}") from None
    if not 0 < duration_s <= _MAX_DURATION_S:
        raise ValueError(f"duration_s: expected seconds, more than 0 and at most {_MAX_DURATION_S}, got {text!r}")
    return duration_s


def read_url(text: str | None) -> str | None:
    """Read a web address.

    Raises:
        ValueError: it is none that a browser could play from.
    """
    if text is None:
        return None
    try:
        parts = urlsplit(text)
        is_web = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        is_web = False
    if not is_web or len(text) > _MAX_URL_LENGTH or " " in text:
        raise ValueError(f"url: expected http:// or https:// and a host, got {text[:100]!r}")
    return text


def _find_delimiter(header: str, path: Path) -> str:
    def count_columns(delimiter: str) -> int:
        return sum(_name_column(field.strip('"')) in COLUMNS for field in header.split(delimiter))

    best = max(_DELIMITERS, key=count_columns)
    if count_columns(best) == 0:
        raise ImportSourceError(
            f"{path.name}: expected a first row with column names among {', '.join(COLUMNS)}, got {header[:100]!r}",
        )
    return best


def _read_header(header: list[str], path: Path) -> list[str]:
    columns = [_name_column(name) for name in header]
    unitless = sorted(_UNITLESS & set(columns))
    if unitless:
        raise ImportSourceError(
            f"{path.name}: expected durations in seconds as duration_s, got the column {unitless[0]!r}"
        )
    repeated = sorted({name for name in columns if name in COLUMNS and columns.count(name) > 1})
    if repeated:
        raise ImportSourceError(f"{path.name}: the column {repeated[0]!r} comes twice")
    if "title" not in columns or not {"path", "url"} & set(columns):
        raise ImportSourceError(f"{path.name}: expected the columns title and path or url, got {', '.join(columns)!r}")
    return columns


def _name_column(name: str) -> str:
    plain = name.strip().lower().replace(" ", "_")
    return _COLUMN_BY_ALIAS.get(plain, plain)


def _read_rows(reader: Iterator[list[str]], columns: list[str]) -> Iterator[CsvRow]:
    number = 1
    while True:
        number += 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield CsvRow(number, {}, f"the row cannot be read: {error}")
            continue
        if fields:
            yield _read_row(number, fields, columns)


def _read_row(number: int, fields: list[str], columns: list[str]) -> CsvRow:
    if len(fields) != len(columns):
        return CsvRow(number, {}, f"expected {len(columns)} fields, got {len(fields)}")
    try:
        "".join(fields).encode()
    except UnicodeEncodeError:
        return CsvRow(number, {}, "expected text in UTF-8, got other bytes; save the file as UTF-8")
    return CsvRow(
        number,
        # A path may hold two spaces in a row: it is the one value that is not tidied.
        {
            name: (field.strip() or None) if name in {"path", "url"} else clean_text(field)
            for name, field in zip(columns, fields, strict=True)
        },
    )
