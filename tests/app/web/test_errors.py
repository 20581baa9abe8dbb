from __future__ import annotations

import io

import pytest

import app.services.errors
import catalog.errors
import recognizer.errors
import recommender.errors
from app.web.errors import NAMED_ERRORS, describe_named_error
from recognizer.errors import UnreadableAudioError, UnusableClipError
from tests.app.web.conftest import HTMX

ERROR_MODULES = (app.services.errors, catalog.errors, recognizer.errors, recommender.errors)


@pytest.mark.parametrize("module", ERROR_MODULES, ids=lambda module: module.__name__)
def test_every_named_error_has_a_status(module):
    named = [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, Exception)]

    assert named
    assert all(any(base in NAMED_ERRORS for base in kind.__mro__) for kind in named)


def test_an_error_is_told_by_its_reason_and_advice():
    entry, message = describe_named_error(UnreadableAudioError("a.wav", "expected audio, got text"))

    assert entry.status == 415
    assert message == "Expected audio, got text. WebM, MP4, Ogg, MP3, FLAC and WAV files work."


def test_advice_fits_what_is_wrong_with_a_clip():
    _, message = describe_named_error(UnusableClipError("a.wav", "too_short", "expected 1 s of speech, got 0.2 s"))

    assert message == "Expected 1 s of speech, got 0.2 s. Speak for three seconds or more."


def test_htmx_gets_a_fragment_for_the_place_of_problems(client):
    response = client.post("/listenings", data={"clip": (io.BytesIO(b"text"), "a.wav")}, headers=HTMX)

    assert response.status_code == 415
    assert response.headers["HX-Retarget"] == "#problem"
    assert "This recording could not be read" in response.text
    assert "<html" not in response.text


def test_a_caller_of_json_gets_json(client):
    response = client.post(
        "/listenings", data={"clip": (io.BytesIO(b"silence"), "a.wav")}, headers={"Accept": "application/json"}
    )

    assert response.status_code == 422
    assert response.json["error"] == "Nothing could be heard in this recording"
    assert response.json["message"].startswith("Expected speech, got silence.")


def test_a_person_gets_a_page(client):
    response = client.get("/listenings/unknown")

    assert response.status_code == 404
    assert "We do not know this listening" in response.text
    assert "Back to the start" in response.text


@pytest.mark.parametrize(("method", "path", "status"), [("get", "/nowhere", 404), ("get", "/listenings", 405)])
def test_wrong_addresses_are_answered_in_words(client, method, path, status):
    response = getattr(client, method)(path)

    assert response.status_code == status
    assert "Traceback" not in response.text
    assert "<h1>" in response.text


def test_an_unexpected_failure_shows_nothing_of_itself(client, services):
    def fail(*_args, **_kwargs):
        raise RuntimeError("secret detail")

    services.playlists.serve = fail

    response = client.get("/moods/happy/playlist")

    assert response.status_code == 500
    assert "secret detail" not in response.text
    assert "Something went wrong on our side" in response.text


def test_a_form_without_its_token_is_refused(app):
    app.config["WTF_CSRF_ENABLED"] = True

    response = app.test_client().post("/listenings", data={"clip": (io.BytesIO(b"voice"), "a.wav")}, headers=HTMX)

    assert response.status_code == 400
    assert "This page is out of date" in response.text
