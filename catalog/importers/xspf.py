"""Import XSPF playlists, https://xspf.org/spec; read as they come, entities and document types refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final
from xml.parsers import expat

from catalog.errors import ImportSourceError
from catalog.importers.listing import ListedTrack, ListImporter
from catalog.importers.playlist_entries import PlaylistEntry, read_entry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CHUNK_BYTES: Final = 64 * 1024
_MAX_TEXT_LENGTH: Final = 10_000
_MAX_DEPTH: Final = 50
_MAX_NUMBER: Final = 9999


class XspfImporter(ListImporter):
    """Bring in what an XSPF playlist names; paths are relative to it."""

    name: ClassVar[str] = "xspf"
    expected: ClassVar[str] = "an XSPF playlist"

    def iter_listed(self, source: Path) -> Iterator[ListedTrack]:
        """Read the entries; see `ListImporter.iter_listed`."""
        for entry in iter_xspf(source):
            yield read_entry(entry, source.parent, self.roots)


def iter_xspf(source: Path) -> Iterator[PlaylistEntry]:
    """Read the entries of a playlist, not yet looked up.

    Raises:
        ImportSourceError: it cannot be read, is no XSPF, or declares entities.
    """
    reader = _XspfReader(source.name)
    try:
        with source.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                reader.feed(chunk)
                yield from reader.take()
            reader.feed(b"", is_last=True)
            yield from reader.take()
    except expat.ExpatError as error:
        raise ImportSourceError(f"{source.name}: expected an XSPF playlist: {error}") from error
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise ImportSourceError(f"cannot read {str(source)!r}: {reason}") from error


class _XspfReader:
    # Entities are the one way to a bomb, or to other files: a document that could declare some is refused at once.
    def __init__(self, name: str) -> None:
        self._name = name
        self._open: list[str] = []
        self._text = ""
        self._told: dict[str, list[str]] = {}
        self._ready: list[PlaylistEntry] = []
        self._n_tracks = 0
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.EntityDeclHandler = self._refuse
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._add

    def feed(self, chunk: bytes, *, is_last: bool = False) -> None:
        self._parser.Parse(chunk, is_last)

    def take(self) -> list[PlaylistEntry]:
        ready, self._ready = self._ready, []
        return ready

    def _refuse(self, *_: object) -> None:
        raise ImportSourceError(f"{self._name}: expected a playlist without a document type, for it may hold a bomb")

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        plain = name.rpartition(" ")[2]
        if not self._open and plain != "playlist":
            raise ImportSourceError(f"{self._name}: expected an XSPF playlist, got <{plain[:50]}>")
        if len(self._open) >= _MAX_DEPTH:
            raise ImportSourceError(f"{self._name}: expected an XSPF playlist, got elements nested too deep")
        if plain == "track":
            self._told = {}
        self._open.append(plain)
        self._text = ""

    def _add(self, text: str) -> None:
        if len(self._text) < _MAX_TEXT_LENGTH:
            self._text += text

    def _end(self, _name: str) -> None:
        plain = self._open.pop()
        if plain == "track":
            self._n_tracks += 1
            self._ready.append(make_entry(f"{self._name}, track {self._n_tracks}", self._told))
        elif self._open and self._open[-1] == "track":
            self._told.setdefault(plain, []).append(self._text.strip())
        self._text = ""


def make_entry(where: str, told: dict[str, list[str]]) -> PlaylistEntry:
    """Make an entry of what XSPF, or JSPF, which has the same names, says of a track."""

    def first(name: str) -> str | None:
        return next((text for text in told.get(name, []) if text), None)

    number, duration_ms = first("trackNum") or "", first("duration") or ""
    return PlaylistEntry(
        where,
        [location for location in told.get("location", []) if location],
        title=first("title"),
        artist=first("creator"),
        album=first("album"),
        track_number=int(number) if _is_number(number) and 0 < int(number) <= _MAX_NUMBER else None,
        duration_s=int(duration_ms) / 1000 if _is_number(duration_ms) else None,
        licence=first("license"),
    )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= len("86400000")
