"""Long work as rows: asked for by anyone, done by a worker, watched, paused and cancelled by anyone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import structlog
from sqlalchemy import func, select

from app.services.errors import JobNotFoundError, JobStateError, QueueUnavailableError
from app.services.job_facts import FINAL_STATUSES, JobErrorFacts, JobErrorPage, JobFacts, JobKind, read_job
from app.services.job_runs import JobRuns
from catalog.changes import retry_failed
from catalog.database import utc_now
from catalog.models import Job, JobError, JobStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from catalog.database import SessionFactory

__all__ = ["FINAL_STATUSES", "JobFacts", "JobKind", "JobService"]

_LOG = structlog.get_logger(__name__)

# SQLite takes 32,766 variables in a statement.
_MAX_IDS: Final = 10_000


class JobService(JobRuns):
    """Ask for long work, watch it, and keep its rows.

    Args:
        session_factory: where the rows are.
        send: puts a job's id before a worker; None leaves it to the next worker that looks for jobs.
    """

    def __init__(self, session_factory: SessionFactory, send: Callable[[int], None] | None = None) -> None:
        super().__init__(session_factory)
        self._send = send

    def submit(self, kind: JobKind, arguments: Mapping[str, Any] | None = None) -> JobFacts:
        """Ask for work; if the same work waits already, that job is returned."""
        wanted = dict(arguments or {})
        for waiting in self.list_jobs(status=JobStatus.QUEUED, limit=1000):
            if waiting.kind == kind and waiting.arguments == wanted:
                return waiting
        with self._session_factory.begin() as session:
            job = Job(kind=kind, arguments=wanted)
            session.add(job)
            session.flush()
            facts = read_job(job)
        # After the row is stored: a worker that is quick must find it.
        self._tell_workers(facts.job_id)
        return facts

    def get_job(self, job_id: int) -> JobFacts:
        """Return one job.

        Raises:
            JobNotFoundError: no job bears this id.
        """
        with self._session_factory() as session:
            job = session.get(Job, job_id)
            if job is None:
                raise JobNotFoundError(job_id)
            return read_job(job)

    def list_jobs(self, *, status: JobStatus | None = None, limit: int = 50) -> list[JobFacts]:
        """List jobs, the newest first."""
        query = select(Job).order_by(Job.id.desc()).limit(limit)
        if status is not None:
            query = query.where(Job.status == status)
        with self._session_factory() as session:
            return [read_job(job) for job in session.scalars(query)]

    def list_errors(self, job_id: int, *, limit: int = 50, offset: int = 0) -> JobErrorPage:
        """List one page of the files that a job could not do, in the order it met them.

        Raises:
            JobNotFoundError: no job bears this id.
        """
        self.get_job(job_id)
        of_job = select(JobError).where(JobError.job_id == job_id)
        with self._session_factory() as session:
            rows = session.scalars(of_job.order_by(JobError.id).limit(limit).offset(offset))
            errors = tuple(JobErrorFacts(row.where, row.reason, row.track_id) for row in rows)
            n_total = session.scalar(select(func.count()).where(JobError.job_id == job_id)) or 0
        return JobErrorPage(errors, n_total)

    def pause(self, job_id: int) -> JobFacts:
        """Let a job rest; one that runs stops at its next step, what it did stays. One at rest or ended stays as it is.

        Raises:
            JobNotFoundError: no job bears this id.
        """
        self._change(job_id, (JobStatus.QUEUED, JobStatus.RUNNING), status=JobStatus.PAUSED, message="paused")
        return self.get_job(job_id)

    def resume(self, job_id: int) -> JobFacts:
        """Let a paused job wait for a worker again; it goes on from what is stored. Any other stays as it is.

        Raises:
            JobNotFoundError: no job bears this id.
        """
        values: dict[str, Any] = {"status": JobStatus.QUEUED, "message": "waits to go on"}
        if self._change(job_id, (JobStatus.PAUSED,), **values):
            self._tell_workers(job_id)
        return self.get_job(job_id)

    def cancel(self, job_id: int) -> JobFacts:
        """Cancel a job; one that runs stops at its next step, what it did stays. A job that has ended stays as it is.

        Raises:
            JobNotFoundError: no job bears this id.
        """
        open_statuses = (JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.PAUSED)
        values: dict[str, Any] = {"status": JobStatus.CANCELLED, "message": "cancelled", "finished_at": utc_now()}
        self._change(job_id, open_statuses, **values)
        return self.get_job(job_id)

    def retry(self, job_id: int) -> JobFacts:
        """Ask for what a job left undone: its failed files wait again, and a job of the same kind is asked for.

        Returns:
            The new job; the old one and its errors stay as they are.

        Raises:
            JobNotFoundError: no job bears this id.
            JobStateError: the job has not ended, or left nothing undone.
        """
        job = self.get_job(job_id)
        if not job.can_retry:
            state = "left nothing undone" if job.is_final else f"is {job.status}"
            raise JobStateError(job_id, f"expected a job that ended with something left to do, job {job_id} {state}")
        failed = select(JobError.track_id).where(JobError.job_id == job_id, JobError.track_id.is_not(None))
        with self._session_factory.begin() as session:
            track_ids = [track_id for track_id in session.scalars(failed) if track_id is not None]
            for start in range(0, len(track_ids), _MAX_IDS):
                retry_failed(session, track_ids[start : start + _MAX_IDS])
        return self.submit(JobKind(job.kind), job.arguments)

    def _tell_workers(self, job_id: int) -> None:
        if self._send is None:
            return
        try:
            self._send(job_id)
        except QueueUnavailableError as error:
            # The row waits, and every worker looks for rows that wait.
            _LOG.warning("job not sent", job_id=job_id, reason=str(error))
