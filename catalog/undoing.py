"""Take back what the log holds; an undo is logged too, so that it can be taken back in turn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, select, update

from catalog.database import utc_now
from catalog.errors import UndoBlockedError, UnknownChangeError
from catalog.history import ChangeAction, ChangeOrigin, make_group_id, record
from catalog.listening_rows import move_back, move_rows
from catalog.models import Change, ImportBatch, Track
from catalog.track_states import BATCH_SIZE, restore_track, write_values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

# Follows from the fields that are changed; in itself it stands in nobody's way.
_FOLLOWING: Final = frozenset({"edited_fields"})


@dataclass(frozen=True, slots=True)
class UndoReport:
    """What was taken back.

    Attributes:
        group_id: of the entries that say so; undo it to have the change again.
        n_changes: entries taken back.
    """

    group_id: str
    n_changes: int


def undo_group(session: Session, group_id: str, *, who: str) -> UndoReport:
    """Take back all entries of one group, or none.

    Args:
        session: where to write; the caller's transaction holds all of it.
        group_id: which change.
        who: takes it back.

    Raises:
        UnknownChangeError: no such group stands.
        UndoBlockedError: a later change stands in the way, or another track has the file by now.
    """
    query = select(Change).where(Change.group_id == group_id, Change.undone_at.is_(None))
    changes = list(session.scalars(query.order_by(Change.id.desc())))
    if not changes:
        raise UnknownChangeError(group_id)
    blockers = sorted(
        blocker
        for start in range(0, len(changes), BATCH_SIZE)
        for blocker in find_later(session, changes[start : start + BATCH_SIZE])
    )
    if blockers:
        raise UndoBlockedError(group_id, tuple(blockers))
    undo_id = make_group_id()
    for change in changes:
        _take_back(session, change)
        action = ChangeAction.REDO if change.action == ChangeAction.UNDO else ChangeAction.UNDO
        origin = ChangeOrigin(who, undo_id, change.import_id)
        record(session, action, origin, track_id=change.track_id, before=change.after, after=change.before)
    session.execute(
        update(Change).where(Change.group_id == group_id, Change.undone_at.is_(None)).values(undone_at=utc_now())
    )
    session.flush()
    return UndoReport(undo_id, len(changes))


def find_later(session: Session, changes: Sequence[Change]) -> list[tuple[int, int]]:
    """Find entries of other groups that stand on these: track and entry, of each the first.

    What was taken back stands no more, and neither does its undo, unless another undo is to be taken back.
    """
    by_track = {change.track_id: change for change in reversed(changes) if change.track_id is not None}
    later = session.scalars(
        select(Change)
        .where(Change.track_id.in_(by_track), Change.id > min(change.id for change in changes))
        .where(Change.group_id != changes[0].group_id, Change.undone_at.is_(None))
        .order_by(Change.id)
    )
    found: dict[int, int] = {}
    for other in later:
        if other.track_id is None or other.track_id in found:
            continue
        change = by_track[other.track_id]
        is_undo = other.action == ChangeAction.UNDO and change.action != ChangeAction.UNDO
        if other.id > change.id and not is_undo and _overlap(change, other):
            found[other.track_id] = other.id
    return list(found.items())


def _overlap(change: Change, other: Change) -> bool:
    if None in (change.before, change.after, other.before, other.after):
        return True
    return bool((set(change.after or ()) & set(other.after or ())) - _FOLLOWING)


def _take_back(session: Session, change: Change) -> None:
    if change.track_id is None:
        _set_import_status(session, change)
    elif change.after is None:
        _bring_back(session, change, change.before or {})
    elif change.before is None:
        _remove(session, change.track_id, change.after)
    else:
        _write_back(session, change, change.before, change.after)


def _bring_back(session: Session, change: Change, state: Mapping[str, Any]) -> None:
    track_id = int(change.track_id or 0)
    holder = session.scalar(select(Track.id).where(Track.path == state["path"])) if state["path"] else None
    if holder is not None:
        raise UndoBlockedError(
            change.group_id, ((track_id, change.id),), f"track {holder} has its file {state['path']!r}"
        )
    restore_track(session, track_id, state)
    session.flush()
    if "merged_into" in state:
        move_back(session, state["moved"], track_id)


def _remove(session: Session, track_id: int, state: Mapping[str, Any]) -> None:
    if "merged_into" in state:
        move_rows(session, track_id, state["merged_into"])
    session.execute(delete(Track).where(Track.id == track_id))


def _write_back(session: Session, change: Change, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    track = session.get(Track, change.track_id)
    if track is None:
        raise UndoBlockedError(change.group_id, ((int(change.track_id or 0), change.id),), "the track is gone")
    # Fields that were edited since stay noted as such.
    gone = set(after.get("edited_fields", ())) - set(before.get("edited_fields", ()))
    back = set(before.get("edited_fields", ())) - set(after.get("edited_fields", ()))
    edited = sorted((set(track.edited_fields) - gone) | back)
    write_values(session, track, {**before, "edited_fields": edited})


def _set_import_status(session: Session, change: Change) -> None:
    batch = session.get(ImportBatch, change.import_id)
    if batch is not None and change.before is not None:
        batch.status = change.before["status"]
        batch.rolled_back_at = None if change.before["status"] != "rolled_back" else utc_now()
