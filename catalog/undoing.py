"""Take back what the log holds; an undo is logged too, so that it can be taken back in turn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, select, update
from sqlalchemy.orm import defer

from catalog.artists import ArtistRows
from catalog.database import utc_now
from catalog.distinctions import write_distinction
from catalog.errors import UndoBlockedError, UnknownChangeError
from catalog.history import ChangeAction, ChangeOrigin, make_group_id, record
from catalog.listening_rows import move_back, move_rows
from catalog.models import Change, ImportBatch, Track
from catalog.track_states import BATCH_SIZE, read_tracks, restore_track, write_values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement
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
    check_undo(session, group_id)
    undo_id, n_changes = make_group_id(), 0
    while n_more := undo_some(session, group_id, undo_id, who=who):
        n_changes += n_more
    return UndoReport(undo_id, n_changes)


def check_undo(session: Session, group_id: str, undo_id: str = "") -> int:
    """Make sure that a group can be taken back; return how many of its entries stand.

    Args:
        session: where to read.
        group_id: which change.
        undo_id: the undo that took back a part of it already; what that wrote stands in nobody's way.

    Raises:
        UnknownChangeError: no such group stands.
        UndoBlockedError: a later change stands in the way.
    """
    # What the entries hold is read only where another stands on them: with it, this would take as long as the undo.
    query = select(Change).where(*_standing(group_id)).options(defer(Change.before), defer(Change.after))
    query = query.order_by(Change.id).limit(BATCH_SIZE)
    blockers: list[tuple[int, int]] = []
    n_changes = last_id = 0
    while changes := session.scalars(query.where(Change.id > last_id)).all():
        blockers += find_later(session, changes, undo_id)
        n_changes, last_id = n_changes + len(changes), changes[-1].id
    if not n_changes:
        raise UnknownChangeError(group_id)
    if blockers:
        raise UndoBlockedError(group_id, tuple(sorted(blockers)))
    return n_changes


def undo_some(session: Session, group_id: str, undo_id: str, *, who: str) -> int:
    """Take back the newest entries of a group, a batch of them; what is left can be taken back by the same undo.

    Args:
        session: where to write.
        group_id: which change.
        undo_id: group of the entries that say so; the same one for all batches.
        who: takes it back.

    Returns:
        How many; 0 once none stands.

    Raises:
        UndoBlockedError: a later change stands in the way, or another track has the file by now.
    """
    query = select(Change).where(*_standing(group_id)).order_by(Change.id.desc()).limit(BATCH_SIZE)
    changes = list(session.scalars(query))
    if not changes:
        return 0
    if blockers := find_later(session, changes, undo_id):
        raise UndoBlockedError(group_id, tuple(sorted(blockers)))
    with session.no_autoflush:
        _Undo(session, changes).take_back()
    for change in changes:
        action = ChangeAction.REDO if change.action == ChangeAction.UNDO else ChangeAction.UNDO
        origin = ChangeOrigin(who, undo_id, change.import_id)
        record(session, action, origin, track_id=change.track_id, before=change.after, after=change.before)
    undone = update(Change).where(Change.id.in_([change.id for change in changes])).values(undone_at=utc_now())
    session.execute(undone, execution_options={"synchronize_session": False})
    return len(changes)


def _standing(group_id: str) -> tuple[ColumnElement[bool], ...]:
    return Change.group_id == group_id, Change.undone_at.is_(None)


def find_later(session: Session, changes: Sequence[Change], undo_id: str = "") -> list[tuple[int, int]]:
    """Find entries of other groups that stand on these: track and entry, of each the first.

    What was taken back stands no more, and neither does its undo, unless another undo is to be taken back; nor does
    what `undo_id` wrote, the undo under way.
    """
    by_track = {change.track_id: change for change in reversed(changes) if change.track_id is not None}
    later = session.scalars(
        select(Change)
        .where(Change.track_id.in_(by_track), Change.id > min(change.id for change in changes))
        .where(Change.group_id.not_in((changes[0].group_id, undo_id)), Change.undone_at.is_(None))
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


class _Undo:
    """Takes back some entries, the newest first; what they need is read for all of them at once."""

    def __init__(self, session: Session, changes: Sequence[Change]) -> None:
        self._session = session
        self._changes = changes
        self._artists = ArtistRows(session)
        self._artists.load(change.before.get("artist") for change in changes if change.before is not None)
        kept = [change.track_id for change in changes if change.track_id is not None and change.after is not None]
        self._track_by_id = {track.id: track for track in read_tracks(session, kept)}
        self._holder_by_path = self._find_holders()

    def take_back(self) -> None:
        removed = []
        for change in self._changes:
            if change.track_id is None:
                _set_import_status(self._session, change)
            elif change.after is None:
                self._bring_back(change, change.track_id, change.before or {})
            elif change.before is None:
                removed.append(change.track_id)
                if "merged_into" in change.after:
                    move_rows(self._session, change.track_id, change.after["merged_into"])
            else:
                self._write_back(change, change.before, change.after)
        if removed:
            self._session.execute(delete(Track).where(Track.id.in_(removed)))
        self._session.flush()

    def _find_holders(self) -> dict[str, int]:
        states = [change.before for change in self._changes if change.after is None and change.before is not None]
        paths = [state["path"] for state in states if state.get("path")]
        rows = self._session.execute(select(Track.path, Track.id).where(Track.path.in_(paths))) if paths else ()
        return {str(path): track_id for path, track_id in rows}

    def _bring_back(self, change: Change, track_id: int, state: Mapping[str, Any]) -> None:
        holder = self._holder_by_path.get(state["path"] or "")
        if holder is not None:
            reason = f"track {holder} has its file {state['path']!r}"
            raise UndoBlockedError(change.group_id, ((track_id, change.id),), reason)
        restore_track(self._session, track_id, state, self._artists)
        if "merged_into" in state:
            self._session.flush()
            move_back(self._session, state["moved"], track_id)

    def _write_back(self, change: Change, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        track = self._track_by_id.get(int(change.track_id or 0))
        if track is None:
            raise UndoBlockedError(change.group_id, ((int(change.track_id or 0), change.id),), "the track is gone")
        # Fields that were edited since stay noted as such.
        gone = set(after.get("edited_fields", ())) - set(before.get("edited_fields", ()))
        back = set(before.get("edited_fields", ())) - set(after.get("edited_fields", ()))
        edited = sorted((set(track.edited_fields) - gone) | back)
        for name, value in before.items():
            write_distinction(self._session, track.id, name, value)
        write_values(self._session, track, {**before, "edited_fields": edited}, self._artists)


def _set_import_status(session: Session, change: Change) -> None:
    batch = session.get(ImportBatch, change.import_id)
    if batch is not None and change.before is not None:
        batch.status = change.before["status"]
        batch.rolled_back_at = None if change.before["status"] != "rolled_back" else utc_now()
