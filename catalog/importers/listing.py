"""What importers of lists share: their entries are planned against the catalog, batch by batch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

from catalog.errors import ImportSourceError
from catalog.importers.applying import ImportWriter
from catalog.importers.batch_log import ImportOrigin
from catalog.importers.batches import iter_batches
from catalog.importers.importer import Action, ImportOptions, ImportReport, PlannedChange, TrackDraft
from catalog.importers.left_out import find_left_out
from catalog.importers.matching import KnownTracks, compare, find_known, find_moved
from catalog.importers.seen import SeenAddresses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from catalog.database import SessionFactory
    from catalog.importers.left_out import LeftOut
    from catalog.importers.matching import KnownTrack

_SEEN_BEFORE = "an earlier row lists the same file or url"


@dataclass(frozen=True, slots=True)
class ListedTrack:
    """One entry of a list.

    Attributes:
        where: file and row.
        draft: what it says, None where it cannot be used.
        reason: why it cannot be used; empty if it can.
        name: what the list's catalog calls the track, such as `mtg-jamendo:214`; empty where it has no such name.
        only_new: fields that were made up for want of better ones; they count for new tracks alone.
    """

    where: str
    draft: TrackDraft | None = None
    reason: str = ""
    name: str = ""
    only_new: frozenset[str] = frozenset()
    note: str = ""


@dataclass(frozen=True)
class ListImporter(ABC):
    """Bring in what a list names.

    Attributes:
        session_factory: where to store.
        roots: folders that paths may lead into; empty for anywhere.
        source: what new tracks note as the place they came from; the importer's own name unless given.
        options: what a person chose.
    """

    name: ClassVar[str]
    expected: ClassVar[str]

    session_factory: SessionFactory
    roots: tuple[Path, ...] = ()
    source: str = ""
    options: ImportOptions = field(default_factory=ImportOptions)

    @abstractmethod
    def iter_listed(self, source: Path) -> Iterator[ListedTrack]:
        """Read the entries one at a time.

        Raises:
            ImportSourceError: the file cannot be read, or is not of the expected layout.
        """

    def plan(self, source: Path) -> Iterator[PlannedChange]:
        """Show what would change, entry by entry; see `Importer.plan`.

        Raises:
            ImportSourceError: the file is not there, or not of the expected layout.
        """
        if not source.is_file():
            found = "a folder" if source.is_dir() else "not there"
            raise ImportSourceError(f"expected {self.expected}, but {str(source)!r} is {found}")
        return self._plan(source)

    def apply(
        self,
        source: Path,
        *,
        who: str = "",
        on_progress: Callable[[int, int | None], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
        on_skip: Callable[[str, str], None] | None = None,
    ) -> ImportReport:
        """Import the entries; see `Importer.apply`.

        Raises:
            ImportSourceError: the file is not there, or not of the expected layout.
        """
        origin = ImportOrigin(self.name, str(source), self.options.to_json(), who)
        writer = ImportWriter(self.session_factory, self.source or self.name, origin, on_skip=on_skip)
        return writer.write(lambda: (self.plan(source), None), on_progress=on_progress, should_stop=should_stop)

    def _plan(self, source: Path) -> Iterator[PlannedChange]:
        taken: set[int] = set()
        with self.session_factory() as session:
            left_out = find_left_out(session, brings_back=self.options.brings_back)
        with SeenAddresses() as seen:
            for batch in iter_batches(self.iter_listed(source)):
                listed = [_look_up(entry, seen) for entry in batch]
                with self.session_factory() as session:
                    known = find_known(
                        session,
                        paths=[entry.draft.path for entry in listed if entry.draft and entry.draft.path],
                        urls=[entry.draft.url for entry in listed if entry.draft and entry.draft.url],
                        names=[entry.name for entry in listed if entry.name],
                        hashes=[
                            e.draft.content_hash for e in listed if e.draft and e.draft.path and e.draft.content_hash
                        ],
                    )
                for entry in listed:
                    yield _plan_entry(entry, known, taken, left_out)


def _look_up(entry: ListedTrack, seen: SeenAddresses) -> ListedTrack:
    draft = entry.draft
    if draft is None:
        return entry
    addresses = [address for address in (draft.path, draft.url, entry.name) if address]
    if not seen.add(addresses):
        return ListedTrack(entry.where, reason=_SEEN_BEFORE)
    return replace(entry, draft=replace(draft, content_hash=entry.name)) if entry.name and not draft.path else entry


def _find(entry: ListedTrack, draft: TrackDraft, known: KnownTracks, taken: set[int]) -> KnownTrack | None:
    return (
        known.by_path.get(draft.path or "")
        or known.by_name.get(entry.name)
        or known.by_url.get(draft.url or "")
        or find_moved(known, draft, taken)
    )


def _plan_entry(entry: ListedTrack, known: KnownTracks, taken: set[int], left_out: LeftOut) -> PlannedChange:
    draft = entry.draft
    if draft is None:
        return PlannedChange(Action.SKIP, entry.where, entry.reason)
    track = _find(entry, draft, known, taken)
    if track is None:
        out = left_out.plan(entry.where, draft.path, draft.url, entry.name)
        return out or PlannedChange(Action.CREATE, entry.where, draft=draft, note=entry.note)
    if entry.only_new:
        silent: dict[str, Any] = dict.fromkeys(entry.only_new)
        draft = replace(draft, **silent)
    if track.draft.path and not draft.path:
        # The file names the sound, not the list.
        draft = replace(draft, content_hash=None)
    return compare(track, draft, entry.where, note=entry.note)
