"""What is known of long work, as plain values: for the page, the terminal and the worker alike."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from catalog.models import JobStatus

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from catalog.models import Job

FINAL_STATUSES: Final = frozenset({JobStatus.DONE, JobStatus.FAILED, JobStatus.CANCELLED})
# Where the row's report keeps what only matters while the job runs.
LIVE: Final = "live"


class JobKind(StrEnum):
    """What a job does; each ends with a fresh index."""

    IMPORT = "import"
    IMPORT_FOLDER = "import_folder"
    IMPORT_CSV = "import_csv"
    ANALYZE = "analyze"
    UPGRADE = "upgrade"
    REBUILD = "rebuild"
    EDIT = "edit"
    DELETE = "delete"
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class JobFacts:
    """How far a job has come.

    Attributes:
        arguments: what it was asked for; imports have a `path`, changes of tracks the `group_id` of what they write.
        n_done: what the present step has done since the job was last taken up.
        n_total: what the present step has to do; None while unknown.
        message: what it does at the moment, or why it failed.
        report: what it did, once there is something to tell.
        started_at: when a worker took it up, the last time.
        updated_at: when its worker was last heard of.
        n_failed: files it could not do; `JobService.list_errors` names them.
        rate_per_s: how many it does a second at present; None while unknown.
        worker: who does it, or did; empty if nobody has.
        n_lost: how often its worker died without any progress.
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
    n_failed: int = 0
    rate_per_s: float | None = None
    worker: str = ""
    n_lost: int = 0

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen."""
        return self.status in FINAL_STATUSES

    @property
    def progress(self) -> float | None:
        """Share of the present step that is done, within [0, 1]; None while unknown."""
        if self.status == JobStatus.DONE:
            return 1.0
        return min(1.0, self.n_done / self.n_total) if self.n_total else None

    @property
    def seconds_left(self) -> float | None:
        """Time that the present step still takes at the present rate; None while unknown or at rest."""
        if self.status != JobStatus.RUNNING or not self.rate_per_s or self.n_total is None:
            return None
        return max(0, self.n_total - self.n_done) / self.rate_per_s

    @property
    def can_pause(self) -> bool:
        """Whether it waits or runs."""
        return self.status in {JobStatus.QUEUED, JobStatus.RUNNING}

    @property
    def can_resume(self) -> bool:
        """Whether it is paused."""
        return self.status == JobStatus.PAUSED

    @property
    def can_cancel(self) -> bool:
        """Whether it has not ended yet."""
        return not self.is_final

    @property
    def can_retry(self) -> bool:
        """Whether it ended with something left to do."""
        return self.is_final and (self.status != JobStatus.DONE or self.n_failed > 0)


@dataclass(frozen=True, slots=True)
class JobErrorFacts:
    """A file that a job could not do.

    Attributes:
        where: its path, or its row in a list.
        track_id: None for what never became a track.
    """

    where: str
    reason: str
    track_id: int | None = None


@dataclass(frozen=True, slots=True)
class JobErrorPage:
    """One page of what a job could not do, and how many there are on all pages."""

    errors: tuple[JobErrorFacts, ...]
    n_total: int


def read_job(job: Job) -> JobFacts:
    """Read a row."""
    report = dict(job.report or {})
    live = report.pop(LIVE, {})
    return JobFacts(
        job_id=job.id,
        kind=job.kind,
        arguments=job.arguments,
        status=job.status,
        n_done=job.n_done,
        n_total=job.n_total,
        message=job.message,
        # A job that did nothing has an empty report, one that runs has none yet.
        report=report if report or (job.report is not None and not live) else None,
        created_at=job.created_at,
        started_at=job.started_at,
        updated_at=job.updated_at,
        finished_at=job.finished_at,
        n_failed=job.n_failed,
        rate_per_s=live.get("rate_per_s"),
        worker=live.get("worker", ""),
        n_lost=live.get("n_lost", 0),
    )
