"""Read what a music file says of itself: ID3, Vorbis comments, MP4 atoms."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import mutagen
from mutagen.flac import FLAC
from mutagen.mp3 import MP3
from mutagen.mp4 import MP4
from mutagen.ogg import OggFileType
from mutagen.wave import WAVE

from catalog.errors import UnreadableMusicError
from catalog.importers.rare_tags import find_musicbrainz_id, find_picture, find_replaygain_db, find_track_number
from catalog.importers.tag_text import clean_text, mend_encoding, split_file_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Our field: its ID3 frame, MP4 atom and Vorbis comment.
_NAMES_BY_FIELD: Final[Mapping[str, tuple[str, str, str]]] = {
    "title": ("TIT2", "\xa9nam", "title"),
    "artist": ("TPE1", "\xa9ART", "artist"),
    "album": ("TALB", "\xa9alb", "album"),
    "genre": ("TCON", "\xa9gen", "genre"),
    "date": ("TDRC", "\xa9day", "date"),
    "copyright": ("TCOP", "cprt", "copyright"),
    "licence": ("WCOP", "----:com.apple.iTunes:LICENSE", "license"),
    "album_artist": ("TPE2", "aART", "albumartist"),
}

_TYPE_BY_SUFFIX: Final[Mapping[str, type[Any]]] = {
    ".mp3": MP3,
    ".flac": FLAC,
    ".ogg": OggFileType,
    ".oga": OggFileType,
    ".opus": OggFileType,
    ".m4a": MP4,
    ".wav": WAVE,
}
_YEAR: Final = re.compile(r"(?<!\d)(1[5-9]\d\d|20\d\d)(?!\d)")
# A slash stays: Funk / Soul is one genre.
_GENRE_BREAK: Final = re.compile(r"[;,|]")
_LICENCE_SIGNS: Final = ("creativecommons.org", "creative commons", "cc0", "cc by", "cc-by", "public domain")


@dataclass(frozen=True, slots=True)
class FileTags:
    """What a file says of itself, cleaned and mended; None where it says nothing."""

    title: str
    artist: str | None
    album: str | None
    genre: str | None
    year: int | None
    duration_s: float | None
    licence: str | None
    attribution: str | None
    album_artist: str | None = None
    track_number: int | None = None
    musicbrainz_id: str | None = None
    replaygain_db: float | None = None
    genres: tuple[str, ...] = ()
    picture: bytes | None = field(default=None, repr=False)


def read_tags(path: Path) -> FileTags:
    """Read a file's tags; what they lack of artist and title is taken from its name.

    Raises:
        UnreadableMusicError: it is no music of the kind its suffix says.
        OSError: it vanished or may not be read.
    """
    file = _open(path)
    text_by_field = {field: _find_text(file.tags, names) for field, names in _NAMES_BY_FIELD.items()}
    named_artist, named_title = split_file_name(path.stem)
    licence, attribution = _split_copyright(text_by_field["licence"], text_by_field["copyright"])
    return FileTags(
        title=text_by_field["title"] or clean_text(named_title) or path.name,
        artist=text_by_field["artist"] or clean_text(named_artist),
        album=text_by_field["album"],
        genre=text_by_field["genre"],
        year=_find_year(text_by_field["date"]),
        duration_s=_find_duration_s(file),
        licence=licence,
        attribution=attribution,
        album_artist=text_by_field["album_artist"],
        track_number=find_track_number(file.tags),
        musicbrainz_id=find_musicbrainz_id(file.tags),
        replaygain_db=find_replaygain_db(file.tags),
        genres=_split_genres(text_by_field["genre"]),
        picture=find_picture(file),
    )


def _open(path: Path) -> Any:  # noqa: ANN401 - mutagen has no types
    try:
        with path.open("rb") as stream:
            file = mutagen.File(stream)
    except (ValueError, IndexError, KeyError, struct.error, OverflowError, RecursionError) as error:
        # mutagen lets these through where a damaged file misleads it.
        raise UnreadableMusicError(str(path), f"expected {path.suffix} audio: the file is damaged") from error
    except mutagen.MutagenError as error:
        # mutagen wraps what the system says.
        if isinstance(error.__cause__ or error.__context__, OSError):
            raise UnreadableMusicError(str(path), "the file cannot be read to its end") from error
        raise UnreadableMusicError(str(path), f"expected {path.suffix} audio: {error}") from error
    expected = _TYPE_BY_SUFFIX.get(path.suffix.lower())
    if file is None:
        raise UnreadableMusicError(str(path), f"expected {path.suffix} audio, got something that is no music")
    if expected is not None and not isinstance(file, expected):
        kind = type(file).__name__
        raise UnreadableMusicError(str(path), f"expected {path.suffix} audio, got {kind}; rename it to its kind")
    return file


def _find_text(tags: Any, names: tuple[str, str, str]) -> str | None:  # noqa: ANN401 - mutagen has no types
    for name in names if tags is not None else ():
        try:
            value = tags.get(name)
        except (KeyError, ValueError):  # Vorbis comments refuse names with a copyright sign
            continue
        text = clean_text(mend_encoding(_join(value)))
        if text:
            return text
    return None


def _join(value: Any) -> str:  # noqa: ANN401 - an ID3 frame, or a list of text or bytes
    if value is None:
        return ""
    if hasattr(value, "genres"):
        parts = value.genres
    elif hasattr(value, "url"):
        parts = [value.url]
    else:
        parts = getattr(value, "text", value)
    texts = [bytes(part).decode("utf-8", "replace") if isinstance(part, bytes) else str(part) for part in parts]
    return ", ".join(text for text in texts if text.strip())


def _split_copyright(licence: str | None, copyright_text: str | None) -> tuple[str | None, str | None]:
    """Return licence and attribution: many files write their licence where the copyright belongs."""
    is_licence = copyright_text is not None and any(sign in copyright_text.lower() for sign in _LICENCE_SIGNS)
    if licence is None and is_licence:
        return copyright_text, None
    return licence, copyright_text


def _split_genres(text: str | None) -> tuple[str, ...]:
    names = [name.strip() for name in _GENRE_BREAK.split(text or "")]
    return tuple(dict.fromkeys(name for name in names if name))


def _find_year(date: str | None) -> int | None:
    match = _YEAR.search(date or "")
    return int(match.group()) if match else None


def _find_duration_s(file: Any) -> float | None:  # noqa: ANN401 - mutagen has no types
    duration_s = getattr(file.info, "length", None)
    return round(float(duration_s), 3) if duration_s else None
