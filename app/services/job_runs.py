"""The worker's side of a job's row: take it up, be heard of, write down progress and end, notice workers that died."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, func, select, update

from app.services.job_facts import LIVE, JobErrorFacts, JobFacts, read_job
from catalog.database import utc_now
from catalog.models import Job, JobError, JobStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sqlalchemy.orm import Session

    from catalog.database import SessionFactory

# A worker is heard of every few seconds; one silent for this long is gone, with its machine or its network.
STALE_AFTER_S: Final = 60.0
# A job that ends its worker each time, before anything is done, would do so for ever.
MAX_LOST: Final = 3


class JobRuns:
    """Rows as workers see them.

    Wherever a `run` is taken, it is the job as `start` returned it: a worker that was taken for dead, and whose job
    another one has, changes nothing any more.
    """

    def __init__(self, session_factory: SessionFactory) -> None:
        self._session_factory = session_factory

    def start(self, job_id: int, worker: str = "") -> JobFacts | None:
        """Take a job that waits; None if it does not, so that each is started once however often it is sent."""
        with self._session_factory.begin() as session:
            waiting = select(Job).where(Job.id == job_id, Job.status == JobStatus.QUEUED)
            # The lock, or on SQLite the update's own condition, decides between two workers.
            job = session.scalar(waiting.with_for_update())
            if job is None:
                return None
            live = {"worker": worker, "n_lost": read_job(job).n_lost}
            # What never became a track is met again by the import that is repeated.
            forgotten = delete(JobError).where(JobError.job_id == job_id, JobError.track_id.is_(None))
            taken = update(Job).where(Job.id == job_id, Job.status == JobStatus.QUEUED)
            started_at = _read_clock(session)
            values = {"status": JobStatus.RUNNING, "started_at": started_at, "updated_at": started_at, "message": ""}
            result = session.execute(taken.values(**values, n_done=0, n_total=None, report={LIVE: live}))
            if getattr(result, "rowcount", 0) != 1:
                return None
            session.execute(forgotten)
            left = select(func.count()).where(JobError.job_id == job_id).scalar_subquery()
            session.execute(update(Job).where(Job.id == job_id).values(n_failed=left))
        with self._session_factory() as session:
            job = session.get(Job, job_id)
            return None if job is None else read_job(job)

    def beat(self, run: JobFacts) -> bool:
        """Let a running job's worker be heard of; False if the job is no longer its own."""
        return self._change(run.job_id, (JobStatus.RUNNING,), run)

    def report_progress(  # noqa: PLR0913 - one row's columns
        self,
        job_id: int,
        n_done: int,
        n_total: int | None,
        message: str,
        *,
        run: JobFacts | None = None,
        rate_per_s: float | None = None,
    ) -> None:
        """Note how far a running job is."""
        values: dict[str, Any] = {"n_done": n_done, "n_total": n_total, "message": message}
        if run is not None:
            live = {"worker": run.worker, "rate_per_s": rate_per_s, "n_lost": 0 if n_done else run.n_lost}
            values["report"] = {LIVE: live}
        self._change(job_id, (JobStatus.RUNNING,), run, **values)

    def is_running(self, job_id: int, run: JobFacts | None = None) -> bool:
        """Tell whether a job should go on: False once it is paused, cancelled or another worker's."""
        query = select(Job.status).where(Job.id == job_id)
        if run is not None:
            query = query.where(Job.started_at == run.started_at)
        with self._session_factory() as session:
            return session.scalar(query) == JobStatus.RUNNING

    def add_errors(self, job_id: int, errors: Iterable[JobErrorFacts]) -> None:
        """Note files that a job could not do."""
        rows = [JobError(job_id=job_id, where=e.where, reason=e.reason, track_id=e.track_id) for e in errors]
        if not rows:
            return
        with self._session_factory.begin() as session:
            session.add_all(rows)
            session.execute(update(Job).where(Job.id == job_id).values(n_failed=Job.n_failed + len(rows)))

    def finish(self, job_id: int, report: Mapping[str, Any], message: str, *, run: JobFacts | None = None) -> None:
        """Note that a job is done; a cancelled or paused one keeps its status and gets the report of what it did."""
        at_rest = (JobStatus.CANCELLED, JobStatus.PAUSED)
        self._change(job_id, (JobStatus.RUNNING, *at_rest), run, report=dict(report))
        end = {"status": JobStatus.DONE, "message": message, "finished_at": utc_now()}
        self._change(job_id, (JobStatus.RUNNING,), run, **end)

    def fail(self, job_id: int, message: str, *, run: JobFacts | None = None) -> None:
        """Note that a job cannot be done, and why."""
        end = {"status": JobStatus.FAILED, "message": message, "finished_at": utc_now()}
        self._change(job_id, (JobStatus.RUNNING,), run, **end)

    def requeue(self, job_id: int, *, run: JobFacts | None = None) -> None:
        """Let a running job wait again, for its worker ends; it goes on from what is stored."""
        self._change(job_id, (JobStatus.RUNNING,), run, status=JobStatus.QUEUED, message="waits to go on")

    def requeue_lost(
        self, is_dead: Callable[[str], bool] = lambda _worker: False, *, stale_after_s: float = STALE_AFTER_S
    ) -> list[int]:
        """Let jobs whose worker died wait again; return their ids.

        Args:
            is_dead: tells of a worker's name whether it is known to be gone.
            stale_after_s: silence after which any worker is.
        """
        with self._session_factory() as session:
            now = _read_clock(session)
            running = [read_job(job) for job in session.scalars(select(Job).where(Job.status == JobStatus.RUNNING))]
        silent = timedelta(seconds=stale_after_s)
        return [
            run.job_id
            for run in running
            if (is_dead(run.worker) or now - run.updated_at > silent) and self._give_up_on(run)
        ]

    def list_waiting(self) -> list[int]:
        """List the ids of jobs that wait, the oldest first."""
        with self._session_factory() as session:
            return list(session.scalars(select(Job.id).where(Job.status == JobStatus.QUEUED).order_by(Job.id)))

    def _give_up_on(self, run: JobFacts) -> bool:
        """Let a lost run wait again, True, or fail if it was lost too often."""
        n_lost = run.n_lost + 1
        if n_lost >= MAX_LOST:
            self.fail(run.job_id, f"its worker died {n_lost} times before anything was done", run=run)
            return False
        live = {"worker": run.worker, "n_lost": n_lost}
        values = {"status": JobStatus.QUEUED, "message": "waits to go on", "report": {LIVE: live}}
        return self._change(run.job_id, (JobStatus.RUNNING,), run, **values)

    def _change(
        self, job_id: int, from_statuses: tuple[JobStatus, ...], run: JobFacts | None = None, **values: object
    ) -> bool:
        """Change a row only from these statuses, in one statement: page and workers change it at the same time."""
        query = update(Job).where(Job.id == job_id, Job.status.in_(from_statuses))
        if run is not None:
            query = query.where(Job.started_at == run.started_at)
        with self._session_factory.begin() as session:
            result = session.execute(query.values(updated_at=_read_clock(session), **values))
            return int(getattr(result, "rowcount", 0)) == 1


def _read_clock(session: Session) -> datetime:
    """Tell the time by the database's clock where workers on several machines share one."""
    if session.get_bind().dialect.name == "sqlite":
        return utc_now()
    now: datetime = session.scalars(select(func.clock_timestamp())).one()
    return now.astimezone(UTC)
