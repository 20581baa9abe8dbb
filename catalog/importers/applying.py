"""Write planned changes in batches, each in a transaction of its own."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sqlalchemy.exc import IntegrityError

from catalog.importers.batch_log import ImportOrigin, close_batch, count_batch, log_updates, open_batch
from catalog.importers.batches import iter_batches
from catalog.importers.storing import store_changes
from catalog.importers.tally import ImportTally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from catalog.database import SessionFactory
    from catalog.importers.importer import ImportReport, PlannedChange


class ImportWriter:
    """Store planned changes and count them.

    Args:
        session_factory: where to store.
        source: what new tracks note as the place they came from.
        origin: who imports what, for the log.
        on_skip: called with where and why for every skipped entry.
    """

    def __init__(
        self,
        session_factory: SessionFactory,
        source: str,
        origin: ImportOrigin,
        *,
        on_skip: Callable[[str, str], None] | None = None,
    ) -> None:
        self._session_factory = session_factory
        self._source = source
        self._origin = origin
        self._tally = ImportTally(on_skip)
        self._import_id = 0

    def write(
        self,
        begin: Callable[[], tuple[Iterable[PlannedChange], int | None]],
        *,
        on_progress: Callable[[int, int | None], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> ImportReport:
        """Store changes until they end or `should_stop` says so; what is stored stays.

        Args:
            begin: begins to plan, and counts the entries if that is quick; what it refuses is written down as the
                reason why the import failed.
            on_progress: called with entries done and entries in all.
            should_stop: asked between batches.
        """
        self._import_id = open_batch(self._session_factory, self._origin)
        try:
            is_complete = self._write_all(*begin(), on_progress, should_stop)
        except BaseException as error:
            # Also what ends the process: the row must not say for ever that the import runs.
            report = self._tally.report(is_complete=False, import_id=self._import_id)
            close_batch(self._session_factory, self._import_id, report, problem=str(error) or type(error).__name__)
            raise
        report = self._tally.report(is_complete=is_complete, import_id=self._import_id)
        close_batch(self._session_factory, self._import_id, report)
        return report

    def _write_all(
        self,
        changes: Iterable[PlannedChange],
        n_total: int | None,
        on_progress: Callable[[int, int | None], None] | None,
        should_stop: Callable[[], bool] | None,
    ) -> bool:
        for batch in iter_batches(changes):
            if should_stop is not None and should_stop():
                return False
            self._write_batch(batch)
            if on_progress is not None:
                on_progress(self._tally.counts.total(), n_total)
        return True

    def _write_batch(self, batch: list[PlannedChange]) -> None:
        for change in batch:
            if change.draft is None:
                self._tally.count(change)
        writes = [change for change in batch if change.draft is not None]
        if not writes:
            return
        try:
            self._store(writes)
        except IntegrityError:
            # Another import stored one of them a moment ago: then each stands alone, so that only that one is refused.
            for change in writes:
                self._write_alone(change)

    def _write_alone(self, change: PlannedChange) -> None:
        try:
            self._store([change])
        except IntegrityError:
            self._tally.skip(change.where, "another import stores it at this moment; import again")

    def _store(self, changes: list[PlannedChange]) -> None:
        with self._session_factory.begin() as session:
            gone = store_changes(session, changes, source=self._source, import_id=self._import_id)
            stored = [change for change in changes if change not in gone] if gone else changes
            log_updates(session, self._import_id, self._origin.who, stored)
            count_batch(session, self._import_id, self._tally.counts + Counter(change.action for change in stored))
        # Only what is committed counts.
        for change in stored:
            self._tally.count(change)
        for change in gone:
            self._tally.skip(change.where, "the track was deleted meanwhile")
