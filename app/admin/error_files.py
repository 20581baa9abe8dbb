"""What could not be done, as a table to download; safe for spreadsheets."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from catalog.spreadsheet_cells import defuse_cell

if TYPE_CHECKING:
    from collections.abc import Iterator


def stream_errors(rows: Iterator[tuple[str, str]]) -> Iterator[bytes]:
    """Yield a CSV file of places and reasons, row by row."""
    yield _to_line("where", "reason")
    for where, reason in rows:
        yield _to_line(defuse_cell(where), defuse_cell(reason))


def _to_line(*cells: str) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().encode("utf-8", "replace")
