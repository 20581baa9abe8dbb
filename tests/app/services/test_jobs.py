from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from app.services.errors import JobNotFoundError, JobStateError, QueueUnavailableError
from app.services.job_facts import JobErrorFacts, JobKind
from app.services.jobs import JobService
from catalog.models import JobStatus
from catalog.queries import get_track
from tests.factories import add_track, make_database

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


def test_a_job_whose_worker_is_known_to_be_dead_waits_again(jobs: JobService):
    lost, alive, done = (jobs.submit(JobKind.ANALYZE, {"n": n}).job_id for n in range(3))
    jobs.start(lost, "dead")
    jobs.start(alive, "alive")
    jobs.start(done, "dead")
    jobs.finish(done, {}, "")

    assert jobs.requeue_lost(lambda worker: worker == "dead") == [lost]
    assert [jobs.get_job(job_id).status for job_id in (lost, alive, done)] == ["queued", "running", "done"]


def test_a_job_whose_worker_fell_silent_waits_again(jobs: JobService):
    job_id = jobs.submit(JobKind.ANALYZE).job_id
    jobs.start(job_id, "elsewhere")

    assert jobs.requeue_lost(stale_after_s=60.0) == []
    assert jobs.requeue_lost(stale_after_s=-1.0) == [job_id]


def test_a_heartbeat_is_news(jobs: JobService):
    job_id = jobs.submit(JobKind.ANALYZE).job_id
    run = jobs.start(job_id, "me")
    assert run is not None

    heard = jobs.beat(run)

    assert heard
    assert jobs.get_job(job_id).updated_at > run.updated_at


def test_a_worker_that_was_taken_for_dead_changes_nothing_any_more(jobs: JobService):
    job_id = jobs.submit(JobKind.ANALYZE).job_id
    first = jobs.start(job_id, "slow")
    jobs.requeue_lost(stale_after_s=-1.0)
    second = jobs.start(job_id, "quick")
    assert first is not None
    assert second is not None

    jobs.report_progress(job_id, 9, 9, "mine", run=first)
    jobs.finish(job_id, {"n": 1}, "done", run=first)
    jobs.fail(job_id, "no", run=first)
    jobs.requeue(job_id, run=first)

    assert jobs.get_job(job_id) == second
    assert (jobs.beat(first), jobs.is_running(job_id, first)) == (False, False)
    assert (jobs.beat(second), jobs.is_running(job_id, second)) == (True, True)


def test_a_job_that_ends_its_worker_each_time_fails(jobs: JobService):
    job_id = jobs.submit(JobKind.REBUILD).job_id

    for _ in range(3):
        jobs.start(job_id, "me")
        jobs.requeue_lost(stale_after_s=-1.0)

    job = jobs.get_job(job_id)
    assert (job.status, job.message) == ("failed", "its worker died 3 times before anything was done")


def test_progress_forgives_lost_workers(jobs: JobService):
    job_id = jobs.submit(JobKind.ANALYZE).job_id

    for _ in range(5):
        run = jobs.start(job_id, "me")
        jobs.report_progress(job_id, 1, 9, "analyzing", run=run)
        jobs.requeue_lost(stale_after_s=-1.0)

    assert jobs.get_job(job_id).status == "queued"


def test_progress_rate_and_time_left_are_told(jobs: JobService):
    job_id = jobs.submit(JobKind.ANALYZE).job_id
    run = jobs.start(job_id, "me")

    jobs.report_progress(job_id, 25, 100, "analyzing", run=run, rate_per_s=1.5)

    job = jobs.get_job(job_id)
    assert (job.progress, job.rate_per_s, job.seconds_left, job.worker, job.report) == (0.25, 1.5, 50.0, "me", None)


def test_nothing_is_told_that_is_not_known(jobs: JobService):
    job_id = jobs.submit(JobKind.ANALYZE).job_id
    jobs.start(job_id)

    jobs.report_progress(job_id, 25, None, "importing")

    job = jobs.get_job(job_id)
    assert (job.progress, job.rate_per_s, job.seconds_left) == (None, None, None)


def test_a_paused_job_rests_until_it_is_resumed(jobs: JobService, sent: list[int]):
    job_id = jobs.submit(JobKind.ANALYZE).job_id
    run = jobs.start(job_id)

    paused = jobs.pause(job_id)
    jobs.finish(job_id, {"n": 3}, "done", run=run)
    rested = jobs.get_job(job_id)
    resumed = jobs.resume(job_id)

    assert (paused.status, paused.can_resume, paused.can_pause, paused.is_final) == ("paused", True, False, False)
    assert (rested.status, rested.report) == ("paused", {"n": 3})
    assert (resumed.status, sent) == ("queued", [job_id, job_id])
    assert jobs.start(job_id) is not None


def test_pause_and_resume_leave_others_as_they_are(jobs: JobService):
    job_id = jobs.submit(JobKind.ANALYZE).job_id
    jobs.start(job_id)
    jobs.finish(job_id, {}, "done")
    before = jobs.get_job(job_id)

    assert jobs.pause(job_id) == jobs.resume(job_id) == before


def test_a_paused_job_can_be_cancelled(jobs: JobService):
    job_id = jobs.submit(JobKind.ANALYZE).job_id
    jobs.pause(job_id)

    assert jobs.cancel(job_id).status == "cancelled"


def test_errors_are_listed_page_by_page(jobs: JobService):
    job_id = jobs.submit(JobKind.ANALYZE).job_id
    jobs.add_errors(job_id, [JobErrorFacts(f"/{n}.mp3", "torn", n) for n in range(5)])
    jobs.add_errors(job_id, [])

    page = jobs.list_errors(job_id, limit=2, offset=3)

    assert [error.where for error in page.errors] == ["/3.mp3", "/4.mp3"]
    assert (page.n_total, jobs.get_job(job_id).n_failed) == (5, 5)


def test_a_job_taken_up_again_keeps_errors_of_tracks_and_forgets_those_it_will_meet_again(jobs: JobService):
    job_id = jobs.submit(JobKind.IMPORT_FOLDER, FOLDER).job_id
    run = jobs.start(job_id)
    jobs.add_errors(job_id, [JobErrorFacts("/a.txt", "no music"), JobErrorFacts("/b.mp3", "torn", 2)])
    jobs.requeue(job_id, run=run)

    jobs.start(job_id)

    assert [error.where for error in jobs.list_errors(job_id).errors] == ["/b.mp3"]
    assert jobs.get_job(job_id).n_failed == 1


def test_retrying_lets_failed_tracks_wait_and_asks_for_the_same_work(tmp_path: Path):
    sessions = make_database(tmp_path)
    jobs = JobService(sessions)
    with sessions.begin() as session:
        failed = add_track(session, "a", status="failed", failure_reason="torn", path="/a.mp3").id
        other = add_track(session, "b", status="failed", failure_reason="torn", path="/b.mp3").id
    job_id = jobs.submit(JobKind.ANALYZE).job_id
    jobs.start(job_id)
    jobs.add_errors(job_id, [JobErrorFacts("/a.mp3", "torn", failed)])
    jobs.finish(job_id, {}, "done")

    again = jobs.retry(job_id)

    assert (again.job_id != job_id, again.kind, again.status) == (True, "analyze", "queued")
    with sessions() as session:
        assert [get_track(session, track_id).status for track_id in (failed, other)] == ["pending", "failed"]


@pytest.mark.parametrize(
    ("status", "expected"), [("running", "job 1 is running"), ("done", "job 1 left nothing undone")]
)
def test_only_what_was_left_undone_can_be_retried(jobs: JobService, status: str, expected: str):
    job_id = jobs.submit(JobKind.ANALYZE).job_id
    jobs.start(job_id)
    if status == "done":
        jobs.finish(job_id, {}, "done")

    with pytest.raises(JobStateError, match=expected):
        jobs.retry(job_id)


def test_work_that_cannot_be_sent_still_waits(tmp_path: Path):
    def refuse(_job_id: int) -> None:
        raise QueueUnavailableError("the queue does not answer")

    jobs = JobService(make_database(tmp_path), refuse)

    assert jobs.submit(JobKind.REBUILD).status == "queued"


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
