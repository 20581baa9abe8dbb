"""What the curator's pages show of tracks and of changes to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from catalog.corrections import Affect
    from catalog.history import ChangeEntry
    from catalog.listening_rows import ListeningHistory
    from catalog.queries import TrackFacts


@dataclass(frozen=True, slots=True)
class FilteredPage:
    """One page of the tracks that a filter means, and how many there are on all pages."""

    tracks: tuple[TrackFacts, ...]
    n_total: int


@dataclass(frozen=True, slots=True)
class ChangePage:
    """One page of the log, the newest first, and how many entries there are on all pages."""

    changes: tuple[ChangeEntry, ...]
    n_total: int


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """What a change did.

    Attributes:
        group_id: undo this to take it back.
        n_tracks: how many tracks differ from before.
    """

    group_id: str
    n_tracks: int


@dataclass(frozen=True, slots=True)
class TrackDetails:
    """What a list leaves out of a track.

    Attributes:
        size_bytes: of its file; None where there is none.
        edited_fields: what a curator wrote by hand.
        tags: kind and name.
    """

    size_bytes: int | None
    edited_fields: tuple[str, ...]
    tags: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class TrackStory:
    """All that a track's own page tells.

    Attributes:
        prediction: what the model hears; None before the analysis.
        correction: where a curator hears it; None where nobody said.
        tags: kind and name.
    """

    track: TrackFacts
    prediction: Affect | None
    correction: Affect | None
    tags: tuple[tuple[str, str], ...]
    listening: ListeningHistory
    changes: tuple[ChangeEntry, ...]
