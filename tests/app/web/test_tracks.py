from __future__ import annotations

from tests.app.web.page_services import change_track


def test_a_whole_track_comes_with_its_type_and_a_tag(client, services):
    with client.get("/tracks/1/audio") as response:
        content = response.data

    assert response.status_code == 200
    assert response.mimetype == "audio/wav"
    assert response.headers["Accept-Ranges"] == "bytes"
    assert response.headers["ETag"]
    assert content == services.paths[1].read_bytes()


def test_a_range_brings_that_part_alone(client, services):
    with client.get("/tracks/1/audio", headers={"Range": "bytes=100-199"}) as response:
        part = response.data

    content = services.paths[1].read_bytes()
    assert response.status_code == 206
    assert response.headers["Content-Range"] == f"bytes 100-199/{len(content)}"
    assert part == content[100:200]


def test_a_range_beyond_the_end_is_refused(client):
    response = client.get("/tracks/1/audio", headers={"Range": "bytes=99999999-"})

    assert response.status_code == 416


def test_an_unchanged_track_is_not_sent_twice(client):
    with client.get("/tracks/1/audio") as first:
        tag = first.headers["ETag"]

    with client.get("/tracks/1/audio", headers={"If-None-Match": tag}) as response:
        pass

    assert response.status_code == 304


def test_a_deleted_file_is_gone(client, services):
    services.paths[1].unlink()

    response = client.get("/tracks/1/audio")

    assert response.status_code == 410
    assert "moved or deleted" in response.text


def test_a_track_that_the_catalog_does_not_know_is_not_found(client):
    response = client.get("/tracks/99/audio")

    assert response.status_code == 404
    assert str(client.application.extensions["emotitune"].settings.data_dir) not in response.text


def test_a_file_that_is_no_music_is_never_sent(client, services, tmp_path):
    secret = tmp_path / "passwords.txt"
    secret.write_text("open sesame")
    change_track(services, 1, path=str(secret))

    response = client.get("/tracks/1/audio")

    assert response.status_code == 415
    assert b"sesame" not in response.data


def test_a_streamed_track_is_fetched_where_it_lives(client, services):
    change_track(services, 1, path=None, url="https://music.example.org/a.mp3")

    response = client.get("/tracks/1/audio")

    assert response.headers["Location"] == "https://music.example.org/a.mp3"


def test_a_track_with_an_address_of_another_kind_is_gone(client, services):
    change_track(services, 1, path=None, url="javascript:alert(1)")

    response = client.get("/tracks/1/audio")

    assert response.status_code == 410
