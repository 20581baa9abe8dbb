"""The queue between those who ask for long work and the worker that does it: a file of its own beside the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from huey import SqliteHuey

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class JobQueue:
    """Carry the ids of jobs to a worker; what there is to do, and how far it is, stands in the job's row.

    A message may be lost or come twice: the worker looks for jobs that wait, and starts each one once.

    Args:
        data_dir: the folder that holds the queue's file, made where missing.
        run_job: what the worker does with an id; None in a process that only asks for work.
    """

    def __init__(self, data_dir: Path, run_job: Callable[[int], None] | None = None) -> None:
        data_dir.mkdir(parents=True, exist_ok=True)
        self._run_job = run_job
        # Results would pile up unread: the job's row holds them.
        self.huey: Any = SqliteHuey(
            "emotitune", filename=str(data_dir / "queue.db"), results=False, journal_mode="wal", timeout=10
        )
        self._send = self.huey.task(name="run_job")(self._receive)

    def send(self, job_id: int) -> None:
        """Put a job's id at the end of the queue."""
        self._send(job_id)

    def count(self) -> int:
        """Count the messages that wait."""
        return int(self.huey.pending_count())

    def clear(self) -> None:
        """Drop all messages."""
        self.huey.flush()

    def _receive(self, job_id: int) -> None:
        if self._run_job is None:
            raise RuntimeError("this process only asks for work; a worker opens the queue with run_job")
        self._run_job(job_id)
