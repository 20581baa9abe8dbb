"""Reads the CSV tables that protocols start from, plain or gzipped, and says what is wrong with them."""

from __future__ import annotations

import csv
import gzip
import io
from typing import TYPE_CHECKING

import numpy as np

from recommender.errors import EvaluationDataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path


def read_rows(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """Read a table whose header holds certain columns.

    Args:
        path: CSV in UTF-8, gzipped where its name ends in `.gz`.
        columns: that must be there.

    Raises:
        EvaluationDataError: the file cannot be read, or a column is missing.
    """
    try:
        text = (gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()).decode("utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        rows = list(reader)
    except OSError as error:
        raise EvaluationDataError(f"cannot read {str(path)!r}: {error.strerror or error}") from error
    except (UnicodeDecodeError, csv.Error, EOFError) as error:
        raise EvaluationDataError(f"expected a CSV table in UTF-8 in {str(path)!r}: {error}") from error
    missing = [column for column in columns if column not in (reader.fieldnames or ())]
    if missing:
        raise EvaluationDataError(f"expected the columns {', '.join(columns)} in {str(path)!r}, {missing} missing")
    return rows


def to_numbers(rows: Iterable[Mapping[str, str]], columns: Sequence[str], path: Path) -> np.ndarray:
    """Turn columns into finite numbers, shape (n_rows, n_columns).

    Raises:
        EvaluationDataError: a cell is missing or holds no finite number.
    """
    try:
        values = np.array([[float(row[column]) for column in columns] for row in rows], dtype=np.float64)
    except (KeyError, TypeError, ValueError) as error:
        raise EvaluationDataError(f"expected numbers in {', '.join(columns)} of {str(path)!r}: {error}") from error
    if not np.isfinite(values).all():
        raise EvaluationDataError(f"expected finite numbers in {', '.join(columns)} of {str(path)!r}")
    return values.reshape(-1, len(columns))
