from __future__ import annotations

import gzip
import json
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.errors import ImportSourceError
from catalog.importers import text_source
from catalog.importers.csv_file import CsvImporter
from catalog.importers.importer import ImportOptions
from catalog.importers.jsonl_file import JsonlImporter
from catalog.importers.seen import SeenAddresses
from catalog.models import AffectCorrection, AudioFeatures, Track, TrackTag
from catalog.queries import list_tracks
from tests.factories import make_database

URL = "https://example.org/1.mp3"


def _import(importer_type, tmp_path, name, content, column_map=""):
    sessions = make_database(tmp_path)
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    report = importer_type(sessions, options=ImportOptions(column_map=column_map)).apply(path)
    return report, sessions


def test_a_map_names_the_columns_of_any_program(tmp_path):
    content = f"Song Name;Length;Web;V;A;Beat\nSong;215400;{URL};0.75;5;128\n"
    column_map = "title=Song Name,duration_s=Length:ms,url=Web,valence=V:0..1,arousal=A:1..9,tempo_bpm=Beat"

    _, sessions = _import(CsvImporter, tmp_path, "x.csv", content, column_map)

    with sessions() as session:
        track, place = session.query(Track).one(), session.query(AffectCorrection).one()
        assert (track.title, track.duration_s, track.url) == ("Song", 215.4, URL)
        assert (place.valence, place.arousal, place.who) == (0.5, 0.0, "import 1")
        assert place.happy + place.sad + place.angry + place.neutral == pytest.approx(1)
        assert session.query(AudioFeatures).one().tempo_bpm == 128


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ("1.5,0", "valence: expected a number within -1..1, got '1.5'"),
        ("0.5,", "valence and arousal: expected both or neither, got one"),
        ("0.5,loud", "arousal: expected a number within -1..1, got 'loud'"),
    ],
)
def test_affect_outside_its_scale_is_refused(tmp_path, cells, reason):
    content = f"title,url,v,a\nx,{URL},{cells}\n"

    report, _ = _import(CsvImporter, tmp_path, "x.csv", content, "valence=v:-1..1,arousal=a:-1..1")

    assert report.skipped == (("x.csv, row 2", reason),)


def test_a_curators_correction_is_not_overwritten(tmp_path):
    column_map = "valence=v:-1..1,arousal=a:-1..1"
    _, sessions = _import(CsvImporter, tmp_path, "x.csv", f"title,url,v,a\nx,{URL},0.5,0.5\n", column_map)
    with sessions.begin() as session:
        session.query(AffectCorrection).one().who = "ines@example.org"

    (tmp_path / "x.csv").write_text(f"title,url,v,a\nx,{URL},-1,-1\n")
    report = CsvImporter(sessions, options=ImportOptions(column_map=column_map)).apply(tmp_path / "x.csv")

    with sessions() as session:
        assert (report.unchanged, session.query(AffectCorrection).one().valence) == (1, 0.5)


def test_a_map_for_a_column_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ImportSourceError, match="expected a column among title, url, got 'Song' for title"):
        _import(CsvImporter, tmp_path, "x.csv", f"title,url\nx,{URL}\n", "title=Song")


def test_a_field_may_be_left_out(tmp_path):
    _, sessions = _import(CsvImporter, tmp_path, "x.csv", f"title,url,artist\nx,{URL},y\n", "artist=-")

    with sessions() as session:
        assert list_tracks(session)[0].artist == ""


def test_the_layout_shows_columns_rows_and_what_waits_for_a_unit(tmp_path):
    (tmp_path / "x.csv").write_text(f"Song,Link,Valence,Time\nx,{URL},0.3,3:35\n")

    layout = CsvImporter(make_database(tmp_path)).describe(tmp_path / "x.csv")

    assert str(layout.column_map) == "title=Song,url=Link,duration_s=Time:mm:ss"
    assert layout.open_units == ("valence=Valence:0..1",)
    assert layout.rows == (("x", URL, "0.3", "3:35"),)


def test_packed_and_utf16_lists_are_read(tmp_path):
    content = f"title,url\nÉté,{URL}\n"

    for name, raw in (("a.csv", gzip.compress(content.encode())), ("b.csv", content.encode("utf-16"))):
        (tmp_path / name).mkdir()
        _, sessions = _import(CsvImporter, tmp_path / name, name + ".list", raw)
        with sessions() as session:
            assert list_tracks(session)[0].title == "Été"


def test_a_packed_list_that_ends_too_early_says_so_and_keeps_what_came_before(tmp_path):
    rows = "".join(f"t{number},https://example.org/{number}\n" for number in range(20_000))
    packed = gzip.compress(f"title,url\n{rows}".encode())

    with pytest.raises(ImportSourceError, match=r"x.csv.gz, row \d+: the file is damaged from here on"):
        _import(CsvImporter, tmp_path, "x.csv.gz", packed[: len(packed) // 2])


def test_formulas_and_scripts_in_cells_stay_text(tmp_path):
    cells = ['=HYPERLINK("http://x")', "+1+1", "@SUM(1)", "<script>alert(1)</script>"]
    lines = [f'"{cell.replace(chr(34), chr(34) * 2)}",https://example.org/{i}' for i, cell in enumerate(cells)]

    _, sessions = _import(CsvImporter, tmp_path, "x.csv", "\n".join(["title,url", *lines]))

    with sessions() as session:
        assert sorted(track.title for track in list_tracks(session)) == sorted(cells)


def test_a_line_without_an_end_cannot_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(text_source, "MAX_LINE_LENGTH", 1000)
    content = f"title,url\n{'x' * 100_000}\ngood,{URL}\n"

    report, _ = _import(CsvImporter, tmp_path, "x.csv", content)

    assert (report.created, report.skipped) == (1, (("x.csv, row 2", "expected 2 fields, got 1"),))


def test_jsonl_takes_numbers_and_lists(tmp_path):
    line = {"title": "Song", "url": URL, "year": 2011.0, "duration_s": 215.4, "moods": ["Calm", "a, b"], "bpm": 90}

    _, sessions = _import(JsonlImporter, tmp_path, "x.jsonl", json.dumps(line))

    with sessions() as session:
        track = session.query(Track).one()
        assert (track.title, track.year, track.duration_s) == ("Song", 2011, 215.4)
        assert ("mood", "calm") in {(tag.kind, tag.name) for tag in session.query(TrackTag)}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("no json", "expected a JSON object: Expecting value"),
        ("[1]", "expected a JSON object, got '[1]'"),
        ('{"title": {"a": 1}}', 'title: expected text, a number or a list of texts, got {"a": 1}'),
        ("[" * 100_000, "expected a JSON object"),
        ('{"title": "\\ud800", "url": "https://example.org/2"}', "title: expected one, got nothing"),
        ('{"title": "x", "url": "https://example.org/\\ud800"}', "url: expected http"),
        ('{"title": "x", "path": "\\u0000"}', "path: embedded null byte"),
        ('{"title": "x", "url": "https://example.org/3", "year": 1e400}', "year: expected a number"),
    ],
)
def test_a_bad_line_is_skipped_with_its_reason(tmp_path, line, reason):
    good = json.dumps({"title": "x", "url": URL})

    report, _ = _import(JsonlImporter, tmp_path, "x.jsonl", f"{good}\n{line}\n")

    assert report.created == 1
    assert report.skipped[0][0] == "x.jsonl, line 2"
    assert report.skipped[0][1].startswith(reason)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3),
)
keys = st.sampled_from(["title", "url", "year", "duration_s", "moods", "path", "valence", "other"])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.dictionaries(keys, values, max_size=5), max_size=5))
def test_any_objects_come_in_or_are_skipped(rows, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lists")
    good = {"title": "x", "url": URL}

    report, _ = _import(JsonlImporter, folder, "x.jsonl", "\n".join(json.dumps(row) for row in [good, *rows]))

    assert report.created + report.unchanged + report.n_skipped == 1 + len(rows)


def test_addresses_are_remembered_without_keeping_them():
    with SeenAddresses() as seen:
        assert seen.add(["a", "b"])
        assert not seen.add(["c", "b"])
        assert seen.add(["c"])


def test_a_list_whose_name_is_no_utf8_is_imported_and_its_bad_rows_named(tmp_path):
    report, _ = _import(CsvImporter, tmp_path, os.fsdecode(b"caf\xe9.csv"), f"title,url\nx,{URL}\ny,no url\n")

    assert report.created == 1
    assert report.skipped[0][0] == "caf?.csv, row 3"
