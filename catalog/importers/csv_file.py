"""Import tracks listed in a CSV file, as files beside it or as web addresses."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.errors import ImportSourceError
from catalog.importers.applying import ImportWriter
from catalog.importers.batches import iter_batches
from catalog.importers.csv_rows import CsvRow, iter_rows, read_duration_s, read_url, read_year
from catalog.importers.folder import read_draft
from catalog.importers.importer import Action, ImportReport, PlannedChange, TrackDraft
from catalog.importers.matching import KnownTracks, compare, find_known, find_moved
from catalog.importers.walking import FoundFile, RefusedEntry, is_inside, look_at_file, printable, why

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from catalog.database import SessionFactory


@dataclass(frozen=True, slots=True)
class CsvImporter:
    """Bring in what a CSV file lists: `title` and `path` or `url`, and what else of `csv_rows.COLUMNS` it has.

    A path is relative to the CSV file. What a row is silent about is taken from the file's tags, or stays as it was.

    Attributes:
        session_factory: where to store.
        roots: folders that paths may lead into; empty for anywhere.
        source: what new tracks note as the place they came from.
    """

    session_factory: SessionFactory
    roots: tuple[Path, ...] = ()
    source: str = "csv"

    def plan(self, source: Path) -> Iterator[PlannedChange]:
        """Show what would change, row by row.

        Raises:
            ImportSourceError: the file is not there, or has not the columns needed.
        """
        if not source.is_file():
            raise ImportSourceError(
                f"expected a CSV file, but {str(source)!r} is {'a folder' if source.is_dir() else 'not there'}"
            )
        return self._plan(source)

    def apply(
        self,
        source: Path,
        *,
        on_progress: Callable[[int, int | None], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> ImportReport:
        """Import the rows; see `Importer.apply`.

        Raises:
            ImportSourceError: the file is not there, or has not the columns needed.
        """
        writer = ImportWriter(self.session_factory, self.source)
        return writer.write(self.plan(source), on_progress=on_progress, should_stop=should_stop)

    def _plan(self, source: Path) -> Iterator[PlannedChange]:
        seen: set[int] = set()
        taken: set[int] = set()
        for rows in iter_batches(iter_rows(source)):
            entries = [(row, self._read_entry(row, source.parent)) for row in rows]
            drafts = [entry for _, entry in entries if isinstance(entry, TrackDraft)]
            with self.session_factory() as session:
                known = find_known(
                    session,
                    paths=[draft.path for draft in drafts if draft.path],
                    urls=[draft.url for draft in drafts if draft.url],
                    hashes=[draft.content_hash for draft in drafts if draft.content_hash],
                )
            for row, entry in entries:
                yield _plan_row(f"{source.name}, row {row.number}", entry, known, seen, taken)

    def _read_entry(self, row: CsvRow, folder: Path) -> TrackDraft | RefusedEntry:
        if row.reason:
            return RefusedEntry("", row.reason)
        try:
            draft = _to_draft(row)
        except ValueError as error:
            return RefusedEntry("", str(error))
        if row.values.get("path"):
            return self._join_file(draft, folder / str(row.values["path"]))
        return draft if draft.url else RefusedEntry("", "expected a path or a url, got neither")

    def _join_file(self, draft: TrackDraft, path: Path) -> TrackDraft | RefusedEntry:
        """Add what the file itself says, where the row is silent."""
        try:
            real_path = os.path.realpath(path)
            if not is_inside(real_path, tuple(os.path.realpath(root) for root in self.roots)):
                return RefusedEntry("", f"path: {printable(real_path)!r} lies outside the folders that may be read")
            if Path(real_path).is_dir():
                return RefusedEntry("", f"path: expected a file, got the folder {printable(real_path)!r}")
            found = look_at_file(real_path, Path(real_path).stat())
        except OSError as error:
            return RefusedEntry("", f"path: {printable(str(path))!r} cannot be read: {why(error)}")
        except ValueError as error:  # a zero byte in the name
            return RefusedEntry("", f"path: {error}")
        from_file = read_draft(found) if isinstance(found, FoundFile) else found
        if isinstance(from_file, RefusedEntry):
            return RefusedEntry("", f"path: {from_file.reason}")
        said = {name: value for name in _SAID if (value := getattr(draft, name)) is not None}
        return replace(from_file, **said)


_SAID = ("title", "artist", "url", "album", "genre", "year", "licence", "attribution", "duration_s")


def _to_draft(row: CsvRow) -> TrackDraft:
    title = row.values.get("title")
    if title is None:
        raise ValueError("title: expected one, got nothing")
    return TrackDraft(
        title=title,
        artist=row.values.get("artist"),
        url=read_url(row.values.get("url")),
        album=row.values.get("album"),
        genre=row.values.get("genre"),
        year=read_year(row.values.get("year")),
        licence=row.values.get("licence"),
        attribution=row.values.get("attribution"),
        duration_s=read_duration_s(row.values.get("duration_s")),
    )


def _plan_row(
    where: str,
    entry: TrackDraft | RefusedEntry,
    known: KnownTracks,
    seen: set[int],
    taken: set[int],
) -> PlannedChange:
    if isinstance(entry, RefusedEntry):
        return PlannedChange(Action.SKIP, where, entry.reason)
    # Hashes of the addresses, not the addresses: a list of millions must not fill the memory.
    keys = {hash(address) for address in (entry.path, entry.url) if address}
    if keys & seen:
        return PlannedChange(Action.SKIP, where, "an earlier row lists the same file or url")
    seen |= keys
    track = known.by_path.get(entry.path or "") or known.by_url.get(entry.url or "") or find_moved(known, entry, taken)
    if track is None:
        return PlannedChange(Action.CREATE, where, draft=entry)
    taken.add(track.track_id)
    return compare(track, entry, where)
