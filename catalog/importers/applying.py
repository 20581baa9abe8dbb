"""Write planned changes in batches, each in a transaction of its own."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

from sqlalchemy.exc import IntegrityError

from catalog.importers.batches import iter_batches
from catalog.importers.importer import MAX_LISTED_SKIPS, Action, ImportReport, PlannedChange, TrackDraft
from catalog.models import Artist, Track, TrackStatus
from catalog.queries import find_artist
from catalog.sorting import sort_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy.orm import Session

    from catalog.database import SessionFactory


class ImportWriter:
    """Store planned changes and count them.

    Args:
        session_factory: where to store.
        source: what new tracks note as the place they came from.
    """

    def __init__(self, session_factory: SessionFactory, source: str) -> None:
        self._session_factory = session_factory
        self._source = source
        self._counts: Counter[Action] = Counter()
        self._skipped: list[tuple[str, str]] = []

    def write(
        self,
        changes: Iterable[PlannedChange],
        *,
        n_total: int | None = None,
        on_progress: Callable[[int, int | None], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> ImportReport:
        """Store changes until they end or `should_stop` says so; what is stored stays."""
        is_complete = True
        for batch in iter_batches(changes):
            if should_stop is not None and should_stop():
                is_complete = False
                break
            self._write_batch(batch)
            if on_progress is not None:
                on_progress(self._counts.total(), n_total)
        return self._report(is_complete=is_complete)

    def _write_batch(self, batch: list[PlannedChange]) -> None:
        for change in batch:
            if change.action is Action.SKIP:
                self._skip(change.where, change.reason)
            elif change.action is Action.UNCHANGED:
                self._counts[Action.UNCHANGED] += 1
        writes = [change for change in batch if change.draft is not None]
        if not writes:
            return
        try:
            self._store(writes)
        except IntegrityError:
            # Another import stored one of them a moment ago: then each stands alone, so that only that one is refused.
            for change in writes:
                self._write_alone(change)

    def _write_alone(self, change: PlannedChange) -> None:
        try:
            self._store([change])
        except IntegrityError:
            self._skip(change.where, "another import stores it at this moment; import again")

    def _store(self, changes: list[PlannedChange]) -> None:
        counts: Counter[Action] = Counter()
        with self._session_factory.begin() as session:
            artists: dict[str, Artist] = {}
            for change in changes:
                if change.draft is None:
                    continue
                track = self._find_or_add(session, change)
                if track is None:
                    continue
                _fill(track, change.draft, _get_artist(session, change.draft.artist, artists))
                counts[change.action] += 1
        self._counts.update(counts)

    def _find_or_add(self, session: Session, change: PlannedChange) -> Track | None:
        if change.track_id is None:
            new = Track(source=self._source, status=TrackStatus.PENDING, edited_fields=[])
            session.add(new)
            return new
        track = session.get(Track, change.track_id)
        if track is None:
            self._skip(change.where, "the track was deleted meanwhile; import again to bring it back")
        return track

    def _skip(self, where: str, reason: str) -> None:
        self._counts[Action.SKIP] += 1
        if len(self._skipped) < MAX_LISTED_SKIPS:
            self._skipped.append((where, reason))

    def _report(self, *, is_complete: bool) -> ImportReport:
        return ImportReport(
            created=self._counts[Action.CREATE],
            updated=self._counts[Action.UPDATE],
            unchanged=self._counts[Action.UNCHANGED],
            skipped=tuple(self._skipped),
            n_skipped=self._counts[Action.SKIP],
            is_complete=is_complete,
        )


def _fill(track: Track, draft: TrackDraft, artist: Artist | None) -> None:
    # A track that failed gets another chance with its new bytes; one that sounds as before keeps its analysis.
    if track.status == TrackStatus.FAILED or (track.content_hash and track.content_hash != draft.content_hash):
        track.status = TrackStatus.PENDING
        track.failure_reason = None
    for name, value in asdict(draft).items():
        if name != "artist":
            setattr(track, name, value)
    track.artist = artist


def _get_artist(session: Session, name: str | None, artists: dict[str, Artist]) -> Artist | None:
    if name is None:
        return None
    key = sort_key(name)
    if key not in artists:
        # Within no_autoflush: half-filled tracks of this batch wait in the session.
        with session.no_autoflush:
            artist = find_artist(session, name)
        if artist is None:
            artist = Artist(name=name)
            session.add(artist)
        artists[key] = artist
    return artists[key]
