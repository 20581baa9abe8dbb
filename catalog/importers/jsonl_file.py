"""Import tracks listed as JSON objects, one a line."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, Final

from catalog.errors import ImportSourceError
from catalog.importers.table import N_SHOWN_ROWS, TableImporter, TableRow
from catalog.importers.text_source import MAX_LINE_LENGTH, is_utf8, iter_lines, open_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# The first object need not have all columns.
_N_ROWS_FOR_COLUMNS: Final = 100


class JsonlImporter(TableImporter):
    """Bring in what a JSONL file lists; see `TableImporter`. The keys are the columns, lists become tags."""

    name: ClassVar[str] = "jsonl"
    expected: ClassVar[str] = "a file of JSON objects, one a line"

    def read_head(self, source: Path) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
        """Return the keys of the first objects and their values; see `TableImporter.read_head`."""
        head = [row for row in islice(self.iter_table(source), _N_ROWS_FOR_COLUMNS) if not row.reason]
        header = tuple(dict.fromkeys(column for row in head for column in row.text_by_column))
        if not header:
            raise ImportSourceError(f"{source.name}: expected {self.expected}, got none")
        rows = tuple(tuple(row.text_by_column.get(column) or "" for column in header) for row in head[:N_SHOWN_ROWS])
        return header, rows

    def iter_table(self, source: Path) -> Iterator[TableRow]:
        """Read the objects; see `TableImporter.iter_table`."""
        with open_text(source) as file:
            for number, line in enumerate(iter_lines(file), start=1):
                if line.strip():
                    yield _read_line(f"{source.name}, line {number}", line)


def _read_line(where: str, line: str) -> TableRow:
    if len(line) >= MAX_LINE_LENGTH:
        return TableRow(where, {}, f"expected an object of less than {MAX_LINE_LENGTH} characters")
    if not is_utf8(line):
        return TableRow(where, {}, "expected text in UTF-8, got other bytes; save the file as UTF-8")
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        return TableRow(where, {}, f"expected a JSON object: {error}")
    if not isinstance(value, dict):
        return TableRow(where, {}, f"expected a JSON object, got {line.strip()[:50]!r}")
    try:
        return TableRow(where, {name: _to_text(name, item) for name, item in value.items()})
    except ValueError as error:
        return TableRow(where, {}, str(error))


def _to_text(name: str, value: Any) -> str | None:  # noqa: ANN401 - anything JSON holds
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "|".join(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        # 2011.0 is a year too.
        return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    raise ValueError(f"{name}: expected text, a number or a list of texts, got {json.dumps(value)[:50]}")
