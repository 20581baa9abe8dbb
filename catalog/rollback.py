"""Take back a whole import: what it created goes, what it updated is as before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from catalog.artists import ArtistRows
from catalog.changes import delete_tracks
from catalog.database import utc_now
from catalog.errors import ImportNotFoundError, ImportStandsError
from catalog.history import ChangeAction, ChangeOrigin, record
from catalog.models import Change, ImportBatch, ImportStatus, Track
from catalog.track_states import BATCH_SIZE, read_tracks, write_values
from catalog.undoing import find_later

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class RollbackReport:
    """What was taken back.

    Attributes:
        group_id: of the log's entries; undo it to have the import again.
        n_deleted: tracks that the import had created.
        n_restored: tracks that it had updated.
        kept: tracks that stay as they are, with the reason.
    """

    group_id: str
    n_deleted: int
    n_restored: int
    kept: tuple[tuple[int, str], ...]


def roll_back_import(session: Session, import_id: int, *, who: str) -> RollbackReport:
    """Take back an import in the caller's transaction; files are never touched.

    Tracks it created go whatever was done with them since: the log keeps all of it. Updated ones get back what the
    import replaced, unless the same values were changed since.

    Raises:
        ImportNotFoundError: no import bears this id.
        ImportStandsError: it still runs, or was rolled back already.
    """
    batch = session.get(ImportBatch, import_id)
    if batch is None:
        raise ImportNotFoundError(import_id)
    if batch.status in {ImportStatus.RUNNING, ImportStatus.ROLLED_BACK}:
        raise ImportStandsError(import_id, batch.status)
    origin = ChangeOrigin(who, import_id=import_id)
    created = list(session.scalars(select(Track.id).where(Track.import_id == import_id).order_by(Track.id)))
    n_restored, kept = _restore_updated(session, import_id, origin)
    n_deleted = delete_tracks(session, created, origin, action=ChangeAction.ROLLBACK)
    before, after = {"status": batch.status}, {"status": str(ImportStatus.ROLLED_BACK)}
    record(session, ChangeAction.ROLLBACK, origin, before=before, after=after)
    batch.status, batch.rolled_back_at = ImportStatus.ROLLED_BACK, utc_now()
    session.flush()
    return RollbackReport(origin.group_id, n_deleted, n_restored, tuple(kept))


def _restore_updated(session: Session, import_id: int, origin: ChangeOrigin) -> tuple[int, list[tuple[int, str]]]:
    is_update = (Change.import_id == import_id, Change.action == ChangeAction.IMPORT, Change.track_id.is_not(None))
    changes = list(
        session.scalars(select(Change).where(*is_update, Change.undone_at.is_(None)).order_by(Change.id.desc()))
    )
    artists, n_restored = ArtistRows(session), 0
    kept: list[tuple[int, str]] = []
    for start in range(0, len(changes), BATCH_SIZE):
        some = changes[start : start + BATCH_SIZE]
        later = dict(find_later(session, some))
        tracks = read_tracks(session, [int(change.track_id or 0) for change in some])
        track_by_id = {track.id: track for track in tracks}
        for change in some:
            track_id = int(change.track_id or 0)
            track = track_by_id.get(track_id)
            if track is None or change.before is None or track.import_id == import_id:
                # Deleted since, or about to be.
                continue
            if track_id in later:
                kept.append((track_id, f"changed since (change {later[track_id]})"))
                continue
            write_values(session, track, change.before, artists)
            values = {"before": change.after, "after": change.before}
            record(session, ChangeAction.ROLLBACK, origin, track_id=track_id, **values)
            n_restored += 1
        undone = [change.id for change in some if change.track_id not in later]
        session.execute(update(Change).where(Change.id.in_(undone)).values(undone_at=utc_now()))
    return n_restored, kept
