"""Import Kevin MacLeod's catalog of incompetech.com, with the moods as the composer names them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final
from urllib.parse import quote

from catalog.importers.importer import TrackDraft
from catalog.importers.listing import ListedTrack
from catalog.importers.published import PublishedImporter, nonzero, require
from catalog.importers.values import read_duration_s, read_tags, read_tempo_bpm

if TYPE_CHECKING:
    from collections.abc import Mapping

# CC BY allows streaming; the publisher serves every piece below this address.
_FILES_URL: Final = "https://incompetech.com/music/royalty-free/mp3-royaltyfree/"


class IncompetechImporter(PublishedImporter):
    """Bring in a downloaded `incompetech` table: all pieces are under CC BY, so each is streamed, with its credit."""

    name: ClassVar[str] = "incompetech"
    expected: ClassVar[str] = "the table of incompetech.com"
    columns: ClassVar[tuple[str, ...]] = (
        "usuan",
        "title",
        "instruments",
        "feel",
        "bpm",
        "genre",
        "mp3_filename",
        "length_s",
        "artist",
        "licence",
        "attribution",
    )

    def read_row(self, where: str, text: Mapping[str, str | None]) -> ListedTrack:
        """Read one piece; see `PublishedImporter.read_row`."""
        tags = {
            *read_tags("mood", text["feel"]),
            *read_tags("instrument", text["instruments"]),
            *read_tags("genre", text["genre"]),
        }
        draft = TrackDraft(
            title=require(text, "title"),
            artist=text["artist"],
            genre=text["genre"],
            url=_FILES_URL + quote(require(text, "mp3_filename")),
            licence=text["licence"],
            attribution=text["attribution"],
            duration_s=read_duration_s(nonzero(text["length_s"])),
            tempo_bpm=_read_tempo_bpm(text["bpm"]),
            tags=tuple(sorted(tags)) or None,
        )
        return ListedTrack(where, draft, name=f"incompetech:{require(text, 'usuan')[:40]}")


def _read_tempo_bpm(text: str | None) -> float | None:
    try:
        return read_tempo_bpm(text)
    except ValueError:
        # The table notes tempos such as 6 for pieces without a beat; the piece is good all the same.
        return None
