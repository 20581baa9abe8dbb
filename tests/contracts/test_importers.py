"""What holds for every importer in the registry."""

from __future__ import annotations

import csv
import inspect
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from catalog.errors import ImportSourceError
from catalog.importers import IMPORTERS
from catalog.importers.freemusi import FreemusiImporter
from catalog.importers.importer import Action
from catalog.importers.incompetech import IncompetechImporter
from catalog.importers.recognizing import recognize_source
from catalog.models import Change, ImportBatch, Track
from catalog.queries import list_tracks
from tests.factories import make_database, write_music

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _make_folder(folder: Path) -> Path:
    for name in ("a.mp3", "b.flac", "sub/c.ogg"):
        write_music(folder / "music" / name, title=name, artist="Somebody")
    (folder / "music" / "broken.wav").write_text("no music")
    return folder / "music"


def _make_csv(folder: Path) -> Path:
    write_music(folder / "a.mp3", title="tagged")
    path = folder / "songs.csv"
    path.write_text("title,path,url\na,a.mp3,\nb,,https://example.org/b.mp3\nc,gone.mp3,\n")
    return path


def _make_jsonl(folder: Path) -> Path:
    write_music(folder / "a.mp3", title="tagged")
    path = folder / "songs.jsonl"
    lines = [
        {"title": "a", "path": "a.mp3", "moods": ["calm", "warm"]},
        {"title": "b", "url": "https://example.org/b.mp3"},
    ]
    path.write_text("\n".join([*(json.dumps(line) for line in lines), "no json"]))
    return path


def _make_m3u(folder: Path) -> Path:
    write_music(folder / "a.mp3", title="tagged")
    path = folder / "songs.m3u8"
    path.write_text("#EXTM3U\n#EXTINF:1,A - a\na.mp3\nhttps://example.org/b.mp3\ngone.mp3\n")
    return path


def _make_xspf(folder: Path) -> Path:
    write_music(folder / "a.mp3", title="tagged")
    path = folder / "songs.xspf"
    locations = ("a.mp3", "https://example.org/b.mp3", "gone.mp3")
    tracks = "".join(f"<track><location>{location}</location></track>" for location in locations)
    path.write_text(f'<playlist version="1" xmlns="http://xspf.org/ns/0/"><trackList>{tracks}</trackList></playlist>')
    return path


def _make_jspf(folder: Path) -> Path:
    write_music(folder / "a.mp3", title="tagged")
    path = folder / "songs.jspf"
    tracks = [{"location": ["a.mp3"]}, {"location": "https://example.org/b.mp3", "title": "b"}, {"location": []}]
    path.write_text(json.dumps({"playlist": {"track": tracks}}))
    return path


def _make_mtg_jamendo(folder: Path) -> Path:
    path = folder / "autotagging.tsv"
    rows = [
        "TRACK_ID\tARTIST_ID\tALBUM_ID\tPATH\tDURATION\tTAGS",
        "track_0000214\tartist_000014\talbum_000031\t14/214.mp3\t124.6\tgenre---punkrock\tmood/theme---dark",
        "track_0000215\tartist_000014\talbum_000031\t15/215.mp3\t151.4\tinstrument---guitar",
        "track_0000216",
    ]
    path.write_text("\n".join(rows))
    return path


def _make_incompetech(folder: Path) -> Path:
    return _make_table(
        folder / "incompetech.csv",
        IncompetechImporter.columns,
        {
            "usuan": "USUAN1",
            "title": "A",
            "feel": "Dark, Eerie",
            "bpm": "86",
            "mp3_filename": "A.mp3",
            "length_s": "106",
        },
        {"usuan": "USUAN2", "title": "B", "genre": "Horror", "bpm": "0", "mp3_filename": "B.mp3", "length_s": "0"},
        {"usuan": "USUAN3", "mp3_filename": "C.mp3"},
    )


def _make_freemusi(folder: Path) -> Path:
    by, by_nc = (f"http://creativecommons.org/licenses/{code}/3.0/" for code in ("by", "by-nc"))
    return _make_table(
        folder / "freemusi.csv",
        FreemusiImporter.columns,
        {"title": "A", "trackurl": "http://example.org/a.mp3", "licenseurl": by, "activity": "2", "genre": "Jazz"},
        {"title": "B", "trackurl": "http://example.org/b.mp3", "licenseurl": by_nc, "track": "2"},
        {"title": "C"},
    )


def _make_table(path: Path, columns: tuple[str, ...], *rows: dict[str, str]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path


SOURCES: dict[str, Callable[[Path], Path]] = {
    "folder": _make_folder,
    "csv": _make_csv,
    "jsonl": _make_jsonl,
    "m3u": _make_m3u,
    "xspf": _make_xspf,
    "jspf": _make_jspf,
    "mtg-jamendo": _make_mtg_jamendo,
    "incompetech": _make_incompetech,
    "freemusi": _make_freemusi,
}
ALL = pytest.mark.parametrize("name", IMPORTERS)


def test_every_importer_has_a_source_to_try():
    assert set(SOURCES) == set(IMPORTERS)


@ALL
def test_plan_streams_and_writes_nothing(name: str, tmp_path: Path):
    sessions = make_database(tmp_path)

    changes = IMPORTERS[name](sessions).plan(SOURCES[name](tmp_path))

    assert inspect.isgenerator(changes)
    assert {change.action for change in changes} == {Action.CREATE, Action.SKIP}
    with sessions() as session:
        assert list_tracks(session) == []


@ALL
def test_apply_does_what_plan_shows(name: str, tmp_path: Path):
    importer = IMPORTERS[name](make_database(tmp_path))
    source = SOURCES[name](tmp_path)
    planned = [change.action for change in importer.plan(source)]

    report = importer.apply(source)

    assert (report.created, report.n_skipped) == (planned.count(Action.CREATE), planned.count(Action.SKIP))


@ALL
def test_importing_twice_is_importing_once(name: str, tmp_path: Path):
    sessions = make_database(tmp_path)
    importer, source = IMPORTERS[name](sessions), SOURCES[name](tmp_path)

    first = importer.apply(source)
    with sessions() as session:
        before = list_tracks(session)
    second = importer.apply(source)

    with sessions() as session:
        assert list_tracks(session) == before
    assert (second.created, second.updated, second.unchanged) == (0, 0, first.created)
    assert second.skipped == first.skipped


@ALL
def test_every_skipped_entry_says_where_and_why(name: str, tmp_path: Path):
    report = IMPORTERS[name](make_database(tmp_path)).apply(SOURCES[name](tmp_path))

    assert report.skipped
    assert all(where and reason for where, reason in report.skipped)


@ALL
def test_the_report_is_plain_json(name: str, tmp_path: Path):
    report = IMPORTERS[name](make_database(tmp_path)).apply(SOURCES[name](tmp_path)).to_json()

    assert list(report)[:5] == ["created", "updated", "unchanged", "n_skipped", "skipped"]
    assert json.loads(json.dumps(report)) == report
    assert all(list(entry) == ["where", "reason"] for entry in report["skipped"])


@ALL
def test_a_source_that_is_not_there_is_refused(name: str, tmp_path: Path):
    with pytest.raises(ImportSourceError, match="expected"):
        IMPORTERS[name](make_database(tmp_path)).apply(tmp_path / "gone")


@ALL
def test_stopping_before_the_start_writes_nothing(name: str, tmp_path: Path):
    sessions = make_database(tmp_path)

    report = IMPORTERS[name](sessions).apply(SOURCES[name](tmp_path), should_stop=lambda: True)

    assert (report.created, report.is_complete) == (0, False)


@ALL
def test_new_tracks_note_the_source_they_are_given(name: str, tmp_path: Path):
    sessions = make_database(tmp_path)

    IMPORTERS[name](sessions, source="demo").apply(SOURCES[name](tmp_path))

    with sessions() as session:
        assert {track.source for track in list_tracks(session)} == {"demo"}


@ALL
def test_the_kind_of_every_source_is_found(name: str, tmp_path: Path):
    assert recognize_source(SOURCES[name](tmp_path)) == name


@ALL
def test_every_import_leaves_its_row_and_marks_its_tracks(name: str, tmp_path: Path):
    sessions = make_database(tmp_path)

    report = IMPORTERS[name](sessions).apply(SOURCES[name](tmp_path), who="ines")

    with sessions() as session:
        batch = session.scalars(select(ImportBatch)).one()
        assert (batch.id, batch.importer, batch.who, batch.status) == (report.import_id, name, "ines", "done")
        assert (batch.n_created, batch.n_skipped) == (report.created, report.n_skipped)
        assert batch.report["skipped"] == report.to_json()["skipped"]
        assert batch.finished_at is not None
        assert {track.import_id for track in session.scalars(select(Track))} == {report.import_id}


@ALL
def test_an_update_keeps_what_it_overwrote(name: str, tmp_path: Path):
    sessions, source = make_database(tmp_path), SOURCES[name](tmp_path)
    importer = IMPORTERS[name](sessions)
    importer.apply(source)
    with sessions.begin() as session:
        track = session.scalars(select(Track).order_by(Track.id)).first()
        track.duration_s, track.size_bytes = 500.0, 1
        track_id = track.id

    report = importer.apply(source, who="ines")

    with sessions() as session:
        changes = session.scalars(select(Change).where(Change.track_id.is_not(None))).all()
        assert [(change.track_id, change.who, change.import_id) for change in changes] == (
            [(track_id, "ines", report.import_id)] if report.updated else []
        )
        assert all(change.before["duration_s"] == 500.0 for change in changes)
        assert all(change.after.keys() == change.before.keys() for change in changes)


@ALL
def test_an_import_that_breaks_off_says_so_and_keeps_whole_rows(name: str, tmp_path: Path):
    sessions = make_database(tmp_path)

    def break_off(_n_done: int, _n_total: int | None) -> None:
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        IMPORTERS[name](sessions).apply(SOURCES[name](tmp_path), on_progress=break_off)

    with sessions() as session:
        batch = session.scalars(select(ImportBatch)).one()
        assert (batch.status, batch.report["problem"]) == ("failed", "out of memory")
        assert batch.n_created == len(list_tracks(session))


@ALL
def test_every_skipped_entry_is_handed_over_however_many_there_are(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("catalog.importers.tally.MAX_LISTED_SKIPS", 0)
    kept: list[tuple[str, str]] = []

    report = IMPORTERS[name](make_database(tmp_path)).apply(
        SOURCES[name](tmp_path), on_skip=lambda where, reason: kept.append((where, reason))
    )

    assert report.skipped == ()
    assert len(kept) == report.n_skipped > 0


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
urls = st.sampled_from(["https://example.org/1", "https://example.org/2", "", "no url"])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(cells, cells, urls, cells), max_size=8))
def test_any_list_imported_twice_is_imported_once(
    rows: list[tuple[str, str, str, str]], tmp_path_factory: pytest.TempPathFactory
):
    folder = tmp_path_factory.mktemp("lists")
    quoted = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    path = folder / "songs.csv"
    path.write_text("title,artist,url,year\n" + "\n".join(quoted), encoding="utf-8", newline="")
    importer = IMPORTERS["csv"](make_database(folder))

    first, second = importer.apply(path), importer.apply(path)

    assert (second.created, second.updated, second.unchanged) == (0, 0, first.created)
    assert second.skipped == first.skipped
