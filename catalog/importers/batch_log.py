"""The rows that tell what an import did: one for the whole, one for each track it changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from catalog.database import utc_now
from catalog.history import ChangeAction
from catalog.importers.importer import Action
from catalog.importers.matching import to_json
from catalog.models import Change, ImportBatch, ImportStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.orm import Session

    from catalog.database import SessionFactory
    from catalog.importers.importer import ImportReport, PlannedChange


@dataclass(frozen=True, slots=True)
class ImportOrigin:
    """Who imports what.

    Attributes:
        importer: its name in the registry.
        where: the folder or file.
        arguments: what was chosen for it.
        who: asks for it.
    """

    importer: str
    where: str
    arguments: Mapping[str, Any]
    who: str = ""


def open_batch(session_factory: SessionFactory, origin: ImportOrigin) -> int:
    """Store that an import begins, and return its id."""
    with session_factory.begin() as session:
        batch = ImportBatch(
            importer=origin.importer,
            source=origin.where.encode("utf-8", "replace").decode(),
            arguments=dict(origin.arguments),
            who=origin.who,
            status=ImportStatus.RUNNING,
        )
        session.add(batch)
        session.flush()
        return batch.id


def count_batch(session: Session, import_id: int, counts: Mapping[Action, int]) -> None:
    """Store how far an import has come, in the transaction that stores its tracks."""
    batch = session.get(ImportBatch, import_id)
    if batch is not None:
        batch.n_created, batch.n_updated = counts.get(Action.CREATE, 0), counts.get(Action.UPDATE, 0)
        batch.n_unchanged, batch.n_skipped = counts.get(Action.UNCHANGED, 0), counts.get(Action.SKIP, 0)


def close_batch(session_factory: SessionFactory, import_id: int, report: ImportReport, *, problem: str = "") -> None:
    """Store what came of an import; with a problem it has failed."""
    with session_factory.begin() as session:
        batch = session.get(ImportBatch, import_id)
        if batch is None:
            return
        batch.n_created, batch.n_updated = report.created, report.updated
        batch.n_unchanged, batch.n_skipped = report.unchanged, report.n_skipped
        done = ImportStatus.DONE if report.is_complete else ImportStatus.CANCELLED
        batch.status = ImportStatus.FAILED if problem else done
        told = report.to_json()
        batch.report = {"skipped": told["skipped"], "notes": told["notes"], "problem": problem}
        batch.finished_at = utc_now()
        session.add(
            Change(
                who=batch.who,
                action=ChangeAction.IMPORT,
                import_id=import_id,
                group_id=name_group(import_id),
                after={
                    "importer": batch.importer,
                    "source": batch.source,
                    "status": str(batch.status),
                    **{name: told[name] for name in ("created", "updated", "unchanged", "n_skipped")},
                },
            )
        )


def log_updates(session: Session, import_id: int, who: str, changes: Iterable[PlannedChange]) -> None:
    """Store what updates changed in their tracks, so that it can be taken back."""
    rows = [
        {
            "who": who,
            "action": ChangeAction.IMPORT,
            "track_id": change.track_id,
            "import_id": import_id,
            "group_id": name_group(import_id),
            "before": dict(change.before),
            "after": {name: to_json(getattr(change.draft, name)) for name in change.before},
        }
        for change in changes
        if change.action is Action.UPDATE
    ]
    if rows:
        session.execute(insert(Change), rows)


def name_group(import_id: int) -> str:
    """Name the group of the log that an import's entries belong to."""
    return f"import-{import_id}"
