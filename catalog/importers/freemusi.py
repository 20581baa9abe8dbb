"""Import the netlabel catalog of freemusi.cc: music on archive.org, each track under its own licence."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, ClassVar

from catalog.importers.importer import TrackDraft
from catalog.importers.licences import may_stream
from catalog.importers.listing import ListedTrack
from catalog.importers.published import PublishedImporter, nonzero, require
from catalog.importers.values import read_duration_s, read_tags, read_track_number, read_url, read_year

if TYPE_CHECKING:
    from collections.abc import Mapping


class FreemusiImporter(PublishedImporter):
    """Bring in a downloaded `freemusi_cc` table; tracks whose licence forbids streaming come without their URL."""

    name: ClassVar[str] = "freemusi"
    expected: ClassVar[str] = "the table of freemusi.cc"
    columns: ClassVar[tuple[str, ...]] = (
        "activity",
        "duration",
        "title",
        "track",
        "trackartist",
        "trackurl",
        "album",
        "artist",
        "genre",
        "label",
        "licenseurl",
        "style",
        "url",
        "year",
    )

    def read_row(self, where: str, text: Mapping[str, str | None]) -> ListedTrack:
        """Read one track; see `PublishedImporter.read_row`."""
        url = read_url(require(text, "trackurl"))
        licence = text["licenseurl"]
        may_play = may_stream(licence, is_noncommercial=self.options.is_noncommercial)
        tags = {
            *read_tags("genre", text["genre"]),
            *read_tags("genre", text["style"]),
            *_read_activity(text["activity"]),
        }
        draft = TrackDraft(
            title=require(text, "title"),
            artist=text["trackartist"] or text["artist"],
            album=text["album"],
            album_artist=text["artist"],
            track_number=read_track_number(text["track"]),
            genre=text["genre"],
            year=read_year(text["year"]),
            duration_s=read_duration_s(nonzero(text["duration"])),
            url=url if may_play else None,
            licence=licence,
            attribution=_credit(text),
            tags=tuple(sorted(tags)) or None,
        )
        digest = hashlib.sha256(str(url).encode()).hexdigest()[:40]
        return ListedTrack(where, draft, name=f"freemusi:{digest}")


def _credit(text: Mapping[str, str | None]) -> str:
    """Credit as the licences ask: title, artist, where it is from; and the table itself, which is under CC BY-SA."""
    label = f", {text['label']}" if text["label"] else ""
    artist = text["trackartist"] or text["artist"] or "unknown"
    return f'"{text["title"]}" by {artist}{label}, {text["url"]}; data by freemusi.cc, CC BY-SA 4.0'


def _read_activity(text: str | None) -> list[tuple[str, str]]:
    # From 0, still, to 3, lively.
    return [("activity", f"level {text}")] if text in {"0", "1", "2", "3"} else []
