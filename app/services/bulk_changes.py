"""Edits, deletions and undos of any number of tracks: a few at once, many as a job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.services.bulk_runs import BulkOrder
from app.services.errors import ChangeUnderWayError
from app.services.jobs import JobKind
from catalog.edit_values import check_fields, check_tags
from catalog.filters import TrackFilter
from catalog.history import make_group_id
from catalog.models import JobStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.services.curation import CurationService
    from app.services.curation_facts import ChangeResult
    from app.services.jobs import JobFacts, JobService
    from catalog.edit_values import TrackEdit
    from catalog.undoing import UndoReport

# About a second, and as long nobody else writes; a job takes that long before it starts.
MAX_AT_ONCE: Final = 2_000
_OPEN: Final = (JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.PAUSED)


class BulkChangeService:
    """Change tracks at once, in one transaction, where they are few; else ask for a job that changes them in batches.

    Args:
        curation: changes tracks at once, and knows the log.
        jobs: takes orders.
        max_at_once: tracks that are changed while somebody waits.
    """

    def __init__(self, curation: CurationService, jobs: JobService, *, max_at_once: int = MAX_AT_ONCE) -> None:
        self._curation = curation
        self._jobs = jobs
        self.max_at_once = max_at_once

    def edit(self, which: TrackFilter | Sequence[int], edit: TrackEdit, *, who: str) -> ChangeResult | JobFacts:
        """Change the tracks of a filter, or of these ids, alike.

        Raises:
            InvalidEditError: a field cannot be changed, or not to this value; then nothing is.
        """
        track_ids = self._list_ids(which)
        if len(track_ids) <= self.max_at_once:
            return self._curation.edit(track_ids, edit, who=who)
        check_fields(edit.fields)
        check_tags((*edit.add_tags, *edit.remove_tags))
        return self._submit(JobKind.EDIT, BulkOrder(track_ids, edit, make_group_id(), who))

    def delete(self, which: TrackFilter | Sequence[int], *, who: str) -> ChangeResult | JobFacts:
        """Delete the tracks of a filter, or of these ids, never their files."""
        track_ids = self._list_ids(which)
        if len(track_ids) <= self.max_at_once:
            return self._curation.delete(track_ids, who=who)
        return self._submit(JobKind.DELETE, BulkOrder(track_ids, None, make_group_id(), who))

    def undo(self, group_id: str, *, who: str) -> UndoReport | JobFacts:
        """Take back a change; undo the undo to have it again.

        Raises:
            UnknownChangeError: no such group stands.
            UndoBlockedError: a later change stands in the way, or another track has the file by now.
            ChangeUnderWayError: a job still writes it.
        """
        under_way = self._find_open(group_id)
        if under_way is not None:
            return under_way
        n_changes = self._curation.check_undo(group_id)
        if n_changes <= self.max_at_once:
            return self._curation.undo(group_id, who=who)
        arguments = {"undone_id": group_id, "group_id": make_group_id(), "who": who, "n_tracks": n_changes}
        return self._jobs.submit(JobKind.UNDO, arguments)

    def _list_ids(self, which: TrackFilter | Sequence[int]) -> tuple[int, ...]:
        track_ids = self._curation.list_track_ids(which) if isinstance(which, TrackFilter) else which
        return tuple(sorted(set(track_ids)))

    def _submit(self, kind: JobKind, order: BulkOrder) -> JobFacts:
        return self._jobs.submit(kind, order.to_json())

    def _find_open(self, group_id: str) -> JobFacts | None:
        """Return the job that takes a group back already."""
        for job in (each for status in _OPEN for each in self._jobs.list_jobs(status=status)):
            if job.arguments.get("group_id") == group_id:
                raise ChangeUnderWayError(job.job_id)
            if job.arguments.get("undone_id") == group_id:
                return job
        return None
