"""Reads the tables that corpora bring: comma- or tab-separated, plain or gzipped, with a header."""

from __future__ import annotations

import csv
import gzip
import zlib
from typing import TYPE_CHECKING, TextIO, cast

from recognizer.corpora.errors import CorpusFileError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


def iter_rows(
    corpus: str, path: Path, *, columns: Sequence[str], delimiter: str = ","
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each row with its line number, cells stripped of surrounding blanks.

    Args:
        corpus: name for messages.
        path: the table; a name ending in `.gz` is unpacked on the way.
        columns: headers that must be there; others pass through.
        delimiter: one character.

    Raises:
        CorpusFileError: the table is missing, cut short, not UTF-8, lacks a column, or has a row that ends early.
    """
    if not path.is_file():
        raise CorpusFileError(corpus, path, "expected a table, there is no such file")
    try:
        with _open_text(path) as file:
            yield from _iter_checked(corpus, path, file, columns, delimiter)
    except (UnicodeDecodeError, gzip.BadGzipFile, EOFError, zlib.error, csv.Error) as error:
        raise CorpusFileError(corpus, path, f"expected a table in UTF-8, {error}") from error


def find_first(folder: Path, names: Sequence[str]) -> Path | None:
    """Return the first of these files or folders that is in the folder."""
    return next((folder / name for name in names if (folder / name).exists()), None)


def _iter_checked(
    corpus: str, path: Path, file: TextIO, columns: Sequence[str], delimiter: str
) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(file, delimiter=delimiter)
    header = [name.strip() for name in reader.fieldnames or ()]
    if missing := [column for column in columns if column not in header]:
        raise CorpusFileError(corpus, path, f"expected the columns {list(columns)}, {missing} are not in {header}")
    reader.fieldnames = header
    for row in reader:
        if any(row[column] is None for column in columns):
            raise CorpusFileError(corpus, path, f"line {reader.line_num} ends before its last column")
        yield reader.line_num, {name: (cell or "").strip() for name, cell in row.items() if isinstance(name, str)}


def _open_text(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return cast("TextIO", gzip.open(path, "rt", encoding="utf-8-sig", newline=""))
    return path.open(encoding="utf-8-sig", newline="")
