"""Import a folder of audio files by their tags; files that are gone never remove a track."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final

from catalog.errors import ImportRefusedError, ImportSourceError
from catalog.importers.applying import ImportWriter
from catalog.importers.batch_log import ImportOrigin
from catalog.importers.batches import iter_batches
from catalog.importers.importer import Action, ImportOptions, ImportReport, PlannedChange
from catalog.importers.left_out import LeftOut, find_left_out
from catalog.importers.matching import (
    KnownTracks,
    Stamp,
    compare,
    count_below,
    find_known,
    find_moved,
    find_stamps,
)
from catalog.importers.music_file import MusicFile, read_draft
from catalog.importers.walking import FoundFile, RefusedEntry, walk_audio_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from catalog.database import SessionFactory

# So few files come and go in any folder.
_HANDFUL: Final = 10


@dataclass(frozen=True, slots=True)
class FolderImporter:
    """Bring in the audio files of a folder and all folders below it.

    A file of known path, size and time is not opened again. A file that sounds like a track whose own file is gone is
    that track, moved; a copy is a track of its own. A file whose track somebody merged or deleted stays out. A folder
    that holds far fewer files than it once gave tracks is taken for an unmounted disk, and refused.

    Attributes:
        session_factory: where to store.
        roots: folders that symbolic links may lead into; empty for anywhere.
        source: what new tracks note as the place they came from; `folder` unless given.
        options: what a person chose.
    """

    name: ClassVar[str] = "folder"
    expected: ClassVar[str] = "a folder of music"

    session_factory: SessionFactory
    roots: tuple[Path, ...] = ()
    source: str = ""
    options: ImportOptions = field(default_factory=ImportOptions)

    def plan(self, source: Path) -> Iterator[PlannedChange]:
        """Show what would change, file by file.

        Raises:
            ImportSourceError: the folder is not there.
            ImportRefusedError: it holds no music, or too little of what it once gave.
        """
        self._count(source)
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
        """Import the folder; see `Importer.apply`.

        Raises:
            ImportSourceError: the folder is not there.
            ImportRefusedError: it holds no music, or too little of what it once gave.
        """
        origin = ImportOrigin(self.name, str(source), self.options.to_json(), who)
        writer = ImportWriter(self.session_factory, self.source or self.name, origin, on_skip=on_skip)

        def begin() -> tuple[Iterator[PlannedChange], int]:
            n_total = self._count(source)
            return self._plan(source), n_total

        return writer.write(begin, on_progress=on_progress, should_stop=should_stop)

    def _count(self, source: Path) -> int:
        """Walk the folder once before anything is read: walking costs far less, and tells whether it is whole."""
        if not source.exists():
            raise ImportSourceError(f"expected {self.expected}, but {str(source)!r} does not exist")
        if not source.is_dir():
            raise ImportSourceError(f"expected {self.expected}, but {str(source)!r} is a file")
        entries = [isinstance(entry, FoundFile) for entry in walk_audio_files(source, self.roots)]
        with self.session_factory() as session:
            n_known = count_below(session, os.path.realpath(source))
        self._check_whole(source, n_entries=len(entries), n_found=sum(entries), n_known=n_known)
        return len(entries)

    def _check_whole(self, source: Path, *, n_entries: int, n_found: int, n_known: int) -> None:
        if n_entries == 0:
            raise ImportRefusedError(
                f"expected {self.expected}, but {str(source)!r} holds none"
                + (f", where {n_known} tracks came from; is its disk mounted? nothing was touched" if n_known else "")
            )
        n_lost = n_known - n_found
        if n_lost > _HANDFUL and n_lost > self.options.max_lost_share * n_known:
            raise ImportRefusedError(
                f"expected about {n_known} music files in {str(source)!r}, where as many tracks came from, but found "
                f"{n_found}; is its disk mounted? nothing was touched; allow a lost share of 1 if they are gone"
            )

    def _plan(self, source: Path) -> Iterator[PlannedChange]:
        taken: set[int] = set()
        with self.session_factory() as session:
            left_out = find_left_out(session, brings_back=self.options.brings_back)
        for entries in iter_batches(walk_audio_files(source, self.roots)):
            with self.session_factory() as session:
                stamps = find_stamps(session, [entry.path for entry in entries if isinstance(entry, FoundFile)])
            batch = [_leave_out(entry, stamps, left_out) for entry in entries]
            found = [entry for entry in batch if isinstance(entry, FoundFile)]
            fresh = {file.path: read_draft(file) for file in found if not _is_unchanged(file, stamps)}
            hashes = [music.draft.content_hash or "" for music in fresh.values() if isinstance(music, MusicFile)]
            known = KnownTracks()
            if fresh:
                with self.session_factory() as session:
                    known = find_known(session, paths=list(fresh), hashes=hashes)
            for entry in batch:
                if isinstance(entry, PlannedChange):
                    yield entry
                else:
                    yield _plan_entry(entry, fresh, stamps, known, taken)


def _leave_out(
    entry: FoundFile | RefusedEntry, stamps: Mapping[str, Stamp], left_out: LeftOut
) -> FoundFile | RefusedEntry | PlannedChange:
    """Plan nothing for a file that somebody took out of the catalog; it is not even opened."""
    if isinstance(entry, RefusedEntry) or entry.path in stamps:
        return entry
    return left_out.plan(entry.path, entry.path) or entry


def _is_unchanged(file: FoundFile, stamps: dict[str, Stamp]) -> bool:
    stamp = stamps.get(file.path)
    return stamp is not None and (stamp.size_bytes, stamp.mtime_ns) == (file.size_bytes, file.mtime_ns)


def _plan_entry(
    entry: FoundFile | RefusedEntry,
    fresh: dict[str, MusicFile | RefusedEntry],
    stamps: dict[str, Stamp],
    known: KnownTracks,
    taken: set[int],
) -> PlannedChange:
    if isinstance(entry, RefusedEntry):
        return PlannedChange(Action.SKIP, entry.where, entry.reason)
    music = fresh.get(entry.path)
    if music is None:
        return PlannedChange(Action.UNCHANGED, entry.path, track_id=stamps[entry.path].track_id)
    if isinstance(music, RefusedEntry):
        return PlannedChange(Action.SKIP, music.where, music.reason)
    track = known.by_path.get(entry.path) or find_moved(known, music.draft, taken)
    if track is None:
        return PlannedChange(Action.CREATE, entry.path, draft=music.draft, note=music.note)
    return compare(track, music.draft, entry.path, note=music.note)
