"""What one model heard, kept by the content of each recording, so that nothing is heard twice."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Final

from recognizer.evaluation.errors import PredictionsError
from recognizer.evaluation.predictions import LOGIT_COLUMNS

if TYPE_CHECKING:
    from pathlib import Path

    Logits = tuple[float, float, float, float]

COLUMNS: Final = ("sha256", *LOGIT_COLUMNS)


class HeardFile:
    """Logits by the hash of a recording's content, each appended as soon as it is known.

    Truth is not in it: who speaks, and in which mood, the corpus says anew at every run.

    Args:
        path: a CSV table with `sha256` and `logit_happy` to `logit_neutral`; made with the first line. A last line cut
            off by a killed run is dropped.

    Raises:
        PredictionsError: it is no such table.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        _drop_cut_line(path)
        self._logits_by_sha256 = _read(path) if path.exists() else {}

    def find_logits(self, sha256: str) -> Logits | None:
        """Return what was heard in a recording of this content, if it was."""
        return self._logits_by_sha256.get(sha256)

    def add(self, sha256: str, logits: Logits) -> None:
        """Keep what was heard in a recording of this content."""
        is_new = not self._path.exists()
        with self._path.open("a", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            if is_new:
                writer.writerow(COLUMNS)
            writer.writerow([sha256, *(f"{logit:.6g}" for logit in logits)])
        self._logits_by_sha256[sha256] = logits


def _read(path: Path) -> dict[str, Logits]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        if tuple(header) != COLUMNS:
            raise ValueError(f"expected the columns {list(COLUMNS)}, came {header}")  # noqa: TRY301 - chained below
        return {sha256: _parse_logits(cells) for sha256, *cells in rows}
    except (OSError, ValueError, csv.Error) as error:
        raise PredictionsError(path, f"expected what a run heard before, {error}") from error


def _parse_logits(cells: list[str]) -> Logits:
    happy, sad, angry, neutral = map(float, cells)
    return happy, sad, angry, neutral


def _drop_cut_line(path: Path) -> None:
    # A run killed while writing leaves half a line; it must neither be believed nor block the next run.
    if not path.exists():
        return
    written = path.read_bytes()
    whole = written[: written.rfind(b"\n") + 1]
    if len(whole) < len(written):
        with path.open("r+b") as file:
            file.truncate(len(whole))
    if not whole:
        path.unlink()
