"""Past imports, as a curator looks at them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from catalog.errors import ImportNotFoundError
from catalog.models import ImportBatch

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class ImportFacts:
    """One import and what came of it.

    Attributes:
        status: see `catalog.models.ImportStatus`.
        report: skipped rows with their reasons, capped; None while it runs.
    """

    import_id: int
    importer: str
    source: str
    who: str
    status: str
    n_created: int
    n_updated: int
    n_unchanged: int
    n_skipped: int
    started_at: datetime
    finished_at: datetime | None
    rolled_back_at: datetime | None
    report: Mapping[str, Any] | None


def list_imports(session: Session, *, limit: int = 50, offset: int = 0) -> list[ImportFacts]:
    """List one page of imports, the newest first."""
    query = select(ImportBatch).order_by(ImportBatch.id.desc()).limit(limit).offset(offset)
    return [_to_facts(row) for row in session.scalars(query)]


def get_import(session: Session, import_id: int) -> ImportFacts:
    """Return one import.

    Raises:
        ImportNotFoundError: no import bears this id.
    """
    row = session.get(ImportBatch, import_id)
    if row is None:
        raise ImportNotFoundError(import_id)
    return _to_facts(row)


def _to_facts(row: ImportBatch) -> ImportFacts:
    names = (name for name in ImportFacts.__slots__ if name != "import_id")
    values = {name: getattr(row, name) for name in names}
    # While it runs, the column says who writes it.
    return ImportFacts(import_id=row.id, **{**values, "report": None if row.finished_at is None else row.report})
