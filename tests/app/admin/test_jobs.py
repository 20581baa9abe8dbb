from __future__ import annotations

import pytest

from app.jobs.running import run_job
from app.services.job_facts import JobErrorFacts
from app.services.jobs import JobKind
from tests.app.admin.conftest import HTMX
from tests.factories import add_track, write_music


@pytest.fixture
def job(services):
    return services.jobs.submit(JobKind.IMPORT_FOLDER, {"path": "/music/folk"})


def test_without_a_job_the_list_says_what_to_do(client):
    assert "Nothing has been asked for yet" in client.get("/admin/jobs").text


@pytest.mark.usefixtures("job")
def test_a_waiting_job_says_that_it_needs_a_worker(client):
    html = client.get("/admin/jobs/1").text

    assert "Import folk" in html
    assert "emotitune worker" in html


@pytest.mark.usefixtures("job")
def test_a_running_job_shows_how_far_it_is_and_asks_again(client, services):
    services.jobs.start(1)
    services.jobs.report_progress(1, 30, 120, "analyzing")

    html = client.get("/admin/jobs/1", headers=HTMX).text

    assert '<progress value="30" max="120"' in html
    assert "30 of 120 · 25 %" in html
    assert 'hx-trigger="every 1s"' in html
    assert "<html" not in html


@pytest.mark.parametrize("end", ["finish", "fail", "cancel"])
@pytest.mark.usefixtures("job")
def test_a_job_that_has_ended_is_asked_for_no_more(client, services, end):
    services.jobs.start(1)
    {
        "finish": lambda: services.jobs.finish(1, {}, "nothing new"),
        "fail": lambda: services.jobs.fail(1, "the disk is gone"),
        "cancel": lambda: services.jobs.cancel(1),
    }[end]()

    html = client.get("/admin/jobs/1").text

    assert "hx-trigger" not in html
    assert "Cancel</button>" not in html


@pytest.mark.usefixtures("job")
def test_a_failed_job_says_why(client, services):
    services.jobs.start(1)
    services.jobs.fail(1, "expected a folder of music, but '/music/folk' does not exist")

    assert "Expected a folder of music, but &#39;/music/folk&#39; does not exist." in client.get("/admin/jobs/1").text


@pytest.mark.usefixtures("job")
def test_a_job_can_be_cancelled(client, services):
    answer = client.post("/admin/jobs/1/cancel", follow_redirects=True)

    assert services.jobs.get_job(1).status == "cancelled"
    assert "What was done by then stays." in answer.text


@pytest.mark.usefixtures("job")
def test_cancelling_too_late_says_so(client, services):
    services.jobs.start(1)
    services.jobs.finish(1, {}, "nothing new")

    answer = client.post("/admin/jobs/1/cancel", follow_redirects=True)

    assert "Import folk had ended already." in answer.text


def test_a_finished_import_tells_what_came_of_it(client, services, tmp_path):
    folder = tmp_path / "folk"
    write_music(folder / "one.wav", title="One")
    (folder / "two.mp3").write_text("no music")
    job = services.jobs.submit(JobKind.IMPORT_FOLDER, {"path": str(folder)})

    run_job(job.job_id, services.jobs, services.library, services.bulk_runs)
    html = client.get(f"/admin/jobs/{job.job_id}").text

    assert "<dd>1</dd><dt>new</dt>" in html
    assert "<dd>1</dd><dt>analyzed</dt>" in html
    assert "<dd>1</dd><dt>in the index</dt>" in html
    assert "1 file or row could not be done" in html
    assert "two.mp3" in html


def test_waiting_tracks_can_be_analyzed_from_the_jobs(client, services):
    with services.sessions.begin() as session:
        add_track(session, "Moss", path="/music/moss.mp3")

    html = client.get("/admin/jobs").text
    client.post("/admin/jobs", data={"kind": "analyze"})

    assert "Analyze 1 waiting track" in html
    assert services.jobs.get_job(1).kind == "analyze"


@pytest.mark.usefixtures("job")
def test_the_list_refreshes_itself_only_while_something_goes_on(client, services):
    before = client.get("/admin/jobs", headers=HTMX).text
    services.jobs.cancel(1)

    assert "hx-trigger" in before
    assert "hx-trigger" not in client.get("/admin/jobs", headers=HTMX).text


def test_a_job_that_never_was_is_told_where_problems_stand(client):
    answer = client.get("/admin/jobs/99", headers=HTMX)

    assert answer.status_code == 404
    assert answer.headers["HX-Retarget"] == "#problem"
    assert "There is no such job" in answer.text


@pytest.mark.usefixtures("job")
def test_a_job_rests_and_goes_on_as_it_is_told(client, services):
    services.jobs.start(1)

    client.post("/admin/jobs/1/pause")
    paused = client.get("/admin/jobs/1").text
    client.post("/admin/jobs/1/resume")

    assert "Go on</button>" in paused
    assert "Paused" in paused
    assert services.jobs.get_job(1).status == "queued"


def test_what_a_job_could_not_do_is_tried_again_one_by_one_or_as_a_whole(client, services):
    with services.sessions.begin() as session:
        track = add_track(session, "Rust", path="/music/rust.mp3", status="failed", failure_reason="no audio")
        track_id = track.id
    services.jobs.submit(JobKind.ANALYZE)
    services.jobs.start(1)
    services.jobs.add_errors(1, [JobErrorFacts("/music/rust.mp3", "no audio", track_id)])
    services.jobs.finish(1, {}, "done")

    html = client.get("/admin/jobs/1").text
    answer = client.post("/admin/jobs/1/retry")

    assert f'name="track_id" value="{track_id}"' in html
    assert "Try what failed again" in html
    assert answer.location == "/admin/jobs/2"
    assert services.library.get_track(track_id).status == "pending"


@pytest.mark.usefixtures("job")
def test_a_job_under_way_cannot_be_tried_again(client):
    answer = client.post("/admin/jobs/1/retry")

    assert answer.status_code == 409
    assert "Expected a job that ended" in answer.text


@pytest.mark.usefixtures("job")
def test_many_errors_come_page_by_page_and_as_one_file(client, services):
    services.jobs.start(1)
    services.jobs.add_errors(1, [JobErrorFacts(f"row {i}", "no url") for i in range(45)])

    third = client.get("/admin/jobs/1?errors=3").text
    rows = client.get("/admin/jobs/1/errors.csv").text.splitlines()

    assert "row 44" in third
    assert "row 39<" not in third
    assert (len(rows), rows[1]) == (46, "row 0,no url")
