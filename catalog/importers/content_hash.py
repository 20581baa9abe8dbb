"""Name the sound in a file, whatever its tags and its place."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
    from pathlib import Path

_EDGE_BYTES: Final = 256 * 1024
_ID3_HEADER_BYTES: Final = 10
_ID3V1_BYTES: Final = 128


def hash_audio(path: Path) -> str:
    """Hash the size of the sound and its first and last 256 KiB, by SHA-256.

    Two different recordings cannot share size and both edges by chance, and half a mebibyte is read however long the
    file is. Tags are left out where they stand apart from the sound: ID3 of MP3, the blocks before FLAC's frames,
    RIFF chunks other than `data`, atoms other than `mdat`. In Ogg they are woven into the pages, so new tags give a new
    hash; then the path still tells which track it is.

    Raises:
        OSError: the file vanished or cannot be read.
    """
    with path.open("rb") as file:
        start, end = _find_sound(file, path.suffix.lower(), os.fstat(file.fileno()).st_size)
        digest = hashlib.sha256(f"{end - start}:".encode())
        file.seek(start)
        digest.update(file.read(min(_EDGE_BYTES, end - start)))
        file.seek(max(start, end - _EDGE_BYTES))
        digest.update(file.read(end - file.tell()))
    return digest.hexdigest()


def _find_sound(file: BinaryIO, suffix: str, size_bytes: int) -> tuple[int, int]:
    """Return first byte of the sound and the byte after its last; the whole file where the layout is strange."""
    find_by_suffix = {".mp3": _find_mp3, ".flac": _find_flac, ".wav": _find_wav, ".m4a": _find_m4a}
    find = find_by_suffix.get(suffix)
    start, end = find(file, size_bytes) if find else (0, size_bytes)
    return (start, end) if 0 <= start < end <= size_bytes else (0, size_bytes)


def _find_mp3(file: BinaryIO, size_bytes: int) -> tuple[int, int]:
    start = _skip_id3(file)
    if size_bytes < _ID3V1_BYTES:
        return start, size_bytes
    file.seek(size_bytes - _ID3V1_BYTES)
    return start, size_bytes - _ID3V1_BYTES if file.read(3) == b"TAG" else size_bytes


def _skip_id3(file: BinaryIO) -> int:
    file.seek(0)
    header = file.read(_ID3_HEADER_BYTES)
    if len(header) < _ID3_HEADER_BYTES or header[:3] != b"ID3":
        return 0
    # Seven bits a byte, so that no part of the size looks like the start of a frame.
    size = sum(byte << shift for byte, shift in zip(header[6:10], (21, 14, 7, 0), strict=True))
    has_footer = bool(header[5] & 0x10)
    return _ID3_HEADER_BYTES + size + (_ID3_HEADER_BYTES if has_footer else 0)


def _find_flac(file: BinaryIO, size_bytes: int) -> tuple[int, int]:
    start = _skip_id3(file)
    file.seek(start)
    if file.read(4) != b"fLaC":
        return 0, size_bytes
    position, is_last = start + 4, False
    while not is_last:
        file.seek(position)
        header = file.read(4)
        if len(header) < 4:  # noqa: PLR2004 - a block header
            return 0, size_bytes
        is_last = bool(header[0] & 0x80)
        position += 4 + int.from_bytes(header[1:4], "big")
    return position, size_bytes


def _find_wav(file: BinaryIO, size_bytes: int) -> tuple[int, int]:
    position = 12
    while position + 8 <= size_bytes:
        file.seek(position)
        name, size = file.read(4), int.from_bytes(file.read(4), "little")
        if name == b"data":
            return position + 8, min(position + 8 + size, size_bytes)
        position += 8 + size + size % 2
    return 0, size_bytes


def _find_m4a(file: BinaryIO, size_bytes: int) -> tuple[int, int]:
    position = 0
    while position + 8 <= size_bytes:
        file.seek(position)
        size, name = int.from_bytes(file.read(4), "big"), file.read(4)
        header = 8
        if size == 1:
            size, header = int.from_bytes(file.read(8), "big"), 16
        size = size or size_bytes - position
        if name == b"mdat":
            return position + header, min(position + size, size_bytes)
        if size < header:
            break
        position += size
    return 0, size_bytes
