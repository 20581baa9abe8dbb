from __future__ import annotations

import pytest

from app.services.library import LibraryService
from app.services.readiness import ReadinessService
from catalog.database import make_session_factory, open_engine
from recognizer.bundles import resolve_bundle
from recognizer.inference import EmotionRecognizer
from tests.app.libraries import add_tracks, open_catalog
from tests.bundles import write_tiny_bundle
from tests.factories import add_track


@pytest.fixture
def sessions(tmp_path):
    return open_catalog(f"sqlite:///{tmp_path / 'catalog.db'}")


@pytest.fixture
def recognizer(tmp_path):
    write_tiny_bundle(tmp_path / "tiny")
    return EmotionRecognizer.load(tmp_path / "tiny")


def check(library, recognizer):
    checks = ReadinessService(library, lambda: recognizer).check()
    return {each.name: (each.ok, each.message) for each in checks}


def test_all_is_well_when_music_index_and_recognizer_are_there(sessions, recognizer, tmp_path):
    add_tracks(sessions, tmp_path / "music", 3)
    library = LibraryService(sessions, tmp_path)
    library.rebuild_index()

    assert check(library, recognizer) == {
        "database": (True, "3 tracks"),
        "catalog": (True, "3 tracks can be played"),
        "index": (True, "3 tracks, current"),
        "recognizer": (True, "tiny 1.0"),
    }


def test_an_empty_catalog_says_how_to_get_music(sessions, recognizer, tmp_path):
    checks = check(LibraryService(sessions, tmp_path), recognizer)

    ok, message = checks["catalog"]
    assert not ok
    assert "emotitune catalog import folder" in message
    assert checks["database"] == (True, "0 tracks")


def test_tracks_that_wait_say_what_analyzes_them(sessions, recognizer, tmp_path):
    with sessions.begin() as session:
        add_track(session, path="/music/piece.mp3")
    library = LibraryService(sessions, tmp_path)

    ok, message = check(library, recognizer)["catalog"]
    assert not ok
    assert message.startswith("1 tracks wait for analysis; `emotitune worker`")

    add_tracks(sessions, tmp_path / "music", 2)

    assert check(library, recognizer)["catalog"] == (True, "2 tracks can be played, 1 wait for analysis")


def test_an_index_older_than_the_catalog_serves_and_says_so(sessions, recognizer, tmp_path):
    add_tracks(sessions, tmp_path / "music", 3)
    library = LibraryService(sessions, tmp_path)
    library.rebuild_index()
    add_tracks(sessions, tmp_path / "music", 1, seed=1)

    ok, message = check(library, recognizer)["index"]

    assert ok
    assert message == "3 tracks, older than the catalog, a new one is being built"


def test_a_missing_index_heals_itself_where_there_is_music(sessions, recognizer, tmp_path):
    add_tracks(sessions, tmp_path / "music", 3)

    assert check(LibraryService(sessions, tmp_path), recognizer)["index"] == (
        True,
        "it will be built with the next playlist",
    )


def test_a_database_that_is_not_migrated_says_how_to_migrate_it(recognizer, tmp_path):
    sessions = make_session_factory(open_engine(f"sqlite:///{tmp_path / 'catalog.db'}"))

    checks = check(LibraryService(sessions, tmp_path), recognizer)

    ok, message = checks["database"]
    assert not ok
    assert "emotitune database upgrade" in message
    assert list(checks) == ["database", "recognizer"]


def test_a_missing_recognizer_is_named(sessions, tmp_path):
    service = ReadinessService(LibraryService(sessions, tmp_path), lambda: resolve_bundle("nobody's"))

    recognizer = service.check()[-1]

    assert (recognizer.name, recognizer.ok) == ("recognizer", False)
    assert 'got "nobody\'s"' in recognizer.message


def test_looking_changes_nothing(sessions, recognizer, tmp_path):
    library = LibraryService(sessions, tmp_path)

    check(library, recognizer)

    assert not library.index_path.exists()
