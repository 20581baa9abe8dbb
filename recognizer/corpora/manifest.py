"""Anyone's own recordings, named by a CSV file.

- Layout: a table with the columns `file` (absolute, or relative to where the table lies), `speaker` and `label`, and if
  known `sex` (female, male), `statement` and `duration_s`. A folder is taken for its `manifest.csv`.
- Labels: happy, sad, angry, neutral, as they stand; anything else is an error that names its line.
- Give the same person the same `speaker` everywhere: splits and intervals are made over speakers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from recognizer.corpora.errors import CorpusFileError
from recognizer.corpora.tables import iter_rows
from recognizer.corpora.utterance import SEXES, Sex, Utterance, parse_duration_s, sort_utterances
from recognizer.labels import LABELS, Label

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME: Final = "manifest"
TABLE_NAME: Final = "manifest.csv"


def load(path: Path) -> list[Utterance]:
    """Load what the table names, sorted by its `file` column.

    Args:
        path: the table, or a folder with `manifest.csv` in it.

    Raises:
        CorpusFileError: the table or a recording is missing or broken, or a cell is not what its column promises.
        CorpusError: the table is empty, or names a recording twice.
    """
    table = path / TABLE_NAME if path.is_dir() else path
    return sort_utterances(NAME, _iter_utterances(table))


def _iter_utterances(table: Path) -> Iterator[Utterance]:
    for line, row in iter_rows(NAME, table, columns=("file", "speaker", "label")):
        for column in ("file", "speaker"):
            if not row[column]:
                raise CorpusFileError(NAME, table, f"line {line}: the column {column!r} is empty")
        yield Utterance(
            corpus=NAME,
            utterance_id=row["file"],
            path=table.parent / row["file"],
            speaker_id=row["speaker"],
            label=cast("Label", _check_cell(table, line, "label", row["label"], LABELS)),
            sex=cast("Sex", _check_cell(table, line, "sex", row["sex"], SEXES)) if row.get("sex") else None,
            statement=row.get("statement") or None,
            duration_s=parse_duration_s(NAME, table, row.get("duration_s")),
        )


def _check_cell(table: Path, line: int, column: str, cell: str, allowed: tuple[str, ...]) -> str:
    if cell not in allowed:
        raise CorpusFileError(NAME, table, f"line {line}: expected a {column} of {allowed}, came {cell!r}")
    return cell
