"""The rows that tell what an import did: one for the whole, one for each track it changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import insert, select

from catalog.database import utc_now
from catalog.history import ChangeAction
from catalog.importers.importer import Action
from catalog.importers.matching import to_json
from catalog.models import Change, ImportBatch, ImportStatus
from catalog.process_names import is_known_dead, name_this_process

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.orm import Session

    from catalog.database import SessionFactory
    from catalog.importers.importer import ImportReport, PlannedChange


# Of a process on another machine nothing is known; one that wrote nothing for so long is gone with its machine.
SILENT_FOR: Final = timedelta(hours=1)
INTERRUPTED: Final = "its process ended before it did; import again to go on, or roll back what it brought"


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
            report=_be_heard(),
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
        batch.report = _be_heard()


def close_batch(session_factory: SessionFactory, import_id: int, report: ImportReport, *, problem: str = "") -> None:
    """Store what came of an import; with a problem it has failed."""
    with session_factory.begin() as session:
        batch = session.get(ImportBatch, import_id)
        if batch is None or batch.status == ImportStatus.ROLLED_BACK:
            return
        batch.n_created, batch.n_updated = report.created, report.updated
        batch.n_unchanged, batch.n_skipped = report.unchanged, report.n_skipped
        done = ImportStatus.DONE if report.is_complete else ImportStatus.CANCELLED
        batch.status = ImportStatus.FAILED if problem else done
        told = report.to_json()
        batch.report = {"skipped": told["skipped"], "notes": told["notes"], "problem": problem}
        batch.finished_at = utc_now()
        _log_end(session, batch)


def close_interrupted(session: Session) -> list[int]:
    """Let imports have failed whose process was killed, with what they had stored by then; return their ids.

    Nothing is lost by it: the same import goes on where it was cut off, and what came in can be rolled back.
    """
    running = session.scalars(select(ImportBatch).where(ImportBatch.status == ImportStatus.RUNNING))
    interrupted = [batch for batch in running if _is_interrupted(batch)]
    for batch in interrupted:
        batch.status, batch.finished_at = ImportStatus.FAILED, _last_heard(batch)
        batch.report = {"skipped": [], "notes": [], "problem": INTERRUPTED}
        _log_end(session, batch)
    return [batch.id for batch in interrupted]


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


def _be_heard() -> dict[str, Any]:
    """Return what the report of a running import says: who writes it, and that it lives."""
    return {"process": name_this_process(), "heard_at": utc_now().isoformat()}


def _last_heard(batch: ImportBatch) -> datetime:
    heard_at = (batch.report or {}).get("heard_at")
    return datetime.fromisoformat(heard_at) if heard_at else batch.started_at


def _is_interrupted(batch: ImportBatch) -> bool:
    process = (batch.report or {}).get("process", "")
    if process == name_this_process():
        return False
    return is_known_dead(process) or utc_now() - _last_heard(batch) > SILENT_FOR


def _log_end(session: Session, batch: ImportBatch) -> None:
    counts = {"created": batch.n_created, "updated": batch.n_updated, "unchanged": batch.n_unchanged}
    named = {"importer": batch.importer, "source": batch.source, "status": str(batch.status)}
    session.add(
        Change(
            who=batch.who,
            action=ChangeAction.IMPORT,
            import_id=batch.id,
            group_id=name_group(batch.id),
            after={**named, **counts, "n_skipped": batch.n_skipped},
        )
    )


def name_group(import_id: int) -> str:
    """Name the group of the log that an import's entries belong to."""
    return f"import-{import_id}"
