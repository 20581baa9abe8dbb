from __future__ import annotations

import io
import re

import pytest
from sqlalchemy import select

from app.factory import create_app
from app.web.consent import COOKIE
from app.web.security import REACTION_LIMIT
from catalog.models import Listener, Playlist, PlaylistEntry, TrackFeedback
from tests.app.web.conftest import HTMX
from tests.app.web.page_services import make_library_services

MOOD = "/moods/neutral/playlist"


def agree(client, **options):
    return client.post("/you/agree", data={"next": MOOD}, **options)


def react(client, kind, track_id=1, **fields):
    return client.post("/reactions", data={"track_id": track_id, "kind": kind, **fields})


def read_all(services, table):
    with services.sessions() as session:
        return session.scalars(select(table)).all()


def find_track_ids(html):
    return re.findall(r'data-track-id="(\d+)"', html)


def test_without_an_agreement_there_is_no_cookie_no_row_and_no_button(client, services):
    response = client.get(MOOD)
    client.post("/listenings", data={"clip": (io.BytesIO(b"voice"), "a.wav")}, headers=HTMX)

    assert client.get_cookie(COOKIE) is None
    assert "Yes, learn from me" in response.text
    assert 'class="react"' not in response.text
    assert read_all(services, Listener) == read_all(services, Playlist) == []


def test_agreeing_sets_a_cookie_that_no_script_reads_and_no_one_forges(client, services):
    response = agree(client)

    assert (response.status_code, response.headers["Location"]) == (303, MOOD)
    assert "HttpOnly" in response.headers["Set-Cookie"]
    assert "SameSite=Lax" in response.headers["Set-Cookie"]
    (listener,) = read_all(services, Listener)
    client.set_cookie(COOKIE, listener.id)
    assert react(client, "like").status_code == 403


def test_agreeing_within_a_page_changes_its_line_and_lets_the_playlist_follow(client):
    response = agree(client, headers=HTMX)

    assert "EmotiTune learns from you" in response.text
    assert response.headers["HX-Trigger"] == "learning-changed"


def test_agreeing_leads_nowhere_else(client):
    for trick in ("https://example.org", "//example.org", "/\\example.org", "javascript:alert(1)"):
        assert client.post("/you/agree", data={"next": trick}).headers["Location"] == "/"


def test_playlists_given_are_logged_and_reactions_belong_to_them(client, services):
    agree(client)
    html = client.get(MOOD).text
    playlist_id = re.search(r'data-playlist-id="([^"]+)"', html).group(1)

    assert react(client, "finished", 3, playlist_id=playlist_id).status_code == 204

    (feedback,) = read_all(services, TrackFeedback)
    assert (feedback.track_id, feedback.kind, feedback.playlist_id) == (3, "finished", playlist_id)
    assert [entry.track_id for entry in read_all(services, PlaylistEntry)] == [1, 2, 3, 4]


def test_never_again_takes_a_track_out_until_it_is_taken_back(client):
    agree(client)

    react(client, "never", 2)
    without = find_track_ids(client.get(MOOD).text)
    react(client, "undo", 2)
    with_it = find_track_ids(client.get(MOOD).text)

    assert (without, with_it) == (["1", "3", "4"], ["1", "2", "3", "4"])


def test_a_reaction_brings_its_buttons_anew(client):
    agree(client)

    liked = client.post("/reactions", data={"track_id": 1, "kind": "like"}, headers=HTMX).text
    never = client.post("/reactions", data={"track_id": 1, "kind": "never"}, headers=HTMX).text

    assert 'aria-pressed="true" aria-label="Like Slow Water"' in liked
    assert "Will not come again" in never
    assert 'value="undo"' in never
    assert 'aria-pressed="true"' not in client.get(MOOD).text


def test_without_scripts_a_reaction_leads_back(client):
    agree(client)

    assert react(client, "like", next=MOOD).headers["Location"] == MOOD


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"track_id": "x", "kind": "like"}, 400),
        ({"track_id": "99999999999999999999", "kind": "like"}, 400),
        ({"track_id": "4000000000", "kind": "like"}, 404),
        ({"track_id": "77", "kind": "like"}, 404),
        ({"track_id": "1", "kind": "adore"}, 400),
        ({"track_id": "1", "kind": "like", "playlist_id": "none"}, 404),
    ],
)
def test_reactions_that_no_page_sends_are_refused(client, services, fields, status):
    agree(client)

    assert client.post("/reactions", data=fields).status_code == status
    assert read_all(services, TrackFeedback) == []


def test_reactions_need_a_form_token_and_are_limited(services):
    client = create_app(services).test_client()

    assert client.post("/reactions", data={"track_id": 1, "kind": "like"}).status_code == 400
    assert REACTION_LIMIT == "120 per minute"


def test_the_page_tells_what_was_learned_and_forgets_part_by_part(client):
    agree(client)
    url = client.post("/listenings", data={"clip": (io.BytesIO(b"voice"), "a.wav")}, headers=HTMX).headers[
        "HX-Push-Url"
    ]
    client.post(url.split("?")[0] + "/correction", data={"label": "sad"})
    react(client, "like", 1)
    react(client, "never", 2)

    told = client.get("/you").text
    for part in ("taste", "moods", "voice"):
        client.post("/you/forget", data={"part": part})
    forgotten = client.get("/you").text

    assert "Liked (1)" in told
    assert "Never again (1)" in told
    assert "1 correction so far" in told
    assert "We know your voice from 1 note" in told
    assert "Nothing yet. Like a track" in forgotten
    assert "You have not corrected a mood yet" in forgotten
    assert "We do not know your voice yet" in forgotten


def test_the_voice_is_known_from_note_to_note(client, services):
    agree(client)
    notes = [{"clip": (io.BytesIO(b"voice"), "a.wav")} for _ in range(3)]

    pages = [client.post("/listenings", data=note, headers=HTMX).text for note in notes]

    assert [baseline and baseline.n_clips for baseline in services.baselines] == [None, 1, 2]
    assert "knows your voice from 3 notes" in pages[-1]


def test_all_that_is_kept_can_be_taken_along(client):
    agree(client)
    react(client, "like", 1)
    client.get(MOOD)

    response = client.get("/you/export.json")

    told = response.get_json()
    assert response.headers["Content-Disposition"] == 'attachment; filename="emotitune-you.json"'
    assert [reaction["kind"] for reaction in told["reactions"]] == ["like"]
    assert told["playlists"][0]["track_ids"] == [1, 2, 3, 4]


def test_deleting_leaves_no_cookie_and_no_trace(client, services):
    agree(client)
    react(client, "like", 1)

    response = client.post("/you/delete", data={"next": "/you"})

    assert "Max-Age=0" in response.headers["Set-Cookie"]
    assert read_all(services, Listener) == read_all(services, TrackFeedback) == []
    assert "you have not agreed" in client.get("/you").text


def test_a_listener_deleted_elsewhere_is_a_stranger_again(client, services):
    agree(client)
    with services.sessions.begin() as session:
        session.delete(session.scalars(select(Listener)).one())

    assert "Yes, learn from me" in client.get(MOOD).text
    assert client.get("/you/export.json").headers["Location"] == "/you"


def test_a_part_that_there_is_not_cannot_be_forgotten(client):
    response = client.post("/you/forget", data={"part": "name"})

    assert response.status_code == 400


def test_who_never_wants_anything_again_is_told_the_way_out(tmp_path):
    app = create_app(make_library_services(tmp_path, n_tracks=2))
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    agree(client)
    react(client, "never", 1)
    react(client, "never", 2)

    html = client.get(MOOD).text

    assert "You said “never again” to every track there is." in html
    assert '<a href="/you">Let some of them come again</a>' in html
