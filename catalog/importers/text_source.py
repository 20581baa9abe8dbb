"""Open lists as text: packed by gzip or not, with or without a byte order mark, line by line however long they are."""

from __future__ import annotations

import gzip
import io
import zlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Final

from catalog.errors import ImportSourceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_GZIP_SIGN: Final = b"\x1f\x8b"
_UTF16_SIGNS: Final = (b"\xff\xfe", b"\xfe\xff")
# A line this long is no row of a list; what lies beyond is dropped, so that a file of one line cannot fill the memory.
MAX_LINE_LENGTH: Final = 1_000_000


@contextmanager
def open_text(path: Path) -> Iterator[IO[str]]:
    """Open a list; bytes that are no UTF-8 come through as surrogates, so that they spoil their own row alone.

    Raises:
        ImportSourceError: the file cannot be read, or is packed and damaged.
    """
    try:
        with path.open("rb") as raw:
            is_packed = raw.read(2) == _GZIP_SIGN
            raw.seek(0)
            with io.BufferedReader(gzip.GzipFile(fileobj=raw)) if is_packed else raw as file:
                encoding = "utf-16" if file.peek(2)[:2] in _UTF16_SIGNS else "utf-8-sig"
                with io.TextIOWrapper(file, encoding=encoding, errors="surrogateescape", newline="") as text:
                    yield text
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ImportSourceError(f"{path.name}: the packed file is damaged: {error}") from error
    except UnicodeDecodeError as error:
        raise ImportSourceError(f"{path.name}: expected text in UTF-8 or UTF-16, got other bytes") from error
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise ImportSourceError(f"cannot read {str(path)!r}: {reason}") from error


def iter_lines(file: IO[str]) -> Iterator[str]:
    """Yield lines with their ends; of those that are too long, the beginning."""
    while line := file.readline(MAX_LINE_LENGTH):
        yield line
        while line and not line.endswith(("\n", "\r")) and len(line) == MAX_LINE_LENGTH:
            line = file.readline(MAX_LINE_LENGTH)


def is_utf8(text: str) -> bool:
    """Tell whether text came from bytes that were valid."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
