"""What people took out of the catalog, which no import brings back by itself: merged copies and deleted tracks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from catalog.history import ChangeAction
from catalog.importers.importer import Action, PlannedChange
from catalog.models import Change

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

DELETED: Final = "deleted"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What is left out, by path, URL, or the name that its catalog gives it.

    Attributes:
        kept_by_address: the track that a merged one became part of.
        deletion_by_address: who deleted a track, and when.
    """

    kept_by_address: Mapping[str, int] = field(default_factory=dict)
    deletion_by_address: Mapping[str, str] = field(default_factory=dict)

    def plan(self, where: str, *addresses: str | None) -> PlannedChange | None:
        """Plan for an entry without a row that nothing comes of it; None where nobody took it out."""
        for address in addresses:
            if address and address in self.kept_by_address:
                kept_id = self.kept_by_address[address]
                return PlannedChange(Action.UNCHANGED, where, f"merged into track {kept_id}", kept_id)
            if address and address in self.deletion_by_address:
                return PlannedChange(Action.SKIP, where, self.deletion_by_address[address])
        return None


def find_left_out(session: Session, *, brings_back: bool = False) -> LeftOut:
    """Read the log for merges and deletions that stand.

    What a rolled-back import had brought is not among them: importing it again brings it back.

    Args:
        session: where to read.
        brings_back: whether deleted tracks may come back.
    """
    # Of a deleted track the log keeps all; read here are a few words of it.
    state = Change.before
    addresses = (state[name].as_string() for name in ("path", "url", "content_hash"))
    query = select(state["merged_into"].as_integer(), Change.import_id, Change.who, Change.at, *addresses)
    actions = (ChangeAction.MERGE, ChangeAction.DELETE, ChangeAction.REDO)
    stands = Change.undone_at.is_(None), Change.after.is_(None), Change.before.is_not(None)
    kept_by_address: dict[str, int] = {}
    deletion_by_address: dict[str, str] = {}
    rows = session.execute(query.where(Change.action.in_(actions), *stands).order_by(Change.id))
    for kept_id, import_id, who, at, path, url, content_hash in rows:
        named = [address for address in (path, url, None if path else content_hash) if address]
        if kept_id is not None:
            kept_by_address |= dict.fromkeys(named, kept_id)
        elif import_id is None and not brings_back:
            by = f" by {who}" if who else ""
            deletion_by_address |= dict.fromkeys(named, f"{DELETED}{by} on {at.date()}; ask to bring it back")
    return LeftOut(kept_by_address, deletion_by_address)
