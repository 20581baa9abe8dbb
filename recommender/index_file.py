"""The file an index is kept in: faiss's own data first, then what it was built from and a checksum.

faiss reads from the front and ignores what follows, so one file holds both, and one rename replaces both.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from recommender.errors import IndexUnreadableError

if TYPE_CHECKING:
    from pathlib import Path

FORMAT: Final = 1
_MAGIC: Final = b"EMTIDX01"
_LENGTH_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class IndexMetadata:
    """What an index was built from.

    Attributes:
        model: name of the embedding model.
        revision: revision of the catalog that was read; a newer catalog means an old index.
        n_tracks: how many tracks it holds.
        dimension: length of an embedding.
        built_at: when, in UTC, as ISO 8601.
    """

    model: str
    revision: int
    n_tracks: int
    dimension: int
    built_at: str


def append_footer(path: Path, metadata: IndexMetadata) -> None:
    """Complete a file that holds faiss's data, and see it onto the disk."""
    with path.open("r+b") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        footer = json.dumps({"format": FORMAT, "sha256": digest, "metadata": asdict(metadata)}).encode()
        file.seek(0, os.SEEK_END)
        file.write(footer + len(footer).to_bytes(_LENGTH_BYTES, "little") + _MAGIC)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """See a rename in a folder onto the disk."""
    # Some file systems refuse this, and then there is nothing to do.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def read_verified_metadata(path: Path) -> IndexMetadata:
    """Read what an index was built from, and check every byte of it.

    Raises:
        IndexUnreadableError: the file is missing, cut short, altered or of another kind.
    """
    try:
        with path.open("rb") as file:
            footer, n_data_bytes = _read_footer(file, path)
            digest = _digest(file, n_data_bytes)
    except OSError as error:
        raise IndexUnreadableError(path, error.strerror or str(error)) from error
    try:
        if footer["format"] != FORMAT:
            raise IndexUnreadableError(path, f"expected format {FORMAT}, got {footer['format']!r}")
        if footer["sha256"] != digest:
            raise IndexUnreadableError(path, "its checksum does not match, so it was cut short or altered")
        return IndexMetadata(**footer["metadata"])
    except (KeyError, TypeError) as error:
        raise IndexUnreadableError(path, f"its metadata lacks or misnames a field: {error}") from error


def _read_footer(file: BinaryIO, path: Path) -> tuple[dict[str, Any], int]:
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
        footer = json.loads(file.read(n_footer_bytes))
    except ValueError as error:
        raise IndexUnreadableError(path, f"its metadata is no JSON: {error}") from error
    if not isinstance(footer, dict):
        raise IndexUnreadableError(path, f"expected metadata as a JSON object, got {type(footer).__name__}")
    return footer, n_data_bytes


def _digest(file: BinaryIO, n_bytes: int) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    left = n_bytes
    while left and (block := file.read(min(left, 1 << 20))):
        digest.update(block)
        left -= len(block)
    return digest.hexdigest()
