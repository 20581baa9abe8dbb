from __future__ import annotations

import dataclasses
import io
import re

import pytest
from flask import request

from app.factory import create_app
from recognizer.inference import UNLIKE_ANYTHING_HEARD
from tests.app.web.conftest import HTMX
from tests.app.web.page_services import CALM, UNSURE, Check, make_heard, make_services


def post_clip(client, content=b"voice", *, name="note.webm", headers=HTMX, **fields):
    return client.post("/listenings", data={"clip": (io.BytesIO(content), name), **fields}, headers=headers)


def find_track_ids(html):
    return re.findall(r'data-track-id="(\d+)"', html)


@pytest.fixture
def listening_url(client):
    return post_clip(client).headers["HX-Push-Url"].split("?")[0]


def test_the_start_page_promises_deletion_before_any_microphone(client):
    html = client.get("/").text

    assert "deleted right after" in html
    assert "Before you speak" in html
    assert "No account is needed" in html


def test_the_start_page_says_what_is_missing_and_what_to_do(tmp_path):
    missing = Check("catalog", ok=False, message="there is no music yet; import a folder")
    client = create_app(make_services(tmp_path, checks=[missing])).test_client()

    html = client.get("/").text

    assert "Catalog: there is no music yet; import a folder." in html


def test_a_clip_becomes_a_mood_in_words_with_its_doubt(client):
    html = post_clip(client).text

    assert "Your voice sounded <em>mostly calm, some sadness</em>" in html
    assert "We are not very sure, since we do not know your voice." in html
    assert "66 %" in html
    assert "<html" not in html


def test_a_clip_becomes_a_playlist_with_reasons(client):
    html = post_clip(client).text

    assert find_track_ids(html) == ["1", "2", "3", "4"]
    assert "Calm like your voice, with a little sadness." in html


def test_the_service_gets_the_name_and_the_length_that_the_page_counted(client, services):
    post_clip(client, b"voice", name="voice-note.webm", elapsed_s="3.25")

    assert services.clips == [(b"voice", "voice-note.webm", 3.25)]


def test_the_deletion_of_the_recording_is_noted(client, services):
    url = post_clip(client).headers["HX-Push-Url"]

    listening_id = url.split("/")[2].split("?")[0]
    assert services.feedback.get_listening(listening_id).recording_deleted_at is not None


def test_an_uploaded_file_has_no_length_to_compare_with(client, services):
    post_clip(client, elapsed_s="")

    assert services.clips[0][2] is None


def test_a_large_upload_stays_in_memory(app):
    head = b'--b\r\nContent-Disposition: form-data; name="clip"; filename="a.wav"\r\n\r\n'
    body = head + bytes(2_000_000) + b"\r\n--b--\r\n"

    with app.test_request_context(method="POST", data=body, content_type="multipart/form-data; boundary=b"):
        stream = request.files["clip"].stream
        n_bytes = len(stream.getvalue())

    assert isinstance(stream, io.BytesIO)
    assert n_bytes == 2_000_000


def test_without_scripts_the_form_leads_to_the_result_page(client):
    response = post_clip(client, headers={})

    page = client.get(response.headers["Location"])

    assert response.status_code == 303
    assert "<html" in page.text
    assert "mostly calm" in page.text


def test_a_result_can_be_loaded_again(client, listening_url):
    html = client.get(listening_url).text

    assert "mostly calm" in html
    assert find_track_ids(html) == ["1", "2", "3", "4"]


def test_what_a_voice_revealed_is_never_cached(client, listening_url):
    response = client.get(listening_url)

    assert response.headers["Cache-Control"] == "no-store"


def test_another_intent_fetches_another_playlist_alone(client, listening_url):
    response = client.get(f"{listening_url}/playlist?intent=lift", headers=HTMX)

    assert find_track_ids(response.text) == ["4", "3", "2", "1"]
    assert "mood-title" not in response.text
    assert response.headers["HX-Replace-Url"] == f"{listening_url}?intent=lift"


def test_a_playlist_address_opened_by_hand_leads_to_its_page(client, listening_url):
    response = client.get(f"{listening_url}/playlist?intent=lift")

    assert response.headers["Location"] == f"{listening_url}?intent=lift"


def test_a_correction_changes_what_the_page_says(client, listening_url):
    html = client.post(f"{listening_url}/correction", data={"label": "happy", "intent": "lift"}, headers=HTMX).text

    assert "You feel <em>happy</em>" in html
    assert "To us your voice had sounded mostly calm, some sadness." in html
    assert 'value="lift" id="intent-lift" checked' in html


def test_an_unsure_recognizer_asks_before_any_music(tmp_path):
    services = make_services(tmp_path, heard=make_heard(UNSURE, abstained=True))
    app = create_app(services)
    app.config["WTF_CSRF_ENABLED"] = False

    html = post_clip(app.test_client()).text

    assert "We could not tell from this one" in html
    assert "It might be calm, it might be happy." in html
    assert find_track_ids(html) == []


def test_a_voice_unlike_any_is_asked_without_naming_moods_that_mean_nothing(tmp_path):
    heard = make_heard(CALM, abstained=True, reason=f"{UNLIKE_ANYTHING_HEARD}: far away")
    app = create_app(make_services(tmp_path, heard=heard))
    app.config["WTF_CSRF_ENABLED"] = False

    html = post_clip(app.test_client()).text

    assert "It sounds unlike the voices we learned from, so we would rather ask." in html
    assert "It might be" not in html


def test_answering_the_question_brings_the_music(tmp_path):
    app = create_app(make_services(tmp_path, heard=make_heard(UNSURE, abstained=True)))
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    url = post_clip(client).headers["HX-Push-Url"].split("?")[0]

    html = client.post(f"{url}/correction", data={"label": "sad"}, headers=HTMX).text

    assert "You feel <em>sad</em>" in html
    assert find_track_ids(html) == ["1", "2", "3", "4"]


def test_a_mood_is_shown_even_while_there_is_no_music(tmp_path):
    services = make_services(tmp_path, n_tracks=0)
    listening_id = services.feedback.record_listening(make_heard())
    client = create_app(services).test_client()

    response = client.get(f"/listenings/{listening_id}")

    assert response.status_code == 200
    assert "mostly calm" in response.text
    assert "There is no music yet." in response.text


def test_the_course_of_time_has_a_table_beside_its_plot(client):
    html = post_clip(client).text

    assert "0.0 to 3.0 s" in html
    assert html.count(" s</th>") == 5


def test_a_playlist_file_names_tracks_by_absolute_addresses(client, listening_url):
    response = client.get(f"{listening_url}/playlist.m3u8?intent=stay")

    assert response.mimetype == "application/vnd.apple.mpegurl"
    assert response.text.startswith("#EXTM3U\n")
    assert "#EXTINF:4,The Lanterns - Slow Water\nhttp://localhost/tracks/1/audio\n" in response.text


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"intent": "dance"}, "Expected an intent out of stay, lift, calm, energize, got &#39;dance&#39;."),
        ({"elapsed_s": "soon"}, "Expected the length of the recording in seconds, at least 0, got &#39;soon&#39;."),
        ({"elapsed_s": "nan"}, "got &#39;nan&#39;."),
        ({"elapsed_s": "-1"}, "got &#39;-1&#39;."),
    ],
)
def test_fields_that_no_page_sends_are_refused(client, fields, sentence):
    response = post_clip(client, **fields)

    assert response.status_code == 400
    assert sentence in response.text


def test_a_form_without_a_clip_is_refused(client):
    response = client.post("/listenings", data={"elapsed_s": "3"}, headers=HTMX)

    assert response.status_code == 400
    assert "Expected a recording or an audio file, got none." in response.text


def test_a_correction_to_an_unknown_mood_is_refused(client, listening_url):
    response = client.post(f"{listening_url}/correction", data={"label": "bored"}, headers=HTMX)

    assert response.status_code == 400
    assert "Expected a mood out of happy, sad, angry, neutral, got &#39;bored&#39;." in response.text


def test_tags_with_scripts_are_shown_as_text(tmp_path):
    services = make_services(tmp_path, n_tracks=1)
    services.playlists.items = (dataclasses.replace(services.playlists.items[0], title="<script>alert(1)</script>"),)
    client = create_app(services).test_client()

    html = client.get("/moods/happy/playlist").text

    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)" in html
