"""Entries of playlists as drafts: files inside the folders that may be read, web addresses kept as they are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from catalog.importers.importer import TrackDraft
from catalog.importers.listed_files import join_file
from catalog.importers.listing import ListedTrack
from catalog.importers.tag_text import clean_text, split_file_name
from catalog.importers.values import read_url
from catalog.importers.walking import RefusedEntry

if TYPE_CHECKING:
    from collections.abc import Sequence

_MAX_DURATION_S: Final = 24 * 3600
_LOCAL_HOSTS: Final = ("", "localhost")


@dataclass(frozen=True, slots=True)
class PlaylistEntry:
    """What a playlist says of one track.

    Attributes:
        where: playlist and entry.
        locations: paths relative to the playlist, whole paths, or addresses with `file:`, `http:` or `https:`; the
            first that can be used counts.
        duration_s: None where it is not told; players write -1 or 0 for streams.
    """

    where: str
    locations: Sequence[str]
    title: str | None = None
    artist: str | None = None
    album: str | None = None
    track_number: int | None = None
    duration_s: float | None = None
    genre: str | None = None
    licence: str | None = None
    attribution: str | None = None


def read_entry(entry: PlaylistEntry, folder: Path, roots: tuple[Path, ...]) -> ListedTrack:
    """Look up what an entry names.

    Args:
        entry: as the playlist has it.
        folder: where the playlist lies.
        roots: folders that paths may lead into; empty for anywhere.
    """
    reason = "expected a path or a url, got neither"
    for location in entry.locations:
        listed = _read_location(entry, location.strip(), folder, roots)
        if listed.draft is not None:
            return listed
        reason = listed.reason
    return ListedTrack(entry.where, reason=reason)


def _read_location(entry: PlaylistEntry, location: str, folder: Path, roots: tuple[Path, ...]) -> ListedTrack:
    try:
        scheme = urlsplit(location).scheme.lower()
        if scheme in {"http", "https"}:
            return _keep_url(entry, read_url(location) or "")
        path = _to_path(location, scheme, folder)
    except ValueError as error:
        return ListedTrack(entry.where, reason=str(error))
    joined = join_file(_to_draft(entry), path, roots)
    if isinstance(joined, RefusedEntry):
        return ListedTrack(entry.where, reason=joined.reason)
    return ListedTrack(entry.where, joined[0], note=joined[1])


def _to_path(location: str, scheme: str, folder: Path) -> Path:
    if scheme == "file":
        parts = urlsplit(location)
        if parts.netloc.lower() not in _LOCAL_HOSTS:
            raise ValueError(f"path: expected a file of this machine, got one of {parts.netloc[:100]!r}")
        return Path(unquote(parts.path))
    # One letter before a colon is a drive of Windows, no scheme.
    if len(scheme) > 1 and "://" in location:
        raise ValueError(f"url: expected http:// or https:// and a host, got {location[:100]!r}")
    path = folder / location
    is_windows = "\\" in location and not path.exists()
    return folder / location.replace("\\", "/") if is_windows else path


def _keep_url(entry: PlaylistEntry, url: str) -> ListedTrack:
    draft = _to_draft(entry)
    if draft.title:
        return ListedTrack(entry.where, replace(draft, url=url))
    artist, title = split_file_name(PurePosixPath(unquote(urlsplit(url).path)).stem or url)
    named = replace(draft, url=url, title=clean_text(title) or url, artist=draft.artist or clean_text(artist))
    return ListedTrack(entry.where, named, only_new=frozenset({"title", "artist"}))


def _to_draft(entry: PlaylistEntry) -> TrackDraft:
    # What a playlist knows of a duration is rounded; nonsense says nothing.
    is_told = entry.duration_s is not None and 0 < entry.duration_s <= _MAX_DURATION_S
    return TrackDraft(
        title=clean_text(entry.title) or "",
        artist=clean_text(entry.artist),
        album=clean_text(entry.album),
        track_number=entry.track_number,
        genre=clean_text(entry.genre),
        duration_s=entry.duration_s if is_told else None,
        licence=clean_text(entry.licence),
        attribution=clean_text(entry.attribution),
    )
