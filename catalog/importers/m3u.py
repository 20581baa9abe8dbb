"""Import M3U and M3U8 playlists, plain and extended."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Final

from catalog.errors import ImportSourceError
from catalog.importers.listing import ListedTrack, ListImporter
from catalog.importers.playlist_entries import PlaylistEntry, read_entry
from catalog.importers.text_source import is_utf8, iter_lines, open_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# #EXTINF:215 tvg-id="x",Kevin MacLeod - Vibe Ace
_EXTINF: Final = re.compile(r'#EXTINF:\s*(-?\d{1,6}(?:\.\d{1,6})?)?[^,"]*(?:"[^"]*"[^,"]*)*(?:,(.*))?', re.IGNORECASE)
_FIELD_BY_SIGN: Final = {"#EXTALB:": "album", "#EXTART:": "artist", "#EXTGENRE:": "genre"}
_STREAM_SIGN: Final = "#EXT-X-"
_MAX_EXTINF_LENGTH: Final = 10_000


class M3uImporter(ListImporter):
    """Bring in what an M3U or M3U8 playlist names; paths are relative to it."""

    name: ClassVar[str] = "m3u"
    expected: ClassVar[str] = "an M3U playlist"

    def iter_listed(self, source: Path) -> Iterator[ListedTrack]:
        """Read the entries; see `ListImporter.iter_listed`."""
        for entry in iter_m3u(source):
            yield read_entry(entry, source.parent, self.roots)


def iter_m3u(source: Path) -> Iterator[PlaylistEntry]:
    """Read the entries of a playlist, not yet looked up; `.m3u` may also be in Windows-1252.

    Raises:
        ImportSourceError: it cannot be read, is the index of a stream, or no text.
    """
    told: dict[str, str] = {}
    with open_text(source) as file:
        for number, raw in enumerate(iter_lines(file), start=1):
            line = _decode(raw).strip()
            if line.startswith(_STREAM_SIGN):
                raise ImportSourceError(f"{source.name}: expected a playlist of tracks, got the index of one stream")
            if "\0" in line:
                raise ImportSourceError(
                    f"{source.name}, line {number}: expected a playlist, got bytes that are no text"
                )
            if line.startswith("#"):
                told |= _read_sign(line)
            elif line:
                yield _make_entry(f"{source.name}, line {number}", line, told)
                told = {}


def _decode(line: str) -> str:
    if is_utf8(line):
        return line
    return line.encode("utf-8", "surrogateescape").decode("cp1252", "replace")


def _read_sign(line: str) -> dict[str, str]:
    for sign, field in _FIELD_BY_SIGN.items():
        if line.upper().startswith(sign):
            return {field: line[len(sign) :].strip()}
    match = _EXTINF.fullmatch(line[:_MAX_EXTINF_LENGTH])
    return {"duration_s": match[1] or "", "title": (match[2] or "").strip()} if match else {}


def _make_entry(where: str, location: str, told: dict[str, str]) -> PlaylistEntry:
    title, artist = told.get("title"), told.get("artist")
    if title and not artist:
        before, dash, after = title.partition(" - ")
        if dash and before.strip() and after.strip():
            artist, title = before, after
    return PlaylistEntry(
        where,
        (location,),
        title=title,
        artist=artist,
        album=told.get("album"),
        genre=told.get("genre"),
        duration_s=float(told["duration_s"]) if told.get("duration_s") else None,
    )
