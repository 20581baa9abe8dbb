from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.exporting import CSV_COLUMNS, defuse_cell, iter_csv, iter_jsonl, iter_m3u8, restore_cell
from catalog.filters import TrackFilter
from catalog.models import TrackTag
from tests.factories import add_analyzed_track, add_track

if TYPE_CHECKING:
    from catalog.database import SessionFactory

FORMULA = '=HYPERLINK("http://example.org";"x")'


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", "''+1"])
def test_cells_that_a_spreadsheet_would_reckon_with_are_defused(text: str):
    assert defuse_cell(text) == f"'{text}"


@given(st.text() | st.from_regex(r"'*[=+\-@\t\r].*"))
def test_a_defused_cell_comes_back_unharmed(text: str):
    assert restore_cell(defuse_cell(text)) == text
    assert defuse_cell(text)[:1] not in {"=", "+", "-", "@", "\t", "\r"}


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
    assert restore_cell(row["title"]) == FORMULA


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
