"""Which tracks something is done to: some that were ticked, or all that a list shows on all its pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from werkzeug.datastructures import MultiDict

from app.admin.context import read_ids
from app.admin.listing import read_filter

if TYPE_CHECKING:
    from app.services.curation import CurationService
    from app.services.library import LibraryService
    from catalog.filters import TrackFilter
    from catalog.queries import TrackFacts

N_NAMED: Final = 10


@dataclass(frozen=True, slots=True)
class Selection:
    """Tracks that were chosen.

    Attributes:
        track_ids: those ticked; empty where a filter chose.
        address: the list's address, all of whose tracks are meant; None where they were ticked.
    """

    track_ids: tuple[int, ...]
    address: str | None = None

    @classmethod
    def from_values(cls, values: MultiDict[str, str]) -> Selection:
        """Read what a form sends: `track_id`, or `all` and the list's address as `filter`."""
        if values.get("all"):
            return cls((), values.get("filter", ""))
        return cls(tuple(dict.fromkeys(read_ids(values))))

    @property
    def which(self) -> TrackFilter | list[int]:
        """What services take."""
        if self.address is None:
            return list(self.track_ids)
        return read_filter(MultiDict(parse_qsl(self.address)))

    def look(self, curation: CurationService, library: LibraryService) -> ChosenTracks:
        """Count the tracks, and find the first by name."""
        which = self.which
        if isinstance(which, list):
            tracks = library.get_tracks(which)
            return ChosenTracks(self, tuple(tracks[:N_NAMED]), len(tracks))
        page = curation.list_tracks(which, limit=N_NAMED)
        return ChosenTracks(self, page.tracks, page.n_total)


@dataclass(frozen=True, slots=True)
class ChosenTracks:
    """What a selection holds.

    Attributes:
        named: the first of them.
    """

    selection: Selection
    named: tuple[TrackFacts, ...]
    n_total: int
