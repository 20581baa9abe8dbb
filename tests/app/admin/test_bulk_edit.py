from __future__ import annotations

import pytest

from app.factory import create_app
from app.jobs.running import run_job
from tests.app.admin.admin_services import EMAIL, PASSWORD, close, make_admin_services
from tests.factories import add_track


@pytest.fixture
def track_ids(services):
    with services.sessions.begin() as session:
        return [add_track(session, f"Piece {i}", genre="Jazz" if i else None, year=1990).id for i in range(3)]


def read(services, track_id):
    track = services.library.get_track(track_id)
    return track.genre, track.year


def test_chosen_tracks_are_named_before_they_are_edited(client, track_ids):
    html = client.get("/admin/tracks/edit", query_string={"track_id": track_ids[:2]}).text

    assert "Edit 2 tracks" in html
    assert "Piece 0" in html
    assert "Piece 2" not in html


def test_fields_are_set_and_cleared_and_tags_added_on_all_chosen(client, services, track_ids):
    data = {
        "track_id": track_ids[:2],
        "genre": "Swing",
        "clear": ["year"],
        "add_kind": "mood",
        "add_tags": "Bright, live ,",
        "back": "/admin/tracks?q=piece",
    }

    answer = client.post("/admin/tracks/edit", data=data, follow_redirects=True)

    assert answer.request.full_path == "/admin/tracks?q=piece"
    assert "2 tracks changed." in answer.text
    assert [read(services, track_id) for track_id in track_ids] == [("Swing", None), ("Swing", None), ("Jazz", 1990)]
    assert services.curation.count_tags() == [("mood", "bright", 2), ("mood", "live", 2)]


def test_all_that_a_filter_finds_is_edited_and_taken_back(client, services, track_ids):
    data = {"all": "1", "filter": "genre=Jazz", "n_shown": "2", "genre": "Swing", "back": "/admin/tracks"}
    client.post("/admin/tracks/edit", data=data)
    edited = [read(services, track_id)[0] for track_id in track_ids]
    group_id = services.curation.list_changes(limit=1).changes[0].group_id

    client.post("/admin/undo", data={"group_id": group_id})

    assert edited == [None, "Swing", "Swing"]
    assert [read(services, track_id)[0] for track_id in track_ids] == [None, "Jazz", "Jazz"]


def test_tracks_that_came_meanwhile_are_not_edited_unseen(client, services, track_ids):
    data = {"all": "1", "filter": "genre=Jazz", "n_shown": "1", "genre": "Swing"}

    answer = client.post("/admin/tracks/edit", data=data)

    assert answer.status_code == 409
    assert "1 track were found before, 2 are now" in answer.text or "2 are now" in answer.text
    assert read(services, track_ids[1])[0] == "Jazz"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"year": "soon", "genre": "Swing"}, "Year: expected a number from 1500 to 2100"),
        ({"add_tags": "x", "add_kind": "smell"}, "Tags: expected a kind among mood"),
        ({}, "Nothing is filled in that could be changed."),
    ],
)
def test_a_change_that_cannot_be_made_says_why_and_changes_nothing(client, services, track_ids, change, problem):
    answer = client.post("/admin/tracks/edit", data={"track_id": track_ids, **change})

    assert answer.status_code == 422
    assert problem in answer.text
    assert services.curation.list_changes().n_total == 0


@pytest.mark.usefixtures("track_ids")
def test_without_a_selection_the_list_says_so(client):
    answer = client.get("/admin/tracks/edit", follow_redirects=True)

    assert "Select the tracks to edit first." in answer.text


def test_many_tracks_are_edited_by_a_job_which_offers_the_undo(tmp_path, migrated):
    services = make_admin_services(tmp_path, migrated, max_at_once=2)
    with services.sessions.begin() as session:
        ids = [add_track(session, f"Piece {i}", genre="Jazz").id for i in range(3)]
    app = create_app(services)
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    client.post("/admin/login", data={"email": EMAIL, "password": PASSWORD})

    form = client.get("/admin/tracks/edit", query_string={"track_id": ids}).text
    waiting = client.post("/admin/tracks/edit", data={"track_id": ids, "genre": "Folk"}, follow_redirects=True)
    group_id = services.jobs.get_job(1).arguments["group_id"]
    too_early = client.post("/admin/undo", data={"group_id": group_id})
    run_job(1, services.jobs, services.library, services.bulk_runs)
    done = client.get("/admin/jobs/1").text
    undoing = client.post("/admin/undo", data={"group_id": group_id}, follow_redirects=True)
    run_job(2, services.jobs, services.library, services.bulk_runs)
    undone = client.get("/admin/jobs/2").text

    assert "changed by a job in the background" in form
    assert (waiting.request.path, "Edit 3 tracks" in waiting.text) == ("/admin/jobs/1", True)
    assert too_early.status_code == 409
    assert "3 tracks changed" in done
    assert "Undo</button>" in done
    assert undoing.request.path == "/admin/jobs/2"
    assert "Do it again</button>" in undone
    assert [services.library.get_track(track_id).genre for track_id in ids] == ["Jazz"] * 3
    close(services)
