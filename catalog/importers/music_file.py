"""One music file as a draft: its tags, its sound's name, its cover."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.errors import UnreadableMusicError
from catalog.importers.content_hash import hash_audio
from catalog.importers.covers import CoverRefusedError, find_folder_picture, make_cover
from catalog.importers.importer import CoverImage, TrackDraft
from catalog.importers.tags import read_tags
from catalog.importers.values import make_tags
from catalog.importers.walking import FoundFile, RefusedEntry, why

if TYPE_CHECKING:
    from catalog.importers.tags import FileTags


@dataclass(frozen=True, slots=True)
class MusicFile:
    """What a file says of itself.

    Attributes:
        note: what was left out of it; empty if nothing was.
    """

    draft: TrackDraft
    note: str = ""


def read_draft(file: FoundFile) -> MusicFile | RefusedEntry:
    """Open a file and read what it says of itself, or why it cannot be read."""
    path = Path(file.path)
    try:
        tags = read_tags(path)
        content_hash = hash_audio(path)
    except UnreadableMusicError as error:
        return RefusedEntry(file.path, error.reason)
    except OSError as error:
        return RefusedEntry(file.path, f"the file cannot be read: {why(error)}")
    cover, note = _find_cover(path, tags.picture)
    return MusicFile(_to_draft(file, tags, content_hash, cover), note)


def _find_cover(path: Path, embedded: bytes | None) -> tuple[CoverImage | None, str]:
    """Return the cover and no note, or no cover and why it was refused, if there was one."""
    try:
        picture = embedded or find_folder_picture(path.parent)
        return (make_cover(picture) if picture else None), ""
    except CoverRefusedError as error:
        return None, f"imported without its cover: {error}"
    except OSError as error:
        return None, f"imported without its cover: {why(error)}"


def _to_draft(file: FoundFile, tags: FileTags, content_hash: str, cover: CoverImage | None) -> TrackDraft:
    return TrackDraft(
        title=tags.title,
        artist=tags.artist,
        album=tags.album,
        album_artist=tags.album_artist,
        track_number=tags.track_number,
        genre=tags.genre,
        year=tags.year,
        duration_s=tags.duration_s,
        path=file.path,
        licence=tags.licence,
        attribution=tags.attribution,
        content_hash=content_hash,
        size_bytes=file.size_bytes,
        mtime_ns=file.mtime_ns,
        musicbrainz_id=tags.musicbrainz_id,
        replaygain_db=tags.replaygain_db,
        tags=tuple(sorted(set(make_tags("genre", list(tags.genres))))) or None,
        cover=cover,
    )
