"""Import tracks listed in a CSV file, as files beside it or as web addresses."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, ClassVar

from catalog.importers.column_map import FIELDS, parse_column_map
from catalog.importers.csv_rows import CsvTable, open_table
from catalog.importers.table import N_SHOWN_ROWS, TableImporter, TableRow, is_named

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path


class CsvImporter(TableImporter):
    """Bring in what a CSV file lists, plain or packed by gzip, whatever its delimiter; see `TableImporter`."""

    name: ClassVar[str] = "csv"
    expected: ClassVar[str] = "a CSV file"

    def read_head(self, source: Path) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
        """Return the columns and the first rows; see `TableImporter.read_head`."""
        with self._open(source) as table:
            rows = tuple(tuple(row.fields) for row in islice(table.rows, N_SHOWN_ROWS) if not row.reason)
            return tuple(table.header), rows

    def iter_table(self, source: Path) -> Iterator[TableRow]:
        """Read the rows; see `TableImporter.iter_table`."""
        with self._open(source) as table:
            for row in table.rows:
                where = f"{source.name}, row {row.number}"
                text = {} if row.reason else dict(zip(table.header, row.fields, strict=True))
                yield TableRow(where, text, row.reason)

    def _open(self, source: Path) -> AbstractContextManager[CsvTable]:
        asked = {rule.column for rule in parse_column_map(self.options.column_map).rules}
        return open_table(source, lambda column: column in asked or is_named(column), FIELDS)
