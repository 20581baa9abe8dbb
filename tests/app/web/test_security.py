from __future__ import annotations

import io
import stat
from concurrent.futures import ThreadPoolExecutor

from app.web.security import SECRET_FILE, load_secret_key
from tests.app.web.conftest import HTMX


def test_the_key_is_made_once_and_readable_by_its_owner_alone(tmp_path):
    first = load_secret_key(tmp_path)
    second = load_secret_key(tmp_path)

    assert first == second
    assert len(first) >= 43
    assert stat.S_IMODE((tmp_path / SECRET_FILE).stat().st_mode) == 0o600


def test_processes_that_start_at_once_agree_on_the_key(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: load_secret_key(tmp_path), range(32)))

    assert len(keys) == 1
    assert [path.name for path in tmp_path.iterdir()] == [SECRET_FILE]


def test_a_missing_folder_is_made(tmp_path):
    assert load_secret_key(tmp_path / "new" / "folder")


def test_many_recordings_in_a_minute_are_slowed_down(client):
    answers = [
        client.post("/listenings", data={"clip": (io.BytesIO(b"voice"), "a.wav")}, headers=HTMX) for _ in range(21)
    ]

    assert answers[19].status_code == 200
    assert answers[20].status_code == 429
    assert answers[20].headers["Retry-After"] == "60"
    assert "A little slower, please" in answers[20].text


def test_playlists_are_not_slowed_down(client):
    answers = {client.get("/moods/happy/playlist", headers=HTMX).status_code for _ in range(40)}

    assert answers == {200}
