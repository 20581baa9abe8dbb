from __future__ import annotations

import re

from tests.app.web.conftest import HTMX


def test_a_mood_needs_no_voice(client):
    html = client.get("/moods/neutral/playlist").text

    assert "Music for feeling <em>calm</em>" in html
    assert len(re.findall("data-track-id", html)) == 4


def test_another_intent_changes_the_playlist_alone(client):
    response = client.get("/moods/sad/playlist?intent=lift", headers=HTMX)

    assert "<html" not in response.text
    assert re.findall(r'data-track-id="(\d+)"', response.text) == ["4", "3", "2", "1"]
    assert response.headers["HX-Replace-Url"] == "/moods/sad/playlist?intent=lift"


def test_a_mood_has_a_playlist_file_named_after_it(client):
    response = client.get("/moods/neutral/playlist.m3u8?intent=lift")

    assert response.headers["Content-Disposition"] == 'attachment; filename="emotitune-calm-lift.m3u8"'


def test_an_unknown_mood_is_refused(client):
    response = client.get("/moods/bored/playlist")

    assert response.status_code == 400
    assert "Expected a mood" in response.text
