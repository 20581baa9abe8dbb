"""Import a folder of audio files by their tags; files that are gone never remove a track."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.errors import ImportSourceError, UnreadableMusicError
from catalog.importers.applying import ImportWriter
from catalog.importers.batches import iter_batches
from catalog.importers.content_hash import hash_audio
from catalog.importers.importer import Action, ImportReport, PlannedChange, TrackDraft
from catalog.importers.matching import KnownTracks, compare, find_known, find_moved
from catalog.importers.tags import read_tags
from catalog.importers.walking import FoundFile, RefusedEntry, walk_audio_files, why

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from catalog.database import SessionFactory


@dataclass(frozen=True, slots=True)
class FolderImporter:
    """Bring in the audio files of a folder and all folders below it.

    A file of known path, size and time is not opened again. A file that sounds like a track whose own file is gone is
    that track, moved; a copy is a track of its own.

    Attributes:
        session_factory: where to store.
        roots: folders that symbolic links may lead into; empty for anywhere.
        source: what new tracks note as the place they came from.
    """

    session_factory: SessionFactory
    roots: tuple[Path, ...] = ()
    source: str = "folder"

    def plan(self, source: Path) -> Iterator[PlannedChange]:
        """Show what would change, file by file.

        Raises:
            ImportSourceError: the folder is not there.
        """
        self._check(source)
        return self._plan(source)

    def apply(
        self,
        source: Path,
        *,
        on_progress: Callable[[int, int | None], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> ImportReport:
        """Import the folder; see `Importer.apply`.

        Raises:
            ImportSourceError: the folder is not there.
        """
        changes = self.plan(source)
        # Walking costs far less than reading: it is worth doing twice to know how much there is.
        n_total = sum(1 for _ in walk_audio_files(source, self.roots)) if on_progress is not None else None
        writer = ImportWriter(self.session_factory, self.source)
        return writer.write(changes, n_total=n_total, on_progress=on_progress, should_stop=should_stop)

    def _check(self, source: Path) -> None:
        if not source.exists():
            raise ImportSourceError(f"expected a folder of music, but {str(source)!r} does not exist")
        if not source.is_dir():
            raise ImportSourceError(f"expected a folder of music, but {str(source)!r} is a file")

    def _plan(self, source: Path) -> Iterator[PlannedChange]:
        taken: set[int] = set()
        for batch in iter_batches(walk_audio_files(source, self.roots)):
            found = [entry for entry in batch if isinstance(entry, FoundFile)]
            with self.session_factory() as session:
                known = find_known(session, paths=[file.path for file in found])
            fresh = {file.path: read_draft(file) for file in found if not _is_unchanged(file, known)}
            hashes = [draft.content_hash or "" for draft in fresh.values() if isinstance(draft, TrackDraft)]
            with self.session_factory() as session:
                known = KnownTracks(known.by_path, {}, find_known(session, hashes=hashes).lost_by_hash)
            for entry in batch:
                yield _plan_entry(entry, fresh, known, taken)


def read_draft(file: FoundFile) -> TrackDraft | RefusedEntry:
    """Open a file and read what it says of itself, or why it cannot be read."""
    path = Path(file.path)
    try:
        tags = read_tags(path)
        content_hash = hash_audio(path)
    except UnreadableMusicError as error:
        return RefusedEntry(file.path, error.reason)
    except OSError as error:
        return RefusedEntry(file.path, f"the file cannot be read: {why(error)}")
    return TrackDraft(
        title=tags.title,
        artist=tags.artist,
        album=tags.album,
        genre=tags.genre,
        year=tags.year,
        duration_s=tags.duration_s,
        path=file.path,
        licence=tags.licence,
        attribution=tags.attribution,
        content_hash=content_hash,
        size_bytes=file.size_bytes,
        mtime_ns=file.mtime_ns,
    )


def _is_unchanged(file: FoundFile, known: KnownTracks) -> bool:
    track = known.by_path.get(file.path)
    return track is not None and (track.draft.size_bytes, track.draft.mtime_ns) == (file.size_bytes, file.mtime_ns)


def _plan_entry(
    entry: FoundFile | RefusedEntry,
    fresh: dict[str, TrackDraft | RefusedEntry],
    known: KnownTracks,
    taken: set[int],
) -> PlannedChange:
    if isinstance(entry, RefusedEntry):
        return PlannedChange(Action.SKIP, entry.where, entry.reason)
    draft = fresh.get(entry.path)
    if draft is None:
        return PlannedChange(Action.UNCHANGED, entry.path, track_id=known.by_path[entry.path].track_id)
    if isinstance(draft, RefusedEntry):
        return PlannedChange(Action.SKIP, draft.where, draft.reason)
    track = known.by_path.get(entry.path) or find_moved(known, draft, taken)
    if track is None:
        return PlannedChange(Action.CREATE, entry.path, draft=draft)
    taken.add(track.track_id)
    return compare(track, draft, entry.path)
