from __future__ import annotations

import pytest

from catalog.edit_values import TrackEdit
from tests.factories import add_track


@pytest.fixture
def track_id(services):
    with services.sessions.begin() as session:
        return add_track(session, "Moss", genre="Folk").id


def test_the_log_tells_who_did_what_with_before_and_after(client, services, track_id):
    services.curation.edit([track_id], TrackEdit({"genre": "Jazz"}), who="ann@example.org")

    html = client.get("/admin/changes").text

    for text in ("ann@example.org", "Edited", ">Folk<", ">Jazz<", "Moss"):
        assert text in html


@pytest.mark.parametrize(
    ("query", "is_shown"),
    [
        ("who=ann", True),
        ("who=bea", False),
        ("action=edit", True),
        ("action=merge", False),
        ("track=1", True),
        ("track=2", False),
        ("import=3", False),
        ("action=odd&track=x&page=999", False),
        ("action=odd&track=x&page=-1", True),
    ],
)
def test_the_log_is_narrowed_by_its_address(client, services, track_id, query, is_shown):
    services.curation.edit([track_id], TrackEdit({"genre": "Jazz"}), who="ann")

    assert (">Jazz<" in client.get(f"/admin/changes?{query}").text) is is_shown


def test_a_change_is_taken_back_from_the_log(client, services, track_id):
    group_id = services.curation.edit([track_id], TrackEdit({"genre": "Jazz"}), who="ann").group_id

    answer = client.post("/admin/undo", data={"group_id": group_id, "back": "/admin/changes"}, follow_redirects=True)

    assert "Taken back: 1 change." in answer.text
    assert "Do it again" in answer.text
    assert services.library.get_track(track_id).genre == "Folk"


def test_what_stands_in_the_way_of_an_undo_is_said_in_words(client, services, track_id):
    first = services.curation.edit([track_id], TrackEdit({"genre": "Jazz"}), who="ann").group_id
    services.curation.edit([track_id], TrackEdit({"genre": "Swing"}), who="bea")

    answer = client.post("/admin/undo", data={"group_id": first})

    assert answer.status_code == 409
    assert "This track was changed again later; undo the later change first, then this one." in answer.text
    assert f'href="/admin/changes?track={track_id}"' in answer.text
    assert services.library.get_track(track_id).genre == "Swing"


def test_nothing_is_taken_back_twice(client, services, track_id):
    group_id = services.curation.edit([track_id], TrackEdit({"genre": "Jazz"}), who="ann").group_id
    client.post("/admin/undo", data={"group_id": group_id})

    answer = client.post("/admin/undo", data={"group_id": group_id})

    assert answer.status_code == 404
    assert "perhaps it was already" in answer.text


def test_a_deleted_track_is_named_in_the_log(client, services, track_id):
    services.curation.delete([track_id], who="ann")

    html = client.get("/admin/changes").text

    assert "Deleted" in html
    assert ">Moss</span>" in html
