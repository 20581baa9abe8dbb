"""What every importer does: show what would change, then do it, and report."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

# A report names this many skipped entries, counts the others: a wrong file of a million rows must not fill the memory.
MAX_LISTED_SKIPS: Final = 1000

TAG_KINDS: Final = ("mood", "genre", "instrument", "activity", "other")


class Action(StrEnum):
    """What an import does with one entry of its source."""

    CREATE = "create"
    UPDATE = "update"
    UNCHANGED = "unchanged"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class CoverImage:
    """A small picture of a record; two are the same if their hashes are.

    Attributes:
        hash: SHA-256 of `data`, in hex.
        data: JPEG.
    """

    hash: str
    mime: str = field(default="", compare=False)
    width_px: int = field(default=0, compare=False)
    height_px: int = field(default=0, compare=False)
    data: bytes = field(default=b"", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class TrackDraft:
    """What a source says of one track; None where it says nothing, which changes nothing.

    Attributes:
        path: absolute, without symbolic links.
        content_hash: names the sound, whatever its tags and its place; of a track without a file, the name that its
            catalog gives it, such as `mtg-jamendo:214`.
        size_bytes: of the whole file.
        mtime_ns: when the file was written.
        musicbrainz_id: of the recording.
        replaygain_db: gain that brings the track to ReplayGain 2's loudness.
        tempo_bpm: stands until the audio is measured.
        valence: within [-1, 1], as listeners gave it; stands with `arousal` until a curator corrects it.
        arousal: within [-1, 1].
        tags: kind of `TAG_KINDS` and name, sorted; they replace the track's tags of the same kinds.
    """

    title: str
    artist: str | None = None
    album: str | None = None
    album_artist: str | None = None
    track_number: int | None = None
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
    musicbrainz_id: str | None = None
    replaygain_db: float | None = None
    tempo_bpm: float | None = None
    valence: float | None = None
    arousal: float | None = None
    tags: tuple[tuple[str, str], ...] | None = None
    cover: CoverImage | None = None


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """What would happen to one entry.

    Attributes:
        where: file, or file and row.
        reason: why it is skipped or updated; empty otherwise.
        track_id: the row it belongs to, None for a new or skipped one.
        draft: what would be stored, None where nothing would.
        before: what the changed fields held, by name; of an update alone.
        note: something left out, though the track comes in; empty if nothing is.
    """

    action: Action
    where: str
    reason: str = ""
    track_id: int | None = None
    draft: TrackDraft | None = None
    before: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, or would do.

    Attributes:
        skipped: where and why, the first thousand.
        n_skipped: all of them.
        is_complete: False if it was stopped on the way.
        notes: where and what was left out of tracks that came in, the first thousand.
        import_id: the row that stands for this import; None for a plan.
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: tuple[tuple[str, str], ...] = ()
    n_skipped: int = 0
    is_complete: bool = True
    notes: tuple[tuple[str, str], ...] = ()
    import_id: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain values for a job row or a terminal."""
        return {
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "n_skipped": self.n_skipped,
            "skipped": [{"where": where, "reason": reason} for where, reason in self.skipped],
            "notes": [{"where": where, "note": note} for where, note in self.notes],
            "is_complete": self.is_complete,
            "import_id": self.import_id,
        }


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What a person may choose for an import; each importer reads what concerns it.

    Attributes:
        column_map: `field=column` or `field=column:unit`, parted by commas; empty to go by the column names.
        is_noncommercial: whether nobody earns by this installation: then licences that forbid earning allow streaming.
        brings_back: whether tracks that somebody deleted may come back.
        max_lost_share: a folder that lost more of its tracks than this is taken for an unmounted disk.
    """

    column_map: str = ""
    is_noncommercial: bool = False
    brings_back: bool = False
    max_lost_share: float = 0.5

    def to_json(self) -> dict[str, Any]:
        """Return plain values for a job row."""
        return {
            "column_map": self.column_map,
            "is_noncommercial": self.is_noncommercial,
            "brings_back": self.brings_back,
            "max_lost_share": self.max_lost_share,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> ImportOptions:
        """Read what `to_json` wrote; what is missing has its default."""
        defaults = cls()
        return cls(
            column_map=str(values.get("column_map", defaults.column_map)),
            is_noncommercial=bool(values.get("is_noncommercial", defaults.is_noncommercial)),
            brings_back=bool(values.get("brings_back", defaults.brings_back)),
            max_lost_share=float(values.get("max_lost_share", defaults.max_lost_share)),
        )


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
        who: str = "",
        on_progress: Callable[[int, int | None], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
        on_skip: Callable[[str, str], None] | None = None,
    ) -> ImportReport:
        """Import in batches; what is stored when it is stopped or killed stays, and the next import goes on from there.

        Args:
            source: what to import.
            who: asks for it, for the log of changes.
            on_progress: called with entries done and entries in all, None if unknown.
            should_stop: asked between batches.
            on_skip: called with where and why for every skipped entry, also those that the report no longer names.

        Raises:
            ImportSourceError: the source is not there or not of the expected layout.
        """
        ...
