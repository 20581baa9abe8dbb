"""Read the rows of a CSV file, whatever its delimiter; a bad row spoils itself alone."""

from __future__ import annotations

import csv
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from catalog.errors import ImportSourceError
from catalog.importers.text_source import is_utf8, iter_lines, open_text
from catalog.spreadsheet_cells import restore_cell

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from pathlib import Path

_DELIMITERS: Final = (",", ";", "\t", "|")


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One row: its fields, those that an export defused as they were before; or why it cannot be used.

    Attributes:
        number: as a spreadsheet counts, the header being row 1.
        reason: what is wrong with the row; empty if nothing is.
    """

    number: int
    fields: Sequence[str] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CsvTable:
    """An open CSV file: its header, and its rows as they are asked for."""

    header: Sequence[str]
    rows: Iterator[CsvRow]


@contextmanager
def open_table(path: Path, is_known: Callable[[str], bool], expected: Collection[str]) -> Iterator[CsvTable]:
    """Open a CSV file.

    Args:
        path: plain or packed by gzip; a byte order mark is skipped.
        is_known: whether a column has this name; the delimiter that gives most known columns is the file's.
        expected: names of columns, for the message.

    Raises:
        ImportSourceError: the file cannot be read, or its header has no known column, or one twice.
    """
    with open_text(path) as file:
        lines = iter_lines(file)
        first = next(lines, "")
        delimiter = _find_delimiter(first, is_known, expected, path)
        header = next(csv.reader([first], delimiter=delimiter), [])
        known = [name for name in header if is_known(name)]
        repeated = next((name for name in known if known.count(name) > 1), None)
        if repeated:
            raise ImportSourceError(f"{path.name}: the column {repeated!r} comes twice")
        yield CsvTable(header, _iter_rows(csv.reader(lines, delimiter=delimiter, strict=True), len(header), path))


def _find_delimiter(header: str, is_known: Callable[[str], bool], expected: Collection[str], path: Path) -> str:
    def count_columns(delimiter: str) -> int:
        return sum(is_known(field.strip().strip('"')) for field in header.split(delimiter))

    best = max(_DELIMITERS, key=count_columns)
    if count_columns(best) == 0:
        raise ImportSourceError(
            f"{path.name}: expected a first row with column names among {', '.join(expected)}, got {header[:100]!r}",
        )
    return best


def _iter_rows(reader: Iterator[list[str]], n_columns: int, path: Path) -> Iterator[CsvRow]:
    number = 1
    while True:
        number += 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield CsvRow(number, reason=f"the row cannot be read: {error}")
            continue
        except (EOFError, OSError) as error:
            # What came before is good; the import must say that more was to come.
            raise ImportSourceError(f"{path.name}, row {number}: the file is damaged from here on: {error}") from error
        if fields:
            yield _check_row(number, fields, n_columns)


def _check_row(number: int, fields: list[str], n_columns: int) -> CsvRow:
    if len(fields) != n_columns:
        return CsvRow(number, reason=f"expected {n_columns} fields, got {len(fields)}")
    if not is_utf8("".join(fields)):
        return CsvRow(number, reason="expected text in UTF-8, got other bytes; save the file as UTF-8")
    return CsvRow(number, [restore_cell(field) for field in fields])
