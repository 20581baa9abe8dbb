"""Show what an import would do, in a list that a person can read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from catalog.importers.importer import Action, ImportReport, PlannedChange
from catalog.importers.matching import to_json
from catalog.importers.tally import ImportTally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """What an import would do.

    Attributes:
        changes: the first that do something: creations, updates and skips.
        totals: counts of all entries, with the first skips; it is not complete where the preview was stopped.
    """

    changes: tuple[PlannedChange, ...]
    totals: ImportReport

    def to_json(self) -> dict[str, Any]:
        """Return plain values for a page or a terminal."""
        return {**self.totals.to_json(), "changes": [_describe(change) for change in self.changes]}


def preview_import(
    changes: Iterable[PlannedChange],
    n_shown: int,
    *,
    should_stop: Callable[[], bool] | None = None,
    on_skip: Callable[[str, str], None] | None = None,
) -> ImportPreview:
    """Count all changes and keep the first ones."""
    tally = ImportTally(on_skip)
    shown: list[PlannedChange] = []
    for change in changes:
        if should_stop is not None and should_stop():
            return ImportPreview(tuple(shown), tally.report(is_complete=False))
        tally.count(change)
        if change.action is not Action.UNCHANGED and len(shown) < n_shown:
            shown.append(change)
    return ImportPreview(tuple(shown), tally.report())


def _describe(change: PlannedChange) -> dict[str, Any]:
    draft = change.draft
    return {
        "action": str(change.action),
        "where": change.where,
        "title": draft.title if draft else "",
        "artist": (draft.artist if draft else None) or "",
        "reason": change.reason,
        "note": change.note,
        "track_id": change.track_id,
        "before": dict(change.before),
        "after": {name: to_json(getattr(draft, name)) for name in change.before},
    }
