from __future__ import annotations

import pytest

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
