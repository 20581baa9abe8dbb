"""Long work as rows: asked for by anyone, done by a worker, watched and cancelled by anyone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select, update

from app.services.errors import JobNotFoundError
from catalog.database import utc_now
from catalog.models import Job, JobStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from catalog.database import SessionFactory

FINAL_STATUSES: Final = frozenset({JobStatus.DONE, JobStatus.FAILED, JobStatus.CANCELLED})


class JobKind(StrEnum):
    """What a job does; each ends with a fresh index."""

    IMPORT_FOLDER = "import_folder"
    IMPORT_CSV = "import_csv"
    ANALYZE = "analyze"
    REBUILD = "rebuild"


@dataclass(frozen=True, slots=True)
class JobFacts:
    """How far a job has come.

    Attributes:
        arguments: what it was asked for; imports have a `path`.
        n_total: None while unknown.
        message: what it does at the moment, or why it failed.
        report: what it did, once there is something to tell.
    """

    job_id: int
    kind: str
    arguments: Mapping[str, Any]
    status: str
    n_done: int
    n_total: int | None
    message: str
    report: Mapping[str, Any] | None
    created_at: datetime
    started_at: datetime | None
    updated_at: datetime
    finished_at: datetime | None

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen."""
        return self.status in FINAL_STATUSES


class JobService:
    """Ask for long work, watch it, and keep its rows.

    Args:
        session_factory: where the rows are.
        send: puts a job's id before a worker; None leaves it to the next worker that looks for jobs.
    """

    def __init__(self, session_factory: SessionFactory, send: Callable[[int], None] | None = None) -> None:
        self._session_factory = session_factory
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
            facts = _to_facts(job)
        # After the row is stored: a worker that is quick must find it.
        if self._send is not None:
            self._send(facts.job_id)
        return facts

    def get_job(self, job_id: int) -> JobFacts:
        """Return one job.

        Raises:
            JobNotFoundError: no job bears this id.
        """
        with self._session_factory() as session:
            return _to_facts(_get(session, job_id))

    def list_jobs(self, *, status: JobStatus | None = None, limit: int = 50) -> list[JobFacts]:
        """List jobs, the newest first."""
        query = select(Job).order_by(Job.id.desc()).limit(limit)
        if status is not None:
            query = query.where(Job.status == status)
        with self._session_factory() as session:
            return [_to_facts(job) for job in session.scalars(query)]

    def cancel(self, job_id: int) -> JobFacts:
        """Cancel a job; one that runs stops at its next step, what it did stays. A job that has ended stays as it is.

        Raises:
            JobNotFoundError: no job bears this id.
        """
        self._change(
            job_id,
            (JobStatus.QUEUED, JobStatus.RUNNING),
            status=JobStatus.CANCELLED,
            message="cancelled",
            finished_at=utc_now(),
        )
        return self.get_job(job_id)

    def start(self, job_id: int) -> JobFacts | None:
        """Take a job that waits; None if it does not, so that each is started once however often it is sent."""
        values = {"status": JobStatus.RUNNING, "started_at": utc_now(), "message": "", "n_done": 0, "n_total": None}
        return self.get_job(job_id) if self._change(job_id, (JobStatus.QUEUED,), **values) else None

    def report_progress(self, job_id: int, n_done: int, n_total: int | None, message: str) -> None:
        """Note how far a running job is."""
        self._change(job_id, (JobStatus.RUNNING,), n_done=n_done, n_total=n_total, message=message)

    def is_running(self, job_id: int) -> bool:
        """Tell whether a job should go on: False once it is cancelled."""
        with self._session_factory() as session:
            return session.scalar(select(Job.status).where(Job.id == job_id)) == JobStatus.RUNNING

    def finish(self, job_id: int, report: Mapping[str, Any], message: str) -> None:
        """Note that a job is done; a cancelled one keeps its status and gets the report of what it did."""
        self._change(job_id, (JobStatus.RUNNING, JobStatus.CANCELLED), report=dict(report))
        self._change(job_id, (JobStatus.RUNNING,), status=JobStatus.DONE, message=message, finished_at=utc_now())

    def fail(self, job_id: int, message: str) -> None:
        """Note that a job cannot be done, and why."""
        self._change(job_id, (JobStatus.RUNNING,), status=JobStatus.FAILED, message=message, finished_at=utc_now())

    def requeue(self, job_id: int) -> None:
        """Let a running job wait again, for its worker ends; it goes on from what is stored."""
        self._change(job_id, (JobStatus.RUNNING,), status=JobStatus.QUEUED, message="waits to go on")

    def find_again(self) -> list[int]:
        """Let jobs that a crash left running wait again; return the ids of all that wait, the oldest first.

        Only for a worker that knows itself to be alone.
        """
        interrupted = update(Job).where(Job.status == JobStatus.RUNNING)
        with self._session_factory.begin() as session:
            session.execute(interrupted.values(status=JobStatus.QUEUED, message="waits to go on"))
        return self.list_waiting()

    def list_waiting(self) -> list[int]:
        """List the ids of jobs that wait, the oldest first."""
        with self._session_factory() as session:
            return list(session.scalars(select(Job.id).where(Job.status == JobStatus.QUEUED).order_by(Job.id)))

    def _change(self, job_id: int, from_statuses: tuple[JobStatus, ...], **values: object) -> bool:
        """Change a row only from these statuses, in one statement: page and worker change it at the same time."""
        query = update(Job).where(Job.id == job_id, Job.status.in_(from_statuses))
        with self._session_factory.begin() as session:
            result = session.execute(query.values(updated_at=utc_now(), **values))
            return int(getattr(result, "rowcount", 0)) == 1


def _get(session: Session, job_id: int) -> Job:
    job = session.get(Job, job_id)
    if job is None:
        raise JobNotFoundError(job_id)
    return job


def _to_facts(job: Job) -> JobFacts:
    return JobFacts(
        job_id=job.id,
        kind=job.kind,
        arguments=job.arguments,
        status=job.status,
        n_done=job.n_done,
        n_total=job.n_total,
        message=job.message,
        report=job.report,
        created_at=job.created_at,
        started_at=job.started_at,
        updated_at=job.updated_at,
        finished_at=job.finished_at,
    )
