from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from app.services.errors import JobNotFoundError
from app.services.jobs import JobKind, JobService
from catalog.models import JobStatus
from tests.factories import make_database

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = {"path": "/music"}


@pytest.fixture
def sent() -> list[int]:
    return []


@pytest.fixture
def jobs(tmp_path: Path, sent: list[int]) -> JobService:
    return JobService(make_database(tmp_path), sent.append)


def test_a_job_waits_and_is_sent_to_a_worker(jobs: JobService, sent: list[int]):
    job = jobs.submit(JobKind.IMPORT_FOLDER, FOLDER)

    assert (job.kind, job.arguments, job.status, job.n_done, job.n_total) == (
        "import_folder",
        FOLDER,
        "queued",
        0,
        None,
    )
    assert (sent, job.is_final, job.report) == ([job.job_id], False, None)


def test_the_same_work_waits_once(jobs: JobService, sent: list[int]):
    first, again = jobs.submit(JobKind.IMPORT_FOLDER, FOLDER), jobs.submit(JobKind.IMPORT_FOLDER, dict(FOLDER))
    other = jobs.submit(JobKind.IMPORT_FOLDER, {"path": "/more"})

    assert first.job_id == again.job_id != other.job_id
    assert sent == [first.job_id, other.job_id]


def test_work_under_way_may_be_asked_for_again(jobs: JobService):
    first = jobs.submit(JobKind.REBUILD)
    jobs.start(first.job_id)

    # What changed since it started would be missed otherwise.
    assert jobs.submit(JobKind.REBUILD).job_id != first.job_id


def test_a_job_goes_from_waiting_to_done(jobs: JobService):
    job_id = jobs.submit(JobKind.ANALYZE).job_id

    started = jobs.start(job_id)
    jobs.report_progress(job_id, 3, 10, "analyzing")
    under_way = jobs.get_job(job_id)
    jobs.finish(job_id, {"analysis": {"n_analyzed": 10}}, "10 analyzed")
    done = jobs.get_job(job_id)

    assert started is not None
    assert (started.status, started.started_at is not None) == ("running", True)
    assert (under_way.n_done, under_way.n_total, under_way.message) == (3, 10, "analyzing")
    assert (done.status, done.message, done.report) == ("done", "10 analyzed", {"analysis": {"n_analyzed": 10}})
    assert (done.is_final, done.finished_at is not None) == (True, True)


def test_a_failed_job_says_why(jobs: JobService):
    job_id = jobs.submit(JobKind.ANALYZE).job_id
    jobs.start(job_id)

    jobs.fail(job_id, "the disk is full")

    job = jobs.get_job(job_id)
    assert (job.status, job.message, job.is_final) == ("failed", "the disk is full", True)


def test_a_job_is_started_once_however_often_it_is_sent(jobs: JobService):
    job_id = jobs.submit(JobKind.ANALYZE).job_id

    with ThreadPoolExecutor(4) as pool:
        started = [job for job in pool.map(jobs.start, [job_id] * 4) if job is not None]

    assert len(started) == 1


def test_a_job_that_waits_is_cancelled_for_good(jobs: JobService):
    job_id = jobs.submit(JobKind.ANALYZE).job_id

    cancelled = jobs.cancel(job_id)

    assert (cancelled.status, cancelled.is_final) == ("cancelled", True)
    assert jobs.start(job_id) is None


def test_a_running_job_that_is_cancelled_keeps_its_report(jobs: JobService):
    job_id = jobs.submit(JobKind.ANALYZE).job_id
    jobs.start(job_id)

    jobs.cancel(job_id)
    jobs.report_progress(job_id, 9, 9, "too late")
    jobs.finish(job_id, {"n": 3}, "done")

    job = jobs.get_job(job_id)
    assert (job.status, job.message, job.report, job.n_done) == ("cancelled", "cancelled", {"n": 3}, 0)
    assert jobs.is_running(job_id) is False


@pytest.mark.parametrize("end", ["finish", "fail"])
def test_a_job_that_has_ended_cannot_be_cancelled(jobs: JobService, end: str):
    job_id = jobs.submit(JobKind.ANALYZE).job_id
    jobs.start(job_id)
    jobs.finish(job_id, {}, "done") if end == "finish" else jobs.fail(job_id, "no")
    before = jobs.get_job(job_id)

    assert jobs.cancel(job_id) == before


def test_jobs_that_a_crash_left_running_wait_again(jobs: JobService):
    crashed, waiting, done = (jobs.submit(JobKind.ANALYZE, {"n": n}).job_id for n in range(3))
    jobs.start(crashed)
    jobs.start(done)
    jobs.finish(done, {}, "")

    assert jobs.find_again() == [crashed, waiting]
    assert jobs.get_job(crashed).status == "queued"


def test_a_requeued_job_can_be_started_again(jobs: JobService):
    job_id = jobs.submit(JobKind.ANALYZE).job_id
    jobs.start(job_id)

    jobs.requeue(job_id)

    assert jobs.start(job_id) is not None


def test_jobs_are_listed_newest_first(jobs: JobService):
    ids = [jobs.submit(JobKind.ANALYZE, {"n": n}).job_id for n in range(4)]
    jobs.start(ids[0])

    assert [job.job_id for job in jobs.list_jobs(limit=2)] == [ids[3], ids[2]]
    assert [job.job_id for job in jobs.list_jobs(status=JobStatus.RUNNING)] == [ids[0]]
    assert jobs.list_waiting() == ids[1:]


def test_unknown_jobs_are_refused(jobs: JobService):
    with pytest.raises(JobNotFoundError, match="no job 7"):
        jobs.get_job(7)
    with pytest.raises(JobNotFoundError, match="no job 7"):
        jobs.cancel(7)
    assert jobs.start(7) is None
    assert jobs.is_running(7) is False


def test_without_a_queue_jobs_still_wait(tmp_path: Path):
    jobs = JobService(make_database(tmp_path))

    assert jobs.submit(JobKind.REBUILD).status == "queued"
