"""Tell whether a recording ends early: ffmpeg decodes what is there and says nothing of what is missing."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from av.container import InputContainer

# Formats whose header says how long the sound is. Elsewhere ffmpeg estimates it from the size, which proves nothing.
_FORMATS_STATING_DURATION = frozenset({"aiff", "caf", "flac", "matroska,webm", "mov,mp4,m4a,3gp,3g2,mj2", "w64"})
_MP3_LENGTH_TAGS = (b"Xing", b"Info", b"VBRI")
_MICROSECONDS_PER_S = 1_000_000

# Programs that write WAV into a pipe leave the size at the largest value there is, or near it.
_SMALLEST_OPEN_RIFF_SIZE = 0x7FFF0000

# Elements to step into rather than over.
_EBML_CONTAINERS = frozenset({0x18538067, 0x1F43B675})  # Segment, Cluster
_MAX_EBML_ID_BYTES = 4
_MAX_EBML_SIZE_BYTES = 8

_OGG_HEADER_BYTES = 27


def find_stated_duration_s(container: InputContainer, file: BinaryIO) -> float | None:
    """Find how long the file itself says its sound is.

    Args:
        container: the opened file.
        file: the same file; it is left at any position.

    Returns:
        Seconds, or None if the file does not say it.
    """
    if container.format.name == "wav":
        return _find_riff_duration_s(file)
    is_stated = container.format.name in _FORMATS_STATING_DURATION or (
        container.format.name == "mp3" and _has_mp3_length_tag(file)
    )
    return container.duration / _MICROSECONDS_PER_S if is_stated and container.duration else None


def ends_within_element(file: BinaryIO, format_name: str) -> bool:
    """Say whether a file stops in the middle of a block (WebM, Matroska) or a page (Ogg).

    Browsers write WebM without a duration, but always whole blocks, so this is the one sign that some of it is missing.

    Args:
        file: the recording; it is left at any position.
        format_name: ffmpeg's name of the format.

    Returns:
        True if bytes that were announced are missing; False for every other format.
    """
    n_bytes = file.seek(0, io.SEEK_END)
    if format_name == "matroska,webm":
        return _ends_within_ebml_element(file, n_bytes)
    if format_name == "ogg":
        return _ends_within_ogg_page(file, n_bytes)
    return False


def _find_riff_duration_s(file: BinaryIO) -> float | None:
    """Divide the size of the data by the bytes per second of a RIFF header; ffmpeg trims the size to what is there."""
    file.seek(12)
    bytes_per_s = 0
    while len(header := file.read(8)) == 8:  # noqa: PLR2004 - four letters and four bytes of size
        name, size = struct.unpack("<4sI", header)
        if name == b"data":
            is_known = bytes_per_s > 0 and size < _SMALLEST_OPEN_RIFF_SIZE
            return size / bytes_per_s if is_known else None
        content = file.read(min(size, 16)) if name == b"fmt " else b""
        if len(content) == 16:  # noqa: PLR2004 - the part of the format that every variant has
            bytes_per_s = struct.unpack("<8xI4x", content)[0]
        file.seek(size + size % 2 - len(content), io.SEEK_CUR)
    return None


def _has_mp3_length_tag(file: BinaryIO) -> bool:
    """Look for the frame count that encoders write into the first frame, behind any ID3 tag."""
    file.seek(0)
    header = file.read(10)
    if header[:3] == b"ID3" and len(header) == 10:  # noqa: PLR2004 - name, version, flags, size
        n_tag_bytes = sum(byte << shift for byte, shift in zip(header[6:], (21, 14, 7, 0), strict=True))
        file.seek(10 + n_tag_bytes)
    else:
        file.seek(0)
    first_frame = file.read(2048)
    return any(tag in first_frame for tag in _MP3_LENGTH_TAGS)


def _ends_within_ebml_element(file: BinaryIO, n_bytes: int) -> bool:
    position = 0
    while position < n_bytes:
        file.seek(position)
        element_id, id_bytes = _read_ebml_number(file, _MAX_EBML_ID_BYTES, keep_marker=True)
        size, size_bytes = _read_ebml_number(file, _MAX_EBML_SIZE_BYTES, keep_marker=False)
        if not id_bytes or not size_bytes:
            # Too few bytes for a header: cut off if the file ends here, padding or damage otherwise.
            return position + _MAX_EBML_ID_BYTES + _MAX_EBML_SIZE_BYTES > n_bytes
        position += id_bytes + size_bytes
        if element_id not in _EBML_CONTAINERS:
            position += size
    return position > n_bytes


def _read_ebml_number(file: BinaryIO, max_bytes: int, *, keep_marker: bool) -> tuple[int, int]:
    """Read a number whose leading zeros tell its length; (0, 0) if there is none."""
    first = file.read(1)
    n_bytes = 9 - first[0].bit_length() if first else 0
    rest = file.read(n_bytes - 1) if 0 < n_bytes <= max_bytes else b""
    if not 0 < n_bytes <= max_bytes or len(rest) < n_bytes - 1:
        return 0, 0
    number = int.from_bytes(first + rest, "big")
    return (number if keep_marker else number & ((1 << 7 * n_bytes) - 1)), n_bytes


def _ends_within_ogg_page(file: BinaryIO, n_bytes: int) -> bool:
    position = 0
    while position < n_bytes:
        file.seek(position)
        header = file.read(_OGG_HEADER_BYTES)
        if not header.startswith(b"OggS"):
            return False
        n_segments = header[-1]
        position += _OGG_HEADER_BYTES + n_segments + sum(file.read(n_segments))
    return position > n_bytes
