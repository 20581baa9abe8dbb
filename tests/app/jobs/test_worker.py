from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.jobs import worker
from app.jobs.worker import find_lost_work, run_worker, serve_jobs
from app.services.bulk_runs import BulkRuns
from app.services.errors import WorkerRunningError
from app.services.jobs import JobKind, JobService
from app.services.library import LibraryService
from app.services.queue import JobQueue
from app.settings import Settings
from catalog.process_names import name_this_process
from tests.analyzers import analyze_by_name, analyze_slowly
from tests.factories import add_track, make_database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.services.analysis_pool import Analyzer
    from catalog.database import SessionFactory

ROOT = Path(worker.__file__).parents[2]
PATIENCE_S = 120.0
PRINT_NAME = "from catalog.process_names import name_this_process; print(name_this_process())"


@pytest.fixture
def sessions(tmp_path: Path) -> SessionFactory:
    return make_database(tmp_path)


@contextmanager
def _worker(
    sessions: SessionFactory, data_dir: Path, analyzer: Analyzer = analyze_by_name, queue_url: str = ""
) -> Iterator[JobService]:
    """Run a worker beside the test."""
    queue = JobQueue(data_dir, url=queue_url)
    jobs = JobService(sessions, queue.send)
    ending = threading.Event()
    library = LibraryService(sessions, data_dir, analyzer=analyzer)
    thread = threading.Thread(
        target=serve_jobs,
        args=(data_dir, JobService(sessions), library, BulkRuns(sessions)),
        kwargs={"stop": ending, "queue_url": queue_url},
    )
    thread.start()
    try:
        yield jobs
    finally:
        ending.set()
        thread.join(PATIENCE_S)
        queue.close()
        assert not thread.is_alive()


@contextmanager
def _worker_process(data_dir: Path, database_url: str = "", queue_url: str = "") -> Iterator[subprocess.Popen[bytes]]:
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    program = ROOT / "tests" / "app" / "jobs" / "jobs_program.py"
    environment = {**os.environ, "PYTHONPATH": path}
    database_url = database_url or f"sqlite:///{data_dir / 'catalog.db'}"
    process = subprocess.Popen([sys.executable, str(program), str(data_dir), database_url, queue_url], env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _wait_until(is_true: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not is_true():
        assert time.monotonic() < deadline_s, "waited in vain"
        time.sleep(0.02)


def _add_waiting(sessions: SessionFactory, folder: Path, n_tracks: int) -> None:
    with sessions.begin() as session:
        for number in range(n_tracks):
            path = folder / f"{number}.mp3"
            path.write_bytes(b"x")
            add_track(session, str(number), path=str(path))


def test_a_worker_does_what_is_asked_for_while_it_runs(sessions: SessionFactory, tmp_path: Path):
    _add_waiting(sessions, tmp_path, 3)

    with _worker(sessions, tmp_path) as jobs:
        job_id = jobs.submit(JobKind.ANALYZE).job_id
        _wait_until(lambda: jobs.get_job(job_id).is_final)

    assert jobs.get_job(job_id).message == "3 analyzed, 0 failed, 0 missing; 3 in the index"


def test_a_worker_does_what_was_asked_for_before_it_started(sessions: SessionFactory, tmp_path: Path):
    queue = JobQueue(tmp_path)
    jobs = JobService(sessions, queue.send)
    job_ids = [jobs.submit(kind).job_id for kind in (JobKind.ANALYZE, JobKind.REBUILD)]

    with _worker(sessions, tmp_path):
        _wait_until(lambda: all(jobs.get_job(job_id).is_final for job_id in job_ids))

    queue.close()
    assert [jobs.get_job(job_id).status for job_id in job_ids] == ["done", "done"]


def test_a_job_whose_message_was_lost_is_found(
    sessions: SessionFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(worker, "_SWEEP_EVERY_S", 0.1)

    with _worker(sessions, tmp_path):
        silent = JobService(sessions)
        job_id = silent.submit(JobKind.REBUILD).job_id
        _wait_until(lambda: silent.get_job(job_id).is_final)

    assert silent.get_job(job_id).status == "done"


def test_a_job_that_a_crash_left_running_is_done_by_the_next_worker(sessions: SessionFactory, tmp_path: Path):
    jobs = JobService(sessions)
    job_id = jobs.submit(JobKind.REBUILD).job_id
    dead = subprocess.run([sys.executable, "-c", PRINT_NAME], capture_output=True, text=True, check=True, cwd=ROOT)
    jobs.start(job_id, dead.stdout.strip())

    with _worker(sessions, tmp_path):
        _wait_until(lambda: jobs.get_job(job_id).is_final)

    assert jobs.get_job(job_id).status == "done"


def test_a_job_whose_worker_lives_is_left_to_it(sessions: SessionFactory, tmp_path: Path):
    jobs = JobService(sessions)
    job_id = jobs.submit(JobKind.REBUILD).job_id
    jobs.start(job_id, name_this_process())
    queue = JobQueue(tmp_path)

    find_lost_work(queue, jobs)

    assert (jobs.get_job(job_id).status, queue.count()) == ("running", 0)
    queue.close()


def test_two_workers_of_a_shared_queue_do_each_job_once(sessions: SessionFactory, tmp_path: Path, redis_url: str):
    _add_waiting(sessions, tmp_path, 20)

    with (
        _worker(sessions, tmp_path, analyze_slowly, redis_url) as jobs,
        _worker(sessions, tmp_path, analyze_slowly, redis_url),
    ):
        job_ids = [jobs.submit(JobKind.ANALYZE, {"n": n}).job_id for n in range(2)]
        for job_id in job_ids:
            jobs._send(job_id)
        _wait_until(lambda: all(jobs.get_job(job_id).is_final for job_id in job_ids))

    reports = [jobs.get_job(job_id).report for job_id in job_ids]
    n_analyzed = [report["analysis"]["n_analyzed"] for report in reports]
    # Both had a share; now and then a file was under way in both.
    assert min(n_analyzed) > 0
    assert 20 <= sum(n_analyzed) < 30


def test_a_running_job_is_cancelled_from_outside(sessions: SessionFactory, tmp_path: Path):
    _add_waiting(sessions, tmp_path, 200)

    with _worker(sessions, tmp_path, analyze_slowly) as jobs:
        job_id = jobs.submit(JobKind.ANALYZE).job_id
        _wait_until(lambda: jobs.get_job(job_id).n_done > 0)
        jobs.cancel(job_id)
        _wait_until(lambda: jobs.get_job(job_id).report is not None)

    report = jobs.get_job(job_id).report
    assert report is not None
    assert 0 < report["analysis"]["n_analyzed"] < 200


def test_a_data_folder_has_one_worker(sessions: SessionFactory, tmp_path: Path):
    with _worker(sessions, tmp_path) as jobs:
        job_id = jobs.submit(JobKind.REBUILD).job_id
        _wait_until(lambda: jobs.get_job(job_id).is_final)

        with pytest.raises(WorkerRunningError, match="another worker looks after"):
            serve_jobs(tmp_path, jobs, LibraryService(sessions, tmp_path), BulkRuns(sessions))


def test_the_worker_of_an_installation_ends_when_asked(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'catalog.db'}"
    jobs = JobService(make_database(tmp_path))
    job_id = jobs.submit(JobKind.REBUILD).job_id
    ending = threading.Event()
    settings = Settings(data_dir=tmp_path, database_url=url)
    thread = threading.Thread(target=run_worker, args=(settings,), kwargs={"stop": ending})

    thread.start()
    _wait_until(lambda: jobs.get_job(job_id).is_final)
    ending.set()
    thread.join(PATIENCE_S)

    assert (thread.is_alive(), jobs.get_job(job_id).status) == (False, "done")


@pytest.mark.slow
def test_killing_a_worker_loses_nothing_and_repeats_at_most_one_file(
    session_factory: SessionFactory, database_url: str, tmp_path: Path
):
    _add_waiting(session_factory, tmp_path, 30)
    library = LibraryService(session_factory, tmp_path)
    jobs = JobService(session_factory)
    job_id = jobs.submit(JobKind.ANALYZE).job_id

    with _worker_process(tmp_path, database_url) as process:
        _wait_until(lambda: library.count_by_status()["analyzed"] >= 3)
        process.send_signal(signal.SIGKILL)
        process.wait()
    n_stored = library.count_by_status()["analyzed"]
    status_after_kill = jobs.get_job(job_id).status
    with _worker_process(tmp_path, database_url):
        _wait_until(lambda: jobs.get_job(job_id).is_final)

    report = jobs.get_job(job_id).report
    assert status_after_kill == "running"
    assert report is not None
    # Nothing that was stored is analyzed again, only what was under way; a server may end a commit after its client.
    assert report["analysis"]["n_analyzed"] in {30 - n_stored, 30 - n_stored - 1}
    assert report["index"] == {"n_indexed": 30}


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_told_to_end_stores_the_file_under_way_and_leaves_the_job_waiting(
    sessions: SessionFactory, tmp_path: Path, number: signal.Signals
):
    _add_waiting(sessions, tmp_path, 200)
    library = LibraryService(sessions, tmp_path)
    jobs = JobService(sessions)
    job_id = jobs.submit(JobKind.ANALYZE).job_id

    with _worker_process(tmp_path) as process:
        _wait_until(lambda: library.count_by_status()["analyzed"] >= 2)
        process.send_signal(number)
        exit_code = process.wait(PATIENCE_S)

    assert exit_code == 0
    assert (jobs.get_job(job_id).status, jobs.get_job(job_id).message) == ("queued", "waits to go on")
