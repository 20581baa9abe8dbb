"""The file an index is kept in: faiss's own data first, then columns of ours, what it was built from and a checksum.

faiss reads from the front and ignores what follows, so one file holds all of it, and one rename replaces all of it.
Nothing is copied on opening: faiss and numpy map the file.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import numpy as np

from recommender.errors import IndexUnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

FORMAT: Final = 2
_MAGIC: Final = b"EMTIDX02"
_LENGTH_BYTES: Final = 8
# Columns begin at multiples of this, as vector instructions like it.
_ALIGNMENT: Final = 64


class IndexKind(StrEnum):
    """How an index searches."""

    EXACT = "exact"
    INVERTED = "inverted"


@dataclass(frozen=True, slots=True)
class IndexMetadata:
    """What an index was built from, and how it did when it was checked.

    Attributes:
        model: name of the embedding model.
        revision: revision of the catalog that was read; a newer catalog means an old index.
        n_tracks: how many tracks it holds.
        dimension: length of an embedding.
        built_at: when, in UTC, as ISO 8601.
        kind: how it searches.
        n_lists: inverted lists; 0 for an exact index.
        n_probes: of those, how many a search visits; 0 for an exact index.
        build_s: how long building took, training included.
        recall_at_10: against exact search, on the queries of the check; None before it, and for an empty index.
        recall_at_100: the same for the first hundred.
    """

    model: str
    revision: int
    n_tracks: int
    dimension: int
    built_at: str
    kind: IndexKind = IndexKind.EXACT
    n_lists: int = 0
    n_probes: int = 0
    build_s: float = 0.0
    recall_at_10: float | None = None
    recall_at_100: float | None = None


@dataclass(frozen=True, slots=True)
class IndexFooter:
    """What stands at the end of the file.

    Attributes:
        metadata: what the index was built from.
        names: what the codes of columns stand for.
        columns: where each column begins, its type and its shape.
        sha256: of everything before the footer.
        n_data_bytes: how much that is.
    """

    metadata: IndexMetadata
    names: Mapping[str, Sequence[str]]
    columns: Mapping[str, tuple[int, str, tuple[int, ...]]]
    sha256: str
    n_data_bytes: int


def complete_file(
    path: Path, metadata: IndexMetadata, columns: Mapping[str, np.ndarray], names: Mapping[str, Sequence[str]]
) -> None:
    """Complete a file that holds faiss's data, and see it onto the disk."""
    with path.open("r+b") as file:
        places = {name: _append_column(file, column) for name, column in columns.items()}
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        _append_footer(file, IndexFooter(metadata, names, places, digest, file.seek(0, os.SEEK_END)))


def rewrite_metadata(path: Path, metadata: IndexMetadata) -> None:
    """Replace what a file says of itself; its data stays, so readers that mapped it are not disturbed.

    Raises:
        IndexUnreadableError: the file is missing, cut short or of another kind.
    """
    footer = read_footer(path)
    with path.open("r+b") as file:
        file.truncate(footer.n_data_bytes)
        file.seek(0, os.SEEK_END)
        _append_footer(file, IndexFooter(metadata, footer.names, footer.columns, footer.sha256, footer.n_data_bytes))


def sync_folder(folder: Path) -> None:
    """See a rename in a folder onto the disk."""
    # Some file systems refuse this, and then there is nothing to do.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def hold_open(path: Path) -> Iterator[Callable[[], bool]]:
    """Hold a file open, and tell whether its name still stands for it.

    The system gives the number of a file held open to no other: the same number at the end means the same file all
    along. A name that is gone was taken by no other file.

    Raises:
        IndexUnreadableError: the file cannot be opened.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise IndexUnreadableError(path, error.strerror or str(error)) from error

    def is_still_there() -> bool:
        try:
            return os.path.samestat(os.fstat(file.fileno()), path.stat())
        except FileNotFoundError:
            return True

    with file:
        yield is_still_there


def read_footer(path: Path, *, verify: bool = False) -> IndexFooter:
    """Read what an index was built from.

    Args:
        path: the index.
        verify: whether to read every byte and compare the checksum.

    Raises:
        IndexUnreadableError: the file is missing, cut short or of another kind, or altered if that is verified.
    """
    try:
        with path.open("rb") as file:
            fields, n_data_bytes = _read_fields(file, path)
            digest = _digest(file, n_data_bytes) if verify else None
    except OSError as error:
        raise IndexUnreadableError(path, error.strerror or str(error)) from error
    try:
        footer = _parse(path, fields, n_data_bytes)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise IndexUnreadableError(path, f"its metadata lacks or misnames a field: {error}") from error
    if digest is not None and footer.sha256 != digest:
        raise IndexUnreadableError(path, "its checksum does not match, so it was cut short or altered")
    return footer


def map_column(path: Path, footer: IndexFooter, name: str) -> np.ndarray:
    """Map one column into memory, read-only.

    Raises:
        IndexUnreadableError: there is no such column, or it is no array.
    """
    try:
        offset, dtype, shape = footer.columns[name]
        if 0 in shape:  # an empty column cannot be mapped
            return np.empty(shape, dtype)
        return np.memmap(path, dtype=dtype, mode="r", offset=offset, shape=shape)
    except (KeyError, OSError, TypeError, ValueError) as error:
        raise IndexUnreadableError(path, f"it lacks the column {name!r}: {error}") from error


def _append_column(file: BinaryIO, column: np.ndarray) -> tuple[int, str, tuple[int, ...]]:
    end = file.seek(0, os.SEEK_END)
    file.write(b"\0" * (-end % _ALIGNMENT))
    offset = file.tell()
    file.write(np.ascontiguousarray(column).data)
    return offset, column.dtype.str, column.shape


def _append_footer(file: BinaryIO, footer: IndexFooter) -> None:
    fields = {
        "format": FORMAT,
        "sha256": footer.sha256,
        "metadata": asdict(footer.metadata),
        "names": footer.names,
        "columns": footer.columns,
    }
    text = json.dumps(fields).encode()
    file.write(text + len(text).to_bytes(_LENGTH_BYTES, "little") + _MAGIC)
    file.flush()
    os.fsync(file.fileno())


def _parse(path: Path, fields: dict[str, Any], n_data_bytes: int) -> IndexFooter:
    if fields["format"] != FORMAT:
        raise IndexUnreadableError(path, f"expected format {FORMAT}, got {fields['format']!r}")
    metadata = IndexMetadata(**fields["metadata"] | {"kind": IndexKind(fields["metadata"]["kind"])})
    columns = {name: (int(at), str(dtype), tuple(shape)) for name, (at, dtype, shape) in fields["columns"].items()}
    return IndexFooter(metadata, dict(fields["names"]), columns, fields["sha256"], n_data_bytes)


def _read_fields(file: BinaryIO, path: Path) -> tuple[dict[str, Any], int]:
    n_bytes = file.seek(0, os.SEEK_END)
    n_tail_bytes = _LENGTH_BYTES + len(_MAGIC)
    file.seek(max(0, n_bytes - n_tail_bytes))
    tail = file.read()
    n_footer_bytes = int.from_bytes(tail[:_LENGTH_BYTES], "little")
    n_data_bytes = n_bytes - n_tail_bytes - n_footer_bytes
    if tail[_LENGTH_BYTES:] != _MAGIC or n_data_bytes < 0:
        raise IndexUnreadableError(
            path, f"expected a file that ends in {_MAGIC!r}, got {n_bytes} bytes of something else"
        )
    file.seek(n_data_bytes)
    try:
        fields = json.loads(file.read(n_footer_bytes))
    except ValueError as error:
        raise IndexUnreadableError(path, f"its metadata is no JSON: {error}") from error
    if not isinstance(fields, dict):
        raise IndexUnreadableError(path, f"expected metadata as a JSON object, got {type(fields).__name__}")
    return fields, n_data_bytes


def _digest(file: BinaryIO, n_bytes: int) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    left = n_bytes
    while left and (block := file.read(min(left, 1 << 20))):
        digest.update(block)
        left -= len(block)
    return digest.hexdigest()
