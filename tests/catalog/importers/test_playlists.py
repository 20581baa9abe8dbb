from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.errors import ImportSourceError
from catalog.importers.jspf import JspfImporter
from catalog.importers.m3u import M3uImporter, iter_m3u
from catalog.importers.xspf import XspfImporter, iter_xspf
from catalog.queries import list_tracks
from tests.factories import make_database, write_music

if TYPE_CHECKING:
    from pathlib import Path

URL = "https://example.org/radio/Kevin%20MacLeod%20-%20Vibe%20Ace.mp3"
OPENING = '<?xml version="1.0"?><playlist version="1" xmlns="http://xspf.org/ns/0/"><trackList>'
ENDING = "</trackList></playlist>"


def _import(importer_type, folder: Path, name: str, content: str | bytes, roots: tuple[Path, ...] = ()):
    sessions = make_database(folder)
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    report = importer_type(sessions, roots=roots).apply(path)
    with sessions() as session:
        return report, list_tracks(session, sort="created")


def test_m3u_takes_titles_and_durations_and_files_beside_it(tmp_path):
    write_music(tmp_path / "music" / "a b.mp3", title="tagged", album="tagged")
    content = f'#EXTM3U\n#EXTINF:215,Ines - Song\nmusic/a b.mp3\n\n# a word\n#EXTINF:-1 tvg-id="x,y",Radio\n{URL}\n'

    report, (song, radio) = _import(M3uImporter, tmp_path, "x.m3u8", content)

    assert (report.created, report.n_skipped) == (2, 0)
    assert (song.title, song.artist, song.album, song.duration_s) == ("Song", "Ines", "tagged", 215.0)
    assert (radio.title, radio.url, radio.duration_s) == ("Radio", URL, None)


def test_a_stream_without_a_title_is_named_after_its_address(tmp_path):
    _, (track,) = _import(M3uImporter, tmp_path, "x.m3u", URL)

    assert (track.title, track.artist) == ("Vibe Ace", "Kevin MacLeod")


def test_a_title_made_up_from_an_address_replaces_no_better_one(tmp_path):
    sessions = make_database(tmp_path)
    (tmp_path / "a.m3u").write_text(f"#EXTINF:1,Ines - Song\n{URL}\n")
    (tmp_path / "b.m3u").write_text(URL)
    M3uImporter(sessions).apply(tmp_path / "a.m3u")

    report = M3uImporter(sessions).apply(tmp_path / "b.m3u")

    assert (report.updated, report.unchanged) == (0, 1)


def test_old_playlists_may_be_in_windows_1252_with_backslashes(tmp_path):
    write_music(tmp_path / "music" / "x.mp3")

    _, (track,) = _import(
        M3uImporter, tmp_path, "x.m3u", "#EXTINF:1,Beyoncé - Déjà\r\nmusic\\x.mp3\r\n".encode("cp1252")
    )

    assert (track.artist, track.title) == ("Beyoncé", "Déjà")


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("../outside.mp3", "lies outside the folders that may be read"),
        ("/etc/passwd", "lies outside the folders that may be read"),
        ("file:///etc/passwd", "lies outside the folders that may be read"),
        ("file://server/share/x.mp3", "expected a file of this machine, got one of 'server'"),
        ("link.mp3", "lies outside the folders that may be read"),
        ("loop.mp3", "cannot be read"),
        ("ftp://example.org/x.mp3", "expected http:// or https:// and a host"),
        ("javascript://x/%0aalert(1)", "expected http:// or https:// and a host"),
        ("gone.mp3", "cannot be read: no such file or directory"),
    ],
)
def test_a_location_that_may_not_be_read_is_skipped_with_its_reason(tmp_path, location, reason):
    library = tmp_path / "library"
    library.mkdir()
    (library / "link.mp3").symlink_to(write_music(tmp_path / "outside.mp3"))
    (library / "loop.mp3").symlink_to(library / "loop.mp3")

    report, tracks = _import(M3uImporter, library, "x.m3u8", location, roots=(library,))

    assert tracks == []
    assert reason in report.skipped[0][1]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("#EXTM3U\n#EXT-X-TARGETDURATION:10\nx.ts\n", "got the index of one stream"),
        (b"\x00\x01\x02", "got bytes that are no text"),
    ],
)
def test_what_is_no_playlist_is_refused(tmp_path, content, expected):
    with pytest.raises(ImportSourceError, match=expected):
        _import(M3uImporter, tmp_path, "x.m3u8", content)


def test_xspf_takes_all_that_it_says_and_the_first_location_that_can_be_used(tmp_path):
    track = (
        f"<track><location>gone.mp3</location><location>{URL}</location><title>A &amp; B &lt;script&gt;</title>"
        "<creator>Ines</creator><album>Record</album><duration>215400</duration><trackNum>3</trackNum></track>"
    )

    _, (stored,) = _import(XspfImporter, tmp_path, "x.xspf", OPENING + track + ENDING)

    assert (stored.title, stored.artist, stored.album, stored.duration_s) == ("A & B <script>", "Ines", "Record", 215.4)
    assert stored.url == URL


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            '<?xml version="1.0"?><!DOCTYPE p [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><playlist>&b;</playlist>',
            "expected a playlist without a document type",
        ),
        (
            '<!DOCTYPE p [<!ENTITY a SYSTEM "file:///etc/passwd">]><playlist>&a;</playlist>',
            "expected a playlist without a document type",
        ),
        ("<rss></rss>", "expected an XSPF playlist, got <rss>"),
        (OPENING, "expected an XSPF playlist: no element found"),
        ("<playlist>" * 60, "nested too deep"),
        ("", "expected an XSPF playlist"),
        (b"\x89PNG", "expected an XSPF playlist"),
    ],
)
def test_xml_that_is_no_playlist_or_may_be_a_bomb_is_refused(tmp_path, content, expected):
    with pytest.raises(ImportSourceError, match=expected):
        _import(XspfImporter, tmp_path, "x.xspf", content)


def test_jspf_takes_the_same_names(tmp_path):
    track = {"location": [URL], "title": "Song", "creator": "Ines", "duration": 215400, "trackNum": 2}

    report, (stored,) = _import(JspfImporter, tmp_path, "x.jspf", json.dumps({"playlist": {"track": [track, 3]}}))

    assert (stored.title, stored.artist, stored.duration_s) == ("Song", "Ines", 215.4)
    assert report.skipped == (("x.jspf, track 2", "expected an object, got 3"),)


@pytest.mark.parametrize(
    "content", ["", "[]", '{"playlist": 3}', "[" * 100_000, '{"playlist": {"track": 3}}', b"\xff\xfe"]
)
def test_json_that_is_no_playlist_is_refused(tmp_path, content):
    with pytest.raises(ImportSourceError, match=r"expected a (JSPF playlist|list of tracks)"):
        _import(JspfImporter, tmp_path, "x.jspf", content)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300), read=st.sampled_from([iter_m3u, iter_xspf]))
def test_any_bytes_are_a_playlist_or_refused(content, read, tmp_path_factory):
    path = tmp_path_factory.mktemp("lists") / "x"
    path.write_bytes(content if read is iter_m3u else OPENING.encode() + content)

    with contextlib.suppress(ImportSourceError):
        list(read(path))
