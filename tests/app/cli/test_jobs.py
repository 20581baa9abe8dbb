from __future__ import annotations

import json
import threading

import pytest

from app.services.job_facts import JobErrorFacts, JobKind
from app.services.jobs import JobService
from tests.factories import add_track


@pytest.fixture
def jobs(sessions):
    return JobService(sessions)


def test_jobs_are_listed_with_their_progress(call, jobs):
    jobs.submit(JobKind.REBUILD)
    run = jobs.start(jobs.submit(JobKind.ANALYZE).job_id, "me")
    jobs.report_progress(run.job_id, 30, 90, "analyzing", run=run, rate_per_s=0.5)

    outcome = call("jobs", "list")

    assert outcome.exit_code == 0, outcome.err
    assert [line.split()[:3] for line in outcome.out.splitlines()] == [
        ["Id", "Kind", "Status"],
        ["2", "analyze", "running"],
        ["1", "rebuild", "queued"],
    ]
    assert "30 of 90, 0.5/s, 2:00 left" in outcome.out


def test_a_job_is_shown_with_the_files_it_could_not_do(call, jobs):
    job_id = jobs.submit(JobKind.ANALYZE).job_id
    jobs.start(job_id)
    jobs.add_errors(job_id, [JobErrorFacts(f"/{n}.mp3", "torn") for n in range(22)])
    jobs.finish(job_id, {}, "0 analyzed, 22 failed")

    outcome = call("jobs", "show", job_id)

    assert outcome.out.splitlines()[:3] == [
        "job 1, analyze: done, 22 failed",
        "0 analyzed, 22 failed",
        "/0.mp3: torn",
    ]
    assert outcome.out.splitlines()[-1] == "and 2 more"


def test_a_job_is_plain_json_too(call, jobs):
    job_id = jobs.submit(JobKind.ANALYZE).job_id

    shown = json.loads(call("jobs", "show", job_id, "--json").out)

    assert (shown["job_id"], shown["status"], shown["errors"]) == (1, "queued", {"errors": [], "n_total": 0})


def test_following_ends_with_the_job(call, jobs):
    run = jobs.start(jobs.submit(JobKind.ANALYZE).job_id)
    ending = threading.Timer(0.2, lambda: jobs.finish(run.job_id, {}, "3 analyzed", run=run))
    ending.start()

    outcome = call("jobs", "show", run.job_id, "--follow")

    ending.join()
    assert outcome.out == "job 1, analyze: done\n3 analyzed\n"


def test_a_job_is_paused_resumed_and_cancelled(call, jobs):
    job_id = jobs.submit(JobKind.ANALYZE).job_id

    said = [call("jobs", command, job_id).out for command in ("pause", "resume", "cancel")]

    assert said == [
        "job 1, analyze: paused\n",
        "job 1, analyze: queued\nwaits to go on\n",
        "job 1, analyze: cancelled\n",
    ]


def test_failed_files_are_retried(call, jobs, sessions):
    with sessions.begin() as session:
        track_id = add_track(session, "a", status="failed", failure_reason="torn", path="/a.mp3").id
    job_id = jobs.submit(JobKind.ANALYZE).job_id
    jobs.start(job_id)
    jobs.add_errors(job_id, [JobErrorFacts("/a.mp3", "torn", track_id)])
    jobs.finish(job_id, {}, "done")

    outcome = call("jobs", "retry", job_id)

    assert outcome.out == "job 2, analyze: queued\n"


@pytest.mark.parametrize("command", ["show", "pause", "resume", "cancel", "retry"])
def test_an_unknown_job_is_an_error(call, jobs, command):
    assert jobs.list_jobs() == []

    outcome = call("jobs", command, 7)

    assert (outcome.exit_code, outcome.err) == (1, "error: no job 7\n")
