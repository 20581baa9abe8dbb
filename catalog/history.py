"""The log of changes: who changed what and when, what stood before and what after."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, func, select

from catalog.models import Change

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

# What is kept for an undo alone, and tells a reader nothing.
_UNREADABLE: Final = frozenset({"embeddings", "moved"})


class ChangeAction(StrEnum):
    """What was done."""

    EDIT = "edit"
    CORRECT = "correct"
    DELETE = "delete"
    MERGE = "merge"
    DISTINGUISH = "distinguish"
    IMPORT = "import"
    ROLLBACK = "rollback"
    UNDO = "undo"
    REDO = "redo"


@dataclass(frozen=True, slots=True)
class ChangeEntry:
    """One entry of the log.

    Attributes:
        group_id: one for all entries of a bulk edit, a merge or a rollback; an undo takes back a whole group.
        before: values that were replaced, by field; None where the track came to be.
        after: values that replaced them; None where the track was deleted.
        undone_at: when it was taken back; None where it stands.
    """

    change_id: int
    at: datetime
    who: str
    action: str
    track_id: int | None
    import_id: int | None
    group_id: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class ChangeFilter:
    """Which entries are meant; conditions join, None filters nothing.

    Attributes:
        since: earliest moment.
        until: moment before which entries were written.
        is_standing: True leaves out what was taken back.
    """

    who: str | None = None
    action: str | None = None
    track_id: int | None = None
    import_id: int | None = None
    group_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    is_standing: bool = False


EVERY_CHANGE: Final = ChangeFilter()


def make_group_id() -> str:
    """Return an id for the entries of one change."""
    return str(uuid.uuid4())


@dataclass(frozen=True, slots=True)
class ChangeOrigin:
    """Who changes something, and as part of what.

    Attributes:
        group_id: what is undone together; a new one unless given.
        import_id: the import it belongs to; None for none.
    """

    who: str = ""
    group_id: str = field(default_factory=make_group_id)
    import_id: int | None = None


def record(  # noqa: PLR0913 - the columns of one row
    session: Session,
    action: ChangeAction,
    origin: ChangeOrigin,
    *,
    track_id: int | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write one entry, in the transaction that changes the track."""
    session.add(
        Change(
            who=origin.who,
            action=action,
            group_id=origin.group_id,
            import_id=origin.import_id,
            track_id=track_id,
            before=None if before is None else dict(before),
            after=None if after is None else dict(after),
        )
    )


def list_changes(
    session: Session, wanted: ChangeFilter = EVERY_CHANGE, *, limit: int = 50, offset: int = 0
) -> list[ChangeEntry]:
    """List one page of entries, the newest first."""
    query = select(Change).where(*_conditions(wanted)).order_by(Change.id.desc())
    return [_to_entry(row) for row in session.scalars(query.limit(limit).offset(offset))]


def count_changes(session: Session, wanted: ChangeFilter = EVERY_CHANGE) -> int:
    """Count the entries that `list_changes` would list on all pages."""
    return session.scalar(select(func.count(Change.id)).where(*_conditions(wanted))) or 0


def _conditions(wanted: ChangeFilter) -> list[ColumnElement[bool]]:
    columns = {
        Change.who: wanted.who,
        Change.action: wanted.action,
        Change.track_id: wanted.track_id,
        Change.import_id: wanted.import_id,
        Change.group_id: wanted.group_id,
    }
    found = [column == value for column, value in columns.items() if value is not None]
    if wanted.since is not None:
        found.append(Change.at >= wanted.since)
    if wanted.until is not None:
        found.append(Change.at < wanted.until)
    if wanted.is_standing:
        found.append(Change.undone_at.is_(None))
    return found


def _to_entry(row: Change) -> ChangeEntry:
    return ChangeEntry(
        change_id=row.id,
        at=row.at,
        who=row.who,
        action=row.action,
        track_id=row.track_id,
        import_id=row.import_id,
        group_id=row.group_id,
        before=_readable(row.before),
        after=_readable(row.after),
        undone_at=row.undone_at,
    )


def _readable(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if values is None else {name: value for name, value in values.items() if name not in _UNREADABLE}
