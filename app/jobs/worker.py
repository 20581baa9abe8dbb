"""The worker: takes jobs from the queue one at a time, and looks for those whose message or worker was lost."""

from __future__ import annotations

import contextlib
import fcntl
import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import structlog
from huey.consumer import Consumer, ConsumerStopped

from app.jobs.running import run_job
from app.services.errors import QueueUnavailableError, WorkerRunningError
from app.services.queue import JobQueue
from catalog.errors import CatalogError
from catalog.process_names import is_known_dead

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from app.services.bulk_runs import BulkRuns
    from app.services.jobs import JobService
    from app.services.library import LibraryService
    from app.settings import Settings

_log = structlog.get_logger(__name__)

_SWEEP_EVERY_S: Final = 5.0
# Longest pause between two looks into the queue: how long a person waits before a job starts.
_MAX_DELAY_S: Final = 0.5


def run_worker(settings: Settings, *, stop: threading.Event | None = None) -> None:
    """Do jobs until SIGTERM, SIGINT or `stop`; then the job under way is stored and waits for the next worker.

    Args:
        settings: where data and database are.
        stop: ends the worker from another thread; signals are heeded in the main thread alone.

    Raises:
        WorkerRunningError: another worker looks after this data folder.
        DatabaseUnavailableError: the database cannot be used.
    """
    from app.bootstrap import build_services  # imported late: it loads models

    services = build_services(settings)
    serve_jobs(
        settings.data_dir,
        services.jobs,
        services.library,
        services.bulk_runs,
        queue_url=settings.queue_url,
        stop=stop,
    )


def serve_jobs(  # noqa: PLR0913 - what jobs need, and two ways to run them
    data_dir: Path,
    jobs: JobService,
    library: LibraryService,
    bulk: BulkRuns,
    *,
    queue_url: str = "",
    stop: threading.Event | None = None,
) -> None:
    """Do jobs for one data folder; see `run_worker`."""
    ending = stop or threading.Event()
    queue = JobQueue(data_dir, lambda job_id: run_job(job_id, jobs, library, bulk, ending.is_set), url=queue_url)
    # A queue in a file has one worker, one on a server any number: the rows keep them apart.
    with contextlib.nullcontext() if queue.is_shared else _alone(data_dir / "worker.lock"):
        try:
            for import_id in library.close_interrupted_imports():
                _log.warning("import was interrupted", import_id=import_id)
            find_lost_work(queue, jobs)
            consumer = _Consumer(queue, jobs, ending)
            consumer.run()
            # Wait for the file under way: its result is stored, nothing is repeated.
            consumer.stop(graceful=True)
        finally:
            queue.close()


def find_lost_work(queue: JobQueue, jobs: JobService) -> None:
    """Send jobs whose worker died, whose message was lost, or whose row was written while the queue could not be.

    Raises:
        QueueUnavailableError: the queue's server does not answer.
    """
    for job_id in jobs.requeue_lost(is_known_dead):
        _log.warning("job lost its worker", job_id=job_id)
    if queue.count() == 0:
        for job_id in jobs.list_waiting():
            queue.send(job_id)


class _Consumer(Consumer):
    """Huey's consumer with one worker thread, ended by an event and by both usual signals."""

    def __init__(self, queue: JobQueue, jobs: JobService, ending: threading.Event) -> None:
        super().__init__(queue.huey, workers=1, periodic=False, max_delay=_MAX_DELAY_S)
        self._queue = queue
        self._jobs = jobs
        self._ending = ending
        self._swept_s = time.monotonic()

    def loop(self, health_check_ts: float | None = None) -> Any:  # noqa: ANN401 - as in Huey
        """Look after the worker thread; called ten times a second."""
        if self._ending.is_set():
            self.stop_flag.set()
            raise ConsumerStopped
        if time.monotonic() - self._swept_s >= _SWEEP_EVERY_S:
            self._sweep()
        return super().loop(health_check_ts)

    def _sweep(self) -> None:
        self._swept_s = time.monotonic()
        try:
            find_lost_work(self._queue, self._jobs)
        except (QueueUnavailableError, CatalogError) as error:
            # Servers come back; until then the job under way goes on.
            _log.warning("queue not looked through", reason=str(error))

    def _set_signal_handlers(self) -> None:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda _number, _frame: self._ending.set())


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold a lock that ends with the process, however it ends.

    Raises:
        WorkerRunningError: another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise WorkerRunningError(f"another worker looks after {str(path.parent)!r} already") from error
        yield
