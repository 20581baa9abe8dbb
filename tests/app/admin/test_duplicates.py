from __future__ import annotations

import pytest

from catalog.edit_values import TrackEdit
from tests.factories import add_track


@pytest.fixture
def copies(services):
    """Two files of one piece; of the first more is known."""
    with services.sessions.begin() as session:
        made = [
            add_track(session, "Moss", artist="Elder", path="/a/moss.flac", duration_s=61.0, size_bytes=9_000_000),
            add_track(session, "Moss", artist="Elder", path="/b/moss.mp3", duration_s=61.5, size_bytes=1_200_000),
            add_track(session, "Ash", artist="Elder", path="/b/ash.mp3", duration_s=61.0),
        ]
        return [track.id for track in made]


def test_copies_stand_side_by_side_with_what_tells_them_apart(client, copies):
    html = client.get("/admin/duplicates").text

    assert "One piece stands in the catalog more than once" in html
    for text in ("/a/moss.flac", "/b/moss.mp3", "9.0 MB", "1.2 MB", "1:01", "the same artist and title"):
        assert text in html
    assert "/b/ash.mp3" not in html
    assert f'src="/tracks/{copies[0]}/audio"' in html or html.count("<audio") == 2


def test_the_copy_that_a_curator_worked_on_is_suggested(client, services, copies):
    services.curation.edit([copies[1]], TrackEdit({"genre": "Folk"}), who="ann")

    html = client.get("/admin/duplicates").text

    assert f'name="keep" value="{copies[1]}" checked' in html


def test_one_click_merges_and_another_brings_all_back(client, services, copies):
    client.get("/admin/duplicates")
    data = {"track_id": copies[:2], "keep": copies[1]}

    merged = client.post("/admin/duplicates/merge", data=data, follow_redirects=True).text
    left = services.curation.list_tracks().n_total
    group_id = services.curation.list_changes(limit=1).changes[0].group_id
    client.post("/admin/undo", data={"group_id": group_id})
    client.post("/admin/duplicates/look")

    assert "1 copy merged into “Moss”." in merged
    assert "No duplicates" in merged
    assert left == 2
    assert services.library.get_track(copies[0]).path == "/a/moss.flac"
    assert "/a/moss.flac" in client.get("/admin/duplicates").text


@pytest.mark.parametrize("keep", ["", "0", "x", "-3"])
def test_without_a_copy_to_keep_nothing_is_merged(client, services, copies, keep):
    answer = client.post("/admin/duplicates/merge", data={"track_id": copies[:2], "keep": keep}, follow_redirects=True)

    assert "Choose which one to keep" in answer.text
    assert services.curation.list_tracks().n_total == 3


def test_a_copy_that_is_gone_is_said_to_be(client, services, copies):
    services.curation.delete([copies[0]], who="ann")

    answer = client.post("/admin/duplicates/merge", data={"track_id": copies[:2], "keep": copies[1]})

    assert answer.status_code == 404


def test_tracks_that_are_not_the_same_piece_are_shown_no_more_until_undone(client, services, copies):
    client.get("/admin/duplicates")

    told = client.post("/admin/duplicates/distinct", data={"track_id": copies[:2]}, follow_redirects=True).text
    client.post("/admin/duplicates/look")
    looked_again, log = client.get("/admin/duplicates").text, client.get("/admin/changes").text
    client.post("/admin/undo", data={"group_id": services.curation.list_changes(limit=1).changes[0].group_id})
    client.post("/admin/duplicates/look")

    assert "2 tracks told apart; they are not shown as copies again." in told
    assert "No duplicates" in told
    assert "No duplicates" in looked_again
    assert "Told apart" in log
    assert "/a/moss.flac" in client.get("/admin/duplicates").text


def test_one_track_alone_is_not_told_apart(client, services, copies):
    answer = client.post("/admin/duplicates/distinct", data={"track_id": copies[:1]}, follow_redirects=True)

    assert "Choose two tracks at least to tell apart." in answer.text
    assert services.curation.list_changes().n_total == 0
