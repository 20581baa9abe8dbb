from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from app.services.errors import ForbiddenPathError
from app.services.library import LibraryService
from catalog.errors import ImportSourceError, TrackNotFoundError
from catalog.filters import TrackFilter
from catalog.models import TrackStatus
from catalog.queries import count_tracks, list_tracks
from tests.analyzers import analyze_by_name
from tests.factories import add_analyzed_track, add_track, make_database, write_music

if TYPE_CHECKING:
    from pathlib import Path

    from catalog.database import SessionFactory


@pytest.fixture
def sessions(tmp_path: Path) -> SessionFactory:
    return make_database(tmp_path)


@pytest.fixture
def library(sessions: SessionFactory, tmp_path: Path) -> LibraryService:
    return LibraryService(sessions, tmp_path / "data", analyzer=analyze_by_name)


@pytest.fixture
def music(tmp_path: Path) -> Path:
    for name in ("a", "b"):
        write_music(tmp_path / "music" / f"{name}.flac", title=name, artist="Somebody")
    return tmp_path / "music"


def test_music_comes_in_is_analyzed_and_indexed(library: LibraryService, music: Path):
    imported = library.import_source("folder", music)
    analyzed = library.analyze_pending()
    index = library.rebuild_index()

    assert (imported.created, analyzed.n_analyzed) == (2, 2)
    assert (index.n_indexed, index.n_embeddings, index.is_current, index.problem) == (2, 2, True, "")


def test_a_list_comes_in(library: LibraryService, sessions: SessionFactory, music: Path):
    (music / "songs.csv").write_text("title,path\nNamed by the list,a.flac\n")

    report = library.import_source("csv", music / "songs.csv")

    assert report.created == 1
    with sessions() as session:
        assert list_tracks(session)[0].title == "Named by the list"


def test_unknown_tracks_are_refused(library: LibraryService):
    with pytest.raises(TrackNotFoundError, match="no track 7"):
        library.get_track(7)


def test_failed_tracks_may_try_again(library: LibraryService, sessions: SessionFactory):
    with sessions.begin() as session:
        track_ids = [add_track(session, status=TrackStatus.FAILED, failure_reason="x").id for _ in range(3)]

    n_some, n_rest = library.retry_failed(track_ids[:1]), library.retry_failed()

    assert (n_some, n_rest) == (1, 2)
    assert library.count_by_status() == {"pending": 3, "analyzed": 0, "failed": 0}


def test_the_index_knows_that_it_is_old(library: LibraryService, sessions: SessionFactory):
    with sessions.begin() as session:
        add_track(session)
    library.rebuild_index()

    with sessions.begin() as session:
        add_track(session)

    assert library.index_status().is_current is False
    assert library.rebuild_index().is_current is True


def test_without_an_index_the_status_says_what_is_wrong(library: LibraryService):
    status = library.index_status()

    assert (status.n_indexed, status.built_at, status.is_current) == (0, None, False)
    assert "cannot read the track index" in status.problem


def test_a_corrupt_index_is_named_and_rebuilt(library: LibraryService):
    library.rebuild_index()
    library.index_path.write_bytes(b"not an index")

    problem, rebuilt = library.index_status().problem, library.rebuild_index()

    assert "cannot read the track index" in problem
    assert rebuilt.problem == ""


def test_only_embeddings_of_the_serving_model_are_indexed(
    library: LibraryService, sessions: SessionFactory, music: Path
):
    library.import_source("folder", music)
    library.analyze_pending()
    with sessions.begin() as session:
        add_analyzed_track(session, model="another")

    assert library.rebuild_index().n_indexed == 2


@pytest.mark.parametrize("way_out", ["../outside", "link", "/etc"])
def test_imports_stay_within_the_allowed_roots(sessions: SessionFactory, tmp_path: Path, way_out: str):
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    write_music(outside / "x.flac")
    (root / "link").symlink_to(outside)
    library = LibraryService(sessions, tmp_path / "data", [root])

    with pytest.raises(ForbiddenPathError, match="expected a path in"):
        library.import_source("folder", root / way_out)
    with pytest.raises(ForbiddenPathError, match="EMOTITUNE_LIBRARY_ROOTS"):
        library.import_source("csv", root / way_out / "songs.csv")


def test_a_root_is_allowed_and_its_namesake_is_not(sessions: SessionFactory, tmp_path: Path):
    write_music(tmp_path / "music" / "x.flac")
    write_music(tmp_path / "music-of-others" / "x.flac")
    library = LibraryService(sessions, tmp_path / "data", [tmp_path / "music"])

    assert library.import_source("folder", tmp_path / "music").created == 1
    with pytest.raises(ForbiddenPathError, match="music-of-others"):
        library.import_source("folder", tmp_path / "music-of-others")


def test_a_folder_that_is_not_there_is_refused(library: LibraryService, tmp_path: Path):
    with pytest.raises(ImportSourceError, match="does not exist"):
        library.import_source("folder", tmp_path / "gone")


def test_a_path_that_is_none_is_refused(library: LibraryService, tmp_path: Path):
    with pytest.raises(ForbiddenPathError, match="is no path"):
        library.import_source("folder", tmp_path / "zero\0byte")


@pytest.mark.slow
def test_real_music_is_analyzed_in_two_processes(sessions: SessionFactory, tmp_path: Path):
    for number, frequency_hz in enumerate((220.0, 440.0)):
        write_music(tmp_path / "music" / f"{number}.mp3", duration_s=6.0, frequency_hz=frequency_hz)
    (tmp_path / "music" / "short.wav").write_bytes(write_music(tmp_path / "s.wav", duration_s=0.2).read_bytes())
    library = LibraryService(sessions, tmp_path / "data", n_workers=2)
    library.import_source("folder", tmp_path / "music")

    report = library.analyze_pending()
    index = library.rebuild_index()

    assert (report.n_analyzed, report.n_failed, index.n_indexed) == (2, 1, 2)
    with sessions() as session:
        track = list_tracks(session, TrackFilter(status=TrackStatus.ANALYZED))[0]
    assert track.duration_s == pytest.approx(6.0, abs=0.1)
    assert track.shares is not None
    assert set(track.shares) == {"happy", "sad", "angry", "neutral"}


def test_the_demo_library_may_always_be_imported(sessions: SessionFactory, tmp_path: Path):
    root = tmp_path / "root"
    root.mkdir()
    library = LibraryService(sessions, tmp_path / "data", [root])
    write_music(library.demo_dir / "x.mp3", title="Rendered")

    report = library.import_source("folder", library.demo_dir)

    assert report.created == 1


def test_an_import_whose_folder_vanishes_loses_nothing(library: LibraryService, sessions: SessionFactory, music: Path):
    library.import_source("folder", music)

    shutil.rmtree(music)
    with pytest.raises(ImportSourceError, match="does not exist"):
        library.import_source("folder", music)

    with sessions() as session:
        assert count_tracks(session) == 2
