"""What every importer does: show what would change, then do it, and report."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# A report names this many skipped entries, counts the others: a wrong file of a million rows must not fill the memory.
MAX_LISTED_SKIPS: Final = 1000


class Action(StrEnum):
    """What an import does with one entry of its source."""

    CREATE = "create"
    UPDATE = "update"
    UNCHANGED = "unchanged"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class TrackDraft:
    """What a source says of one track; None where it says nothing, which changes nothing.

    Attributes:
        path: absolute, without symbolic links.
        content_hash: names the sound, whatever its tags and its place.
        size_bytes: of the whole file.
        mtime_ns: when the file was written.
    """

    title: str
    artist: str | None = None
    album: str | None = None
    genre: str | None = None
    year: int | None = None
    duration_s: float | None = None
    path: str | None = None
    url: str | None = None
    licence: str | None = None
    attribution: str | None = None
    content_hash: str | None = None
    size_bytes: int | None = None
    mtime_ns: int | None = None


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """What would happen to one entry.

    Attributes:
        where: file, or file and row.
        reason: why it is skipped or updated; empty otherwise.
        track_id: the row it belongs to, None for a new or skipped one.
        draft: what would be stored, None where nothing would.
    """

    action: Action
    where: str
    reason: str = ""
    track_id: int | None = None
    draft: TrackDraft | None = None


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did.

    Attributes:
        skipped: where and why, the first thousand.
        n_skipped: all of them.
        is_complete: False if it was stopped on the way.
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: tuple[tuple[str, str], ...] = ()
    n_skipped: int = 0
    is_complete: bool = True

    def to_json(self) -> dict[str, Any]:
        """Return plain values for a job row or a terminal."""
        return {
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "n_skipped": self.n_skipped,
            "skipped": [{"where": where, "reason": reason} for where, reason in self.skipped],
            "is_complete": self.is_complete,
        }


class Importer(Protocol):
    """A way to bring tracks in."""

    def plan(self, source: Path) -> Iterator[PlannedChange]:
        """Show what would change, one entry at a time; nothing is written.

        Raises:
            ImportSourceError: the source is not there or not of the expected layout.
        """
        ...

    def apply(
        self,
        source: Path,
        *,
        on_progress: Callable[[int, int | None], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> ImportReport:
        """Import in batches; what is stored when it is stopped or killed stays, and the next import goes on from there.

        Args:
            source: what to import.
            on_progress: called with entries done and entries in all, None if unknown.
            should_stop: asked between batches.

        Raises:
            ImportSourceError: the source is not there or not of the expected layout.
        """
        ...
