"""Write down what an import skips, many rows at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.services.job_facts import JobErrorFacts

if TYPE_CHECKING:
    from app.services.jobs import JobService

# A wrong file of ten million rows must not fill the disk; the report counts all of them.
MAX_KEPT: Final = 100_000
_BATCH_SIZE: Final = 500


class SkipLog:
    """Skipped entries of one job, first kept here, then in its rows; see `flush`."""

    def __init__(self, job_id: int, jobs: JobService) -> None:
        self._job_id = job_id
        self._jobs = jobs
        self._waiting: list[JobErrorFacts] = []
        self._n_kept = 0

    def add(self, where: str, reason: str) -> None:
        """Note one entry; beyond `MAX_KEPT` they are only counted in the import's report."""
        if self._n_kept >= MAX_KEPT:
            return
        self._waiting.append(JobErrorFacts(where, reason))
        self._n_kept += 1
        if len(self._waiting) >= _BATCH_SIZE:
            self.flush()

    def flush(self) -> None:
        """Store what waits."""
        if self._waiting:
            self._jobs.add_errors(self._job_id, self._waiting)
            self._waiting = []
