"""A corpus kept as a flat folder with a table beside it: `<folder>.csv` next to `<folder>/`.

Columns `file` (relative to where the table lies), `speaker`, `emotion`, and if known `sex`, `statement`, `duration_s`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from recognizer.corpora.tables import iter_rows
from recognizer.corpora.utterance import parse_duration_s

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class SidecarRow:
    """One line of the table, its cells as they stand."""

    line: int
    path: Path
    speaker_id: str
    emotion: str
    statement: str | None
    duration_s: float | None


def find_sidecar(folder: Path) -> Path | None:
    """Return the table beside a folder, or None."""
    table = folder.parent / f"{folder.name}.csv"
    return table if table.is_file() else None


def iter_sidecar(corpus: str, table: Path) -> Iterator[SidecarRow]:
    """Yield the rows of the table.

    Raises:
        CorpusFileError: a column is missing, a row is cut short, or a duration is no number.
    """
    for line, row in iter_rows(corpus, table, columns=("file", "speaker", "emotion")):
        yield SidecarRow(
            line=line,
            path=table.parent / row["file"],
            speaker_id=row["speaker"],
            emotion=row["emotion"],
            statement=row.get("statement") or None,
            duration_s=parse_duration_s(corpus, table, row.get("duration_s")),
        )
