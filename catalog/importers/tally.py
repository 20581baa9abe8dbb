"""Count what an import does, or would do, and name what needs a word."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from catalog.importers.importer import MAX_LISTED_SKIPS, Action, ImportReport

if TYPE_CHECKING:
    from collections.abc import Callable

    from catalog.importers.importer import PlannedChange


class ImportTally:
    """Count changes, and name the first of those that need a word."""

    def __init__(self, on_skip: Callable[[str, str], None] | None = None) -> None:
        self.counts: Counter[Action] = Counter()
        self._skipped: list[tuple[str, str]] = []
        self._notes: list[tuple[str, str]] = []
        self._on_skip = on_skip

    def skip(self, where: str, reason: str) -> None:
        """Count a skipped entry."""
        # Names of files may hold bytes that no database takes.
        where, reason = _printable(where), _printable(reason)
        self.counts[Action.SKIP] += 1
        if self._on_skip is not None:
            self._on_skip(where, reason)
        if len(self._skipped) < MAX_LISTED_SKIPS:
            self._skipped.append((where, reason))

    def note(self, where: str, note: str) -> None:
        """Keep what was left out of a track that comes in."""
        if note and len(self._notes) < MAX_LISTED_SKIPS:
            self._notes.append((_printable(where), note))

    def count(self, change: PlannedChange) -> None:
        """Count a change as planned."""
        self.note(change.where, change.note)
        if change.action is Action.SKIP:
            self.skip(change.where, change.reason)
        else:
            self.counts[change.action] += 1

    def report(self, *, is_complete: bool = True, import_id: int | None = None) -> ImportReport:
        """Return what was counted."""
        return ImportReport(
            created=self.counts[Action.CREATE],
            updated=self.counts[Action.UPDATE],
            unchanged=self.counts[Action.UNCHANGED],
            skipped=tuple(self._skipped),
            n_skipped=self.counts[Action.SKIP],
            is_complete=is_complete,
            notes=tuple(self._notes),
            import_id=import_id,
        )


def _printable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
