from __future__ import annotations

import pytest

from app.admin.track_page import FIELDS, read_changes
from catalog.analysis.embeddings import EMBEDDING_MODEL
from catalog.analysis.peaks import N_PEAKS
from catalog.edit_values import EDITABLE_FIELDS, TrackEdit
from catalog.models import Cover, Playlist, PlaylistEntry, Track, TrackAffect, TrackFeedback
from tests.app.libraries import add_tracks
from tests.factories import add_analyzed_track, write_music

JSON = {"Accept": "application/json"}
SCRIPT = "<script>alert(1)</script>"


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
    services.curation.edit([1], TrackEdit({"album": "Green"}), who="ann")

    client.post(address, data=fill(title="Lichen"))

    assert services.library.get_track(1).album == "Green"


def test_a_field_that_the_form_does_not_send_is_no_change():
    assert read_changes({"was_title": "Moss"}) == {}


def test_a_track_that_is_gone_is_told_in_words(client):
    answer = client.get("/admin/tracks/99")

    assert answer.status_code == 404
    assert "This track is no longer in the catalog" in answer.text


def test_guess_and_correction_stand_side_by_side(client, services, address):
    with services.sessions.begin() as session:
        session.get_one(TrackAffect, 1).stds = {"valence": 0.31, "arousal": 0.42}

    answer = client.post(f"{address}/correction", data={"valence": "-0.6", "arousal": "0.7"}, follow_redirects=True)

    story = services.curation.tell(1)
    assert (story.correction.valence, story.correction.who) == (-0.6, "curator@example.org")
    assert "Your place for this track is saved" in answer.text
    assert "± 0.31" in answer.text
    assert "Valence −0.60 · Arousal +0.70" in answer.text  # noqa: RUF001 - typographic
    assert 'class="plane-line"' in answer.text


def test_a_correction_can_be_withdrawn_and_undone_without_leaving_the_map(client, services, address):
    place = {"valence": "-0.6", "arousal": "0.7"}
    saved = client.post(f"{address}/correction", data=place, headers=JSON).json
    undone = client.post(f"{address}/undo", data={"group_id": saved["group_id"]}, headers=JSON).json
    client.post(f"{address}/correction", data=place)
    withdrawn = client.post(f"{address}/correction/withdraw", headers=JSON).json

    assert (saved["valence"], saved["is_corrected"], saved["predicted"]) == (-0.6, True, [0.2, -0.1])
    assert (undone["valence"], undone["is_corrected"]) == (0.2, False)
    assert withdrawn["is_corrected"] is False
    assert services.curation.tell(1).correction is None


@pytest.mark.parametrize("place", [{"valence": "2", "arousal": "0"}, {"valence": "bright", "arousal": "0"}, {}])
def test_a_place_outside_the_plane_is_refused(client, services, address, place):
    answer = client.post(f"{address}/correction", data=place, headers=JSON)

    assert answer.status_code == 422
    assert "expected a number within [-1, 1]" in answer.json["problem"]
    assert services.curation.tell(1).correction is None


def test_an_edit_stands_in_the_history_and_is_undone(client, services, address):
    client.post(address, data=fill(title="Lichen"))
    entry = services.curation.tell(1).changes[0]
    html = client.get(address).text

    answer = client.post(f"{address}/undo", data={"group_id": entry.group_id}, follow_redirects=True)

    assert "Moss → Lichen" in html
    assert "Undone." in answer.text
    assert services.library.get_track(1).title == "Moss"
    assert "taken back" in answer.text


def test_a_change_under_a_later_one_is_not_undone_and_says_why(client, services, address):
    client.post(address, data=fill(title="Lichen"))
    first = services.curation.tell(1).changes[0].group_id
    client.post(address, data={"title": "Fern", "was_title": "Lichen"})

    answer = client.post(f"{address}/undo", data={"group_id": first}, follow_redirects=True)
    unknown = client.post(f"{address}/undo", data={"group_id": "x"}, headers=JSON)

    assert "Not undone: cannot take this back: a later change stands in the way" in answer.text
    assert (unknown.status_code, services.library.get_track(1).title) == (409, "Fern")


def test_tags_come_and_go(client, services, address):
    client.post(f"{address}/tags", data={"kind": "mood", "name": "Dreamy"})
    added = services.curation.tell(1).tags
    client.post(f"{address}/tags", data={"remove": "mood:dreamy"})
    refused = client.post(f"{address}/tags", data={"kind": "smell", "name": "x"}, follow_redirects=True)

    assert (added, services.curation.tell(1).tags) == ((("mood", "dreamy"),), ())
    assert "The tag is not saved: expected a kind among" in refused.text


def test_playlists_and_ratings_are_told(client, services, address):
    with services.sessions.begin() as session:
        session.add(Playlist(id="p" * 36, posterior={"sad": 1.0}, intent="stay", policy="greedy", context={}))
        session.flush()
        session.add(PlaylistEntry(playlist_id="p" * 36, position=3, track_id=1, score=1.25))
        session.add(TrackFeedback(track_id=1, kind="like", playlist_id="p" * 36))

    html = client.get(address).text

    assert "Recommended in 1 playlist; liked 1 time." in html
    assert '<td class="number">3</td><td class="number">+1.25</td>' in html


def test_neighbors_lead_to_their_pages(client, services, tmp_path):
    add_tracks(services.sessions, tmp_path / "music", 12)
    services.library.rebuild_index()

    html = client.get("/admin/tracks/1").text

    assert "Nearest in the index that serves" in html
    assert html.count('class="row-link" href="/admin/tracks/') == 8


def test_the_outline_of_a_track_comes_as_bytes(client, services, tmp_path):
    with services.sessions.begin() as session:
        add_analyzed_track(session, path=str(write_music(tmp_path / "tone.wav", duration_s=1.0)), model=EMBEDDING_MODEL)
        add_analyzed_track(session, path=str(tmp_path / "gone.wav"), model=EMBEDDING_MODEL)

    assert len(client.get("/admin/tracks/1/peaks").data) == N_PEAKS
    assert client.get("/admin/tracks/2/peaks").status_code == 204


def test_a_cover_is_shown(client, services, address):
    with services.sessions.begin() as session:
        session.add(Cover(hash="ab" * 32, mime="image/webp", width_px=9, height_px=9, data=b"picture"))
        session.flush()
        session.get_one(Track, 1).cover_hash = "ab" * 32

    answer = client.get(f"/admin/covers/{'ab' * 32}")

    assert f'src="/admin/covers/{"ab" * 32}"' in client.get(address).text
    assert (answer.data, answer.mimetype) == (b"picture", "image/webp")
    assert client.get("/admin/covers/nothing").status_code == 404


def test_scripts_in_tags_titles_and_names_are_text(client, address):
    client.post(address, data=fill(title=SCRIPT, artist=SCRIPT, genre=SCRIPT))
    client.post(f"{address}/tags", data={"kind": "mood", "name": SCRIPT})

    html = client.get(address).text

    assert SCRIPT not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
