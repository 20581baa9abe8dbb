"""Tags that every format writes in its own way: gains, ids, positions and pictures."""

from __future__ import annotations

import base64
import binascii
import re
import struct
from typing import TYPE_CHECKING, Any, Final

import mutagen
from mutagen.flac import FLAC, Picture
from mutagen.id3 import ID3
from mutagen.mp4 import MP4Tags

if TYPE_CHECKING:
    from collections.abc import Iterator

_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_GAIN: Final = re.compile(r"\s*([+-]?\d{1,3}(?:\.\d+)?)\s*(?:dB)?\s*", re.IGNORECASE)
_MAX_GAIN_DB: Final = 60.0
# R128 gains aim at -23 LUFS, ReplayGain 2 at -18 (RFC 7845, section 5.2.1).
_R128_TO_REPLAYGAIN_DB: Final = 5.0
_Q7_8: Final = 256
_FRONT_COVER: Final = 3
_MAX_NUMBER: Final = 9999
# Larger pictures are no covers; base64 makes them a third longer.
MAX_PICTURE_BYTES: Final = 20 * 1024 * 1024


def find_track_number(tags: Any) -> int | None:  # noqa: ANN401 - mutagen has no types
    """Return the position on the record, None where it is not told."""
    if isinstance(tags, MP4Tags):
        positions = tags.get("trkn") or [(0, 0)]
        number = positions[0][0] if isinstance(positions[0], tuple) else 0
    else:
        match = re.match(r"\s*(\d{1,4})\b", next(_iter_texts(tags, "TRCK", "tracknumber"), ""), re.ASCII)
        number = int(match[1]) if match else 0
    return number if 0 < number <= _MAX_NUMBER else None


def find_musicbrainz_id(tags: Any) -> str | None:  # noqa: ANN401 - mutagen has no types
    """Return the id of the recording; a name that is no id is left out."""
    candidates = list(_iter_texts(tags, "TXXX:MusicBrainz Recording Id", "musicbrainz_trackid"))
    if isinstance(tags, ID3):
        candidates += [frame.data.decode("ascii", "replace") for frame in tags.getall("UFID:http://musicbrainz.org")]
    elif isinstance(tags, MP4Tags):
        candidates += _iter_freeform(tags, "musicbrainz track id")
    plain = (text.strip().lower() for text in candidates)
    return next((text for text in plain if _UUID.fullmatch(text)), None)


def find_replaygain_db(tags: Any) -> float | None:  # noqa: ANN401 - mutagen has no types
    """Return the gain for the track, by ReplayGain or R128; nonsense is left out."""
    if isinstance(tags, ID3):
        texts = [str(frame) for frame in tags.getall("TXXX") if frame.desc.lower() == "replaygain_track_gain"]
        gains = [frame.gain for frame in tags.getall("RVA2") if frame.desc.lower() == "track"]
    elif isinstance(tags, MP4Tags):
        texts, gains = list(_iter_freeform(tags, "replaygain_track_gain")), []
    else:
        texts = list(_iter_texts(tags, "", "replaygain_track_gain"))
        gains = [_read_r128_db(text) for text in _iter_texts(tags, "", "r128_track_gain")]
    told = [float(match[1]) for text in texts if (match := _GAIN.fullmatch(text))]
    return next((round(gain, 2) for gain in (*told, *gains) if gain is not None and abs(gain) <= _MAX_GAIN_DB), None)


def find_picture(file: Any) -> bytes | None:  # noqa: ANN401 - mutagen has no types
    """Return the front cover as it stands in the file, or else its first picture."""
    pictures = sorted(_iter_pictures(file), key=lambda picture: picture[0] != _FRONT_COVER)
    return pictures[0][1] if pictures else None


def _iter_pictures(file: Any) -> Iterator[tuple[int, bytes]]:  # noqa: ANN401 - mutagen has no types
    tags = file.tags
    if isinstance(tags, ID3):
        yield from ((frame.type, frame.data) for frame in tags.getall("APIC"))
    elif isinstance(tags, MP4Tags):
        yield from ((_FRONT_COVER, bytes(data)) for data in tags.get("covr") or [])
    elif isinstance(file, FLAC):
        yield from ((picture.type, picture.data) for picture in file.pictures)
    for text in _iter_texts(tags, "", "metadata_block_picture"):
        if len(text) <= MAX_PICTURE_BYTES * 4 // 3:
            try:
                picture = Picture(base64.b64decode(text))
            except (binascii.Error, mutagen.MutagenError, struct.error, ValueError):
                continue
            yield picture.type, picture.data


def _iter_texts(tags: Any, frame_name: str, comment_name: str) -> Iterator[str]:  # noqa: ANN401 - mutagen has no types
    """Yield the texts of an ID3 frame or a Vorbis comment."""
    if isinstance(tags, ID3):
        for frame in tags.getall(frame_name) if frame_name else ():
            yield from (str(text) for text in frame.text)
    elif tags is not None and not isinstance(tags, MP4Tags):
        values = tags.get(comment_name) or []
        yield from (str(value) for value in values)


def _iter_freeform(tags: MP4Tags, name: str) -> Iterator[str]:
    for key, values in tags.items():
        if key.lower() == f"----:com.apple.itunes:{name}":
            yield from (bytes(value).decode("utf-8", "replace") for value in values)


def _read_r128_db(text: str) -> float | None:
    if not re.fullmatch(r"[+-]?\d{1,6}", text.strip(), re.ASCII):
        return None
    return int(text) / _Q7_8 + _R128_TO_REPLAYGAIN_DB
