from __future__ import annotations

import pytest

from app.services.listening import pure_posterior
from catalog.edit_values import TrackEdit
from tests.app.libraries import add_tracks

SCRIPT = "<img src=x onerror=alert(1)>"


@pytest.fixture(autouse=True)
def library(services, tmp_path):
    add_tracks(services.sessions, tmp_path / "music", 40)
    services.curation.edit([1], TrackEdit({"title": SCRIPT}), who="ann")
    services.library.rebuild_index()
    return services.library


def test_a_place_shows_what_playlists_would_become_and_writes_nothing(client, services, library):
    revision = library.get_revision()

    html = client.post("/admin/what-if/place", data={"track_id": "1", "valence": "0.9", "arousal": "0.9"}).text
    opposite = client.post("/admin/what-if/place", data={"track_id": "1", "valence": "-0.9", "arousal": "-0.9"}).text

    assert "Playlists of 20 tracks would then change like this" in html + opposite
    assert "<strong>&lt;img src=x onerror=alert(1)&gt;</strong>" in html + opposite
    assert SCRIPT not in html + opposite
    assert (library.get_revision(), services.curation.tell(1).correction) == (revision, None)


def test_a_rename_that_no_playlist_sees_says_so(client):
    fields = {"track_id": "1", "licence": "CC0-1.0", "was_licence": ""}

    html = client.post("/admin/what-if/fields", data=fields).text

    assert "none of the playlists for the four moods would change" in html


def test_a_deletion_names_what_takes_the_place(client, services):
    first = services.what_if._get_recommender().recommend(pure_posterior("sad"), k=1)[0]

    html = client.post("/admin/what-if/delete", data={"track_id": str(first.track_id)}).text

    assert "from place 1</span>" in html


def test_a_bulk_edit_counts_the_fields_that_are_named(client, services):
    first = services.what_if._get_recommender().recommend(pure_posterior("happy"), k=4)
    data = {"track_id": [str(item.track_id) for item in first], "artist": "One Band"}

    html = client.post("/admin/what-if/bulk", data=data).text

    assert "Playlists of 20 tracks would then change" in html


def test_a_track_outside_the_index_is_told(client):
    html = client.post("/admin/what-if/place", data={"track_id": "999", "valence": "0", "arousal": "0"}).text

    assert "Not in the index that serves yet" in html


@pytest.mark.parametrize("valence", ["3", "bright", "nan", ""])
def test_a_wrong_place_is_told(client, valence):
    answer = client.post("/admin/what-if/place", data={"track_id": "1", "valence": valence, "arousal": "0"})

    assert answer.status_code == 422
    assert "xpected a number within [-1, 1]" in answer.text


def test_all_tracks_of_a_list_can_be_asked_about(client, services):
    html = client.post("/admin/what-if/delete", data={"all": "1", "filter": "q="}).text

    assert "Playlists of 20 tracks would then change" in html
    assert services.library.get_track(2).title


def test_the_forms_that_change_playlists_ask_before(client):
    assert 'data-what-if="/admin/what-if/bulk"' in client.get("/admin/tracks/edit?track_id=1").text
    assert 'data-what-if="/admin/what-if/delete"' in client.get("/admin/tracks/delete?track_id=1").text
    assert 'data-what-if="/admin/what-if/place"' in client.get("/admin/tracks/1").text
