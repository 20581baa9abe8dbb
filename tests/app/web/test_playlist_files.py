from __future__ import annotations

from types import SimpleNamespace

from app.web.playlist_files import format_m3u8


def make_item(**fields):
    return SimpleNamespace(**{"track_id": 7, "title": "Moss", "artist": "Kestrel", "duration_s": 61.6, **fields})


def test_a_playlist_names_length_artist_title_and_address():
    text = format_m3u8("Mix", [make_item()], lambda item: f"http://host/{item.track_id}")

    assert text == "#EXTM3U\n#PLAYLIST:Mix\n#EXTINF:62,Kestrel - Moss\nhttp://host/7\n"


def test_an_unknown_length_is_minus_one():
    text = format_m3u8("Mix", [make_item(duration_s=None)], lambda _: "http://host/7")

    assert "#EXTINF:-1,Kestrel - Moss" in text


def test_a_line_break_in_a_title_starts_no_entry():
    text = format_m3u8("Mix", [make_item(title="Moss\nhttp://evil/")], lambda _: "http://host/7")

    assert "#EXTINF:62,Kestrel - Moss http://evil/\n" in text


def test_letters_of_any_script_survive():
    text = format_m3u8("Mix", [make_item(title="Żółw")], lambda _: "http://host/7")

    assert "Żółw".encode() in text.encode()
