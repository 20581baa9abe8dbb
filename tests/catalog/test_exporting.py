from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

from catalog.exporting import CSV_COLUMNS, iter_csv, iter_jsonl, iter_m3u8
from catalog.filters import TrackFilter
from catalog.importers import IMPORTERS
from catalog.models import TrackTag
from catalog.queries import list_tracks
from tests.factories import add_analyzed_track, add_track

if TYPE_CHECKING:
    from pathlib import Path

    from catalog.database import SessionFactory

FORMULA = '=HYPERLINK("http://example.org";"x")'


def test_a_csv_file_holds_what_the_filter_means_and_no_formula(session_factory: SessionFactory):
    with session_factory.begin() as session:
        track = add_analyzed_track(session, FORMULA, artist="@home", path="/a.mp3", genre="Jazz", valence=-0.5)
        track.tags.append(TrackTag(kind="mood", name="calm"))
        add_track(session, "not meant")

    with session_factory() as session:
        rows = list(csv.DictReader(io.StringIO("".join(iter_csv(session, TrackFilter(genre="Jazz"))))))

    assert [tuple(row) for row in rows] == [CSV_COLUMNS]
    row = rows[0]
    assert (row["title"], row["artist"], row["tags"]) == (f"'{FORMULA}", "'@home", "mood:calm")
    assert (row["effective_valence"], row["path"]) == ("-0.5", "/a.mp3")


def test_an_exported_file_imports_unharmed(session_factory: SessionFactory, tmp_path: Path):
    with session_factory.begin() as session:
        add_analyzed_track(session, FORMULA, artist="@home", url="https://example.org/a.mp3", genre="-core")
    with session_factory() as session:
        (tmp_path / "tracks.csv").write_text("".join(iter_csv(session)), encoding="utf-8")

    report = IMPORTERS["csv"](session_factory).apply(tmp_path / "tracks.csv")

    with session_factory() as session:
        (track,) = list_tracks(session)
    assert (report.created, report.skipped) == (0, ())
    assert (track.title, track.artist, track.genre) == (FORMULA, "@home", "-core")


def test_json_lines_hold_a_track_each(session_factory: SessionFactory):
    with session_factory.begin() as session:
        add_analyzed_track(session, "Vibe Ace\n2")
        add_track(session, "Ünlü")

    with session_factory() as session:
        rows = [json.loads(line) for line in "".join(iter_jsonl(session)).splitlines()]

    assert [row["title"] for row in rows] == ["Vibe Ace\n2", "Ünlü"]
    assert (rows[0]["valence"], rows[1]["shares"], rows[1]["tags"]) == (0.2, None, [])


def test_a_playlist_names_only_what_can_be_played_a_line_each(session_factory: SessionFactory):
    with session_factory.begin() as session:
        add_track(session, "a\n#EXTINF:evil", artist="Ann", path="/music/a.mp3", duration_s=61.6)
        add_track(session, "b", url="https://example.org/b.mp3")
        add_track(session, "c")

    with session_factory() as session:
        lines = "".join(iter_m3u8(session)).splitlines()

    assert lines == [
        "#EXTM3U",
        "#EXTINF:62,Ann - a #EXTINF:evil",
        "/music/a.mp3",
        "#EXTINF:-1,b",
        "https://example.org/b.mp3",
    ]
