"""Change more tracks than a page can wait for: batch by batch, each stored with its part of the log.

Whatever ends it on the way, what is stored stands in the log as one group: the same order goes on from there, and an
undo takes back what was done. While it runs, lists show some tracks changed and others not yet.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import func, select

from catalog.changes import delete_tracks, edit_tracks
from catalog.edit_values import TrackEdit
from catalog.history import ChangeOrigin
from catalog.models import Change
from catalog.track_states import BATCH_SIZE
from catalog.undoing import check_undo, undo_some

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy.orm import Session

    from catalog.database import SessionFactory

Progress: TypeAlias = "Callable[[int, int | None], None]"
StopSign: TypeAlias = "Callable[[], bool]"


@dataclass(frozen=True, slots=True)
class BulkOrder:
    """Tracks to change alike, as one group of the log.

    Attributes:
        track_ids: ascending.
        edit: how; None deletes them.
        group_id: of the log's entries.
        who: asks for it.
    """

    track_ids: tuple[int, ...]
    edit: TrackEdit | None
    group_id: str
    who: str

    def to_json(self) -> dict[str, Any]:
        """Return plain values for a job row."""
        edit = None if self.edit is None else asdict(self.edit)
        named = {"group_id": self.group_id, "who": self.who, "n_tracks": len(self.track_ids)}
        return {**named, "track_ids": write_ids(self.track_ids), "edit": edit}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> BulkOrder:
        """Read what `to_json` wrote."""
        edit = values["edit"]
        tags = {} if edit is None else {name: tuple(map(tuple, edit[name])) for name in ("add_tags", "remove_tags")}
        return cls(
            read_ids(values["track_ids"]),
            None if edit is None else TrackEdit(edit["fields"], **tags),
            values["group_id"],
            values["who"],
        )


class BulkRuns:
    """Carry out orders; see the module."""

    def __init__(self, session_factory: SessionFactory) -> None:
        self._session_factory = session_factory

    def change(self, order: BulkOrder, on_progress: Progress, should_stop: StopSign) -> int:
        """Edit or delete the tracks of an order; return how many differ from before, by this run or one before it.

        Raises:
            InvalidEditError: a field cannot be changed, or not to this value; then nothing is.
        """
        origin = ChangeOrigin(order.who, order.group_id)
        with self._session_factory() as session:
            # What a run before this one did is not looked at again: somebody may have changed it otherwise since.
            done = set(session.scalars(select(Change.track_id).where(*_stands(order.group_id))))
        left = [track_id for track_id in order.track_ids if track_id not in done]
        n_changed = n_met = len(done)
        for start in range(0, len(left), BATCH_SIZE):
            if should_stop():
                break
            batch = left[start : start + BATCH_SIZE]
            with self._session_factory.begin() as session:
                n_changed += _change(session, batch, order.edit, origin)
            n_met += len(batch)
            on_progress(n_met, len(order.track_ids))
        return n_changed

    def undo(self, group_id: str, undo_id: str, who: str, on_progress: Progress, should_stop: StopSign) -> int:
        """Take back a group; return how many entries are taken back, by this run or one before it.

        Raises:
            UnknownChangeError: no such group stands.
            UndoBlockedError: a later change stands in the way, or another track has the file by now; what stood in
                nobody's way until then is taken back.
        """
        with self._session_factory() as session:
            n_done = session.scalar(select(func.count()).where(*_stands(undo_id))) or 0
            n_left = session.scalar(select(func.count()).where(*_stands(group_id))) or 0
            if n_left or not n_done:
                check_undo(session, group_id, undo_id)
        n_total = n_done + n_left
        while n_done < n_total and not should_stop():
            with self._session_factory.begin() as session:
                n_more = undo_some(session, group_id, undo_id, who=who)
            if not n_more:
                break
            n_done += n_more
            on_progress(n_done, n_total)
        return n_done


def write_ids(track_ids: Sequence[int]) -> str:
    """Write ascending ids as runs: the row of a job over all tracks stays short.

    Example:
        >>> write_ids((1, 2, 3, 7, 9, 10))
        '1-3,7,9-10'
    """
    ends = [i for i, (left, right) in enumerate(pairwise(track_ids), 1) if right != left + 1]
    runs = [track_ids[start:stop] for start, stop in pairwise([0, *ends, len(track_ids)])]
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs if run)


def read_ids(text: str) -> tuple[int, ...]:
    """Read what `write_ids` wrote."""
    runs = (run.partition("-") for run in text.split(",") if run)
    return tuple(track_id for first, _, last in runs for track_id in range(int(first), int(last or first) + 1))


def _change(session: Session, track_ids: Sequence[int], edit: TrackEdit | None, origin: ChangeOrigin) -> int:
    if edit is None:
        return delete_tracks(session, track_ids, origin)
    return edit_tracks(session, track_ids, edit, origin)


def _stands(group_id: str) -> tuple[Any, ...]:
    return Change.group_id == group_id, Change.undone_at.is_(None), Change.track_id.is_not(None)
