"""What holds for every importer in the registry."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.errors import ImportSourceError
from catalog.importers import IMPORTERS
from catalog.importers.importer import Action
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


SOURCES: dict[str, Callable[[Path], Path]] = {"folder": _make_folder, "csv": _make_csv}
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

    assert list(report) == ["created", "updated", "unchanged", "n_skipped", "skipped", "is_complete"]
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
