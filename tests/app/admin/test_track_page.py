from __future__ import annotations

import pytest

from app.admin.track_page import FIELDS, read_changes
from catalog.analysis.embeddings import EMBEDDING_MODEL
from catalog.changes import EDITABLE_FIELDS
from catalog.models import Track
from tests.factories import add_analyzed_track


@pytest.fixture
def address(services):
    with services.sessions.begin() as session:
        track = add_analyzed_track(
            session, "Moss", artist="Elder", model=EMBEDDING_MODEL, year=2011, path="/music/moss.mp3"
        )
        return f"/admin/tracks/{track.id}"


def fill(**changes):
    shown = {
        "title": "Moss",
        "artist": "Elder",
        "album": "",
        "genre": "",
        "year": "2011",
        "licence": "",
        "attribution": "",
    }
    return {**shown, **{f"was_{name}": value for name, value in shown.items()}, **changes}


def test_the_form_has_every_field_that_may_be_edited():
    assert tuple(field.name for field in FIELDS) == EDITABLE_FIELDS


def test_a_track_shows_what_is_written_and_what_is_heard(client, address):
    html = client.get(address).text

    assert 'name="title" value="Moss"' in html
    assert "120 bpm" in html
    assert "C major" in html
    assert "Valence +0.20 · Arousal −0.10" in html  # noqa: RUF001 - typographic
    assert 'src="/tracks/1/audio"' in html


def test_saving_stores_what_was_changed_and_only_that(client, services, address):
    answer = client.post(address, data=fill(title=" Green  Moss ", licence="CC BY 4.0"), follow_redirects=True)

    track = services.library.get_track(1)
    assert "“Green Moss” is saved." in answer.text
    assert (track.title, track.artist, track.licence, track.year) == ("Green Moss", "Elder", "CC BY 4.0", 2011)
    with services.sessions() as session:
        assert session.get(Track, 1).edited_fields == ["licence", "title"]


def test_a_field_can_be_emptied(client, services, address):
    client.post(address, data=fill(artist="", year=""))

    track = services.library.get_track(1)
    assert (track.artist, track.year) == ("", None)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"year": "soon"}, "Expected a number from 1500 to 2100, got &#39;soon&#39;."),
        ({"title": "  "}, "Expected one, got nothing."),
    ],
)
def test_a_wrong_value_is_told_at_its_field_and_nothing_is_lost(client, services, address, change, problem):
    answer = client.post(address, data=fill(genre="folk", **change))

    assert answer.status_code == 422
    assert problem in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert 'name="genre" value="folk"' in answer.text
    assert services.library.get_track(1).genre is None


def test_saving_nothing_edits_nothing(client, services, address):
    answer = client.post(address, data=fill(), follow_redirects=True)

    assert "Nothing was changed." in answer.text
    with services.sessions() as session:
        assert session.get(Track, 1).edited_fields == []


def test_what_somebody_else_changed_meanwhile_stays(client, services, address):
    services.library.edit_track(1, {"album": "Green"})

    client.post(address, data=fill(title="Lichen"))

    assert services.library.get_track(1).album == "Green"


def test_a_field_that_the_form_does_not_send_is_no_change():
    assert read_changes({"was_title": "Moss"}) == {}


def test_a_track_that_is_gone_is_told_in_words(client):
    answer = client.get("/admin/tracks/99")

    assert answer.status_code == 404
    assert "This track is no longer in the catalog" in answer.text
