from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from catalog.changes import edit_tracks, store_analysis, store_failure
from catalog.edit_values import TrackEdit
from catalog.errors import ImportSourceError
from catalog.history import ChangeOrigin
from catalog.importers import applying
from catalog.importers.batch_log import ImportOrigin
from catalog.importers.folder import FolderImporter
from catalog.importers.importer import Action, ImportReport, PlannedChange
from catalog.models import Artist, Track
from catalog.queries import TrackFacts, catalog_revision, list_tracks
from tests.factories import FakeAnalysis, make_database, write_music, write_tags

if TYPE_CHECKING:
    from catalog.database import SessionFactory


@pytest.fixture
def sessions(tmp_path: Path) -> SessionFactory:
    return make_database(tmp_path)


@pytest.fixture
def music(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    folder.mkdir()
    return folder


def _tracks(sessions: SessionFactory) -> list[TrackFacts]:
    with sessions() as session:
        return list_tracks(session, limit=1000)


def _write(sessions: SessionFactory, changes: list[PlannedChange]) -> ImportReport:
    origin = ImportOrigin("folder", "music", {}, "ines")
    return applying.ImportWriter(sessions, "folder", origin).write(lambda: (changes, None))


def _age(path: Path) -> None:
    """Let the file's time differ, however quick the test is."""
    facts = path.stat()
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns + 1_000_000_000))


def test_plan_shows_what_would_change_and_writes_nothing(sessions: SessionFactory, music: Path):
    write_music(music / "a.mp3", title="Vibe Ace")
    (music / "b.mp3").touch()

    changes = list(FolderImporter(sessions).plan(music))

    assert [(change.action, Path(change.where).name) for change in changes] == [
        (Action.CREATE, "a.mp3"),
        (Action.SKIP, "b.mp3"),
    ]
    assert _tracks(sessions) == []


def test_tracks_keep_what_their_tags_say(sessions: SessionFactory, music: Path):
    path = write_music(
        music / "x.flac", title="Vibe Ace", artist="Kevin MacLeod", album="Jazz", genre="Jazz", date="2011"
    )

    FolderImporter(sessions).apply(music)

    (track,) = _tracks(sessions)
    assert (track.title, track.artist, track.album, track.genre, track.year) == (
        "Vibe Ace",
        "Kevin MacLeod",
        "Jazz",
        "Jazz",
        2011,
    )
    assert (track.path, track.source, track.status) == (str(path), "folder", "pending")


def test_tracks_of_one_artist_share_a_row(sessions: SessionFactory, music: Path):
    for number, artist in enumerate(["Kevin MacLeod", "KEVIN MACLEOD", "Kevin  MacLeod"]):
        write_music(music / f"{number}.flac", title=str(number), artist=artist)

    FolderImporter(sessions).apply(music)

    with sessions() as session:
        assert session.scalars(select(Artist.name)).all() == ["Kevin MacLeod"]


def test_a_moved_file_keeps_its_row_and_its_edits(sessions: SessionFactory, music: Path):
    write_music(music / "a" / "x.mp3", title="Vibe Ace")
    FolderImporter(sessions).apply(music)
    before = _tracks(sessions)[0]
    with sessions.begin() as session:
        edit_tracks(session, [before.track_id], TrackEdit({"title": "My Favorite"}), ChangeOrigin("ann"))

    (music / "a").rename(music / "b")
    report = FolderImporter(sessions).apply(music)

    (after,) = _tracks(sessions)
    assert (report.created, report.updated) == (0, 1)
    assert (after.track_id, after.title, after.path) == (before.track_id, "My Favorite", str(music / "b" / "x.mp3"))


def test_a_copy_is_a_track_of_its_own(sessions: SessionFactory, music: Path):
    write_music(music / "x.mp3", title="Vibe Ace")
    FolderImporter(sessions).apply(music)

    shutil.copy(music / "x.mp3", music / "y.mp3")
    report = FolderImporter(sessions).apply(music)

    assert (report.created, report.unchanged, len(_tracks(sessions))) == (1, 1, 2)


def test_of_two_copies_of_a_gone_file_one_is_the_moved_track(sessions: SessionFactory, music: Path):
    path = write_music(music / "x.mp3", title="Vibe Ace")
    FolderImporter(sessions).apply(music)

    shutil.copy(path, music / "y.mp3")
    path.rename(music / "z.mp3")
    report = FolderImporter(sessions).apply(music)

    assert (report.created, report.updated, len(_tracks(sessions))) == (1, 1, 2)


def test_files_that_are_gone_keep_their_tracks(sessions: SessionFactory, music: Path):
    path = write_music(music / "x.mp3")
    FolderImporter(sessions).apply(music)

    path.unlink()
    write_music(music / "y.mp3", frequency_hz=880.0)
    report = FolderImporter(sessions).apply(music)

    assert (report.created, report.updated, report.unchanged, len(_tracks(sessions))) == (1, 0, 0, 2)


def test_new_tags_update_a_track_and_keep_its_analysis(sessions: SessionFactory, music: Path):
    path = write_music(music / "x.mp3", title="Old", artist="Somebody")
    FolderImporter(sessions).apply(music)
    _analyze(sessions)

    write_tags(path, title="New")
    _age(path)
    report = FolderImporter(sessions).apply(music)

    (track,) = _tracks(sessions)
    assert (report.updated, track.title, track.artist, track.status) == (1, "New", "Somebody", "analyzed")


def test_new_tags_leave_alone_what_a_curator_wrote(sessions: SessionFactory, music: Path):
    path = write_music(music / "x.mp3", title="Old", artist="Somebody", album="Old")
    FolderImporter(sessions).apply(music)
    with sessions.begin() as session:
        edit_tracks(
            session, [_tracks(sessions)[0].track_id], TrackEdit({"title": "Mine", "artist": None}), ChangeOrigin("ann")
        )

    write_tags(path, title="New", artist="Another", album="New")
    _age(path)
    FolderImporter(sessions).apply(music)

    (track,) = _tracks(sessions)
    assert (track.title, track.artist, track.album) == ("Mine", "", "New")


def test_a_new_sound_at_an_old_path_waits_for_analysis_again(sessions: SessionFactory, music: Path):
    path = write_music(music / "x.mp3", frequency_hz=440.0)
    FolderImporter(sessions).apply(music)
    _analyze(sessions)

    write_music(path, frequency_hz=880.0)
    _age(path)
    FolderImporter(sessions).apply(music)

    (track,) = _tracks(sessions)
    assert track.status == "pending"


def test_a_file_that_failed_gets_another_chance_when_it_changes(sessions: SessionFactory, music: Path):
    path = write_music(music / "x.mp3")
    FolderImporter(sessions).apply(music)
    with sessions.begin() as session:
        track = session.scalars(select(Track)).one()
        store_failure(session, track.id, "no sound", content_hash=track.content_hash)

    _age(path)
    FolderImporter(sessions).apply(music)

    (facts,) = _tracks(sessions)
    assert (facts.status, facts.failure_reason) == ("pending", None)


def test_an_unchanged_file_is_not_opened_again(sessions: SessionFactory, music: Path):
    path = write_music(music / "x.mp3", title="Vibe Ace")
    FolderImporter(sessions).apply(music)
    facts = path.stat()

    # Same size and time, other bytes: only a reader would notice.
    path.write_bytes(b"\0" * facts.st_size)
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    report = FolderImporter(sessions).apply(music)

    assert (report.unchanged, report.n_skipped) == (1, 0)


def test_importing_again_counts_no_revision(sessions: SessionFactory, music: Path):
    write_music(music / "x.mp3")
    FolderImporter(sessions).apply(music)
    with sessions() as session:
        before = catalog_revision(session)

    FolderImporter(sessions).apply(music)

    with sessions() as session:
        assert catalog_revision(session) == before


def test_progress_names_how_many_there_are(sessions: SessionFactory, music: Path):
    for number in range(3):
        write_music(music / f"{number}.flac")
    progress: list[tuple[int, int | None]] = []

    FolderImporter(sessions).apply(music, on_progress=lambda n_done, n_total: progress.append((n_done, n_total)))

    assert progress == [(3, 3)]


def test_a_stopped_import_keeps_what_is_stored_and_goes_on_next_time(
    sessions: SessionFactory, music: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("catalog.importers.batches.iter_batches.__defaults__", (2,))
    for number in range(5):
        write_music(music / f"{number}.flac", title=str(number))
    asked = iter([False, True])

    first = FolderImporter(sessions).apply(music, should_stop=lambda: next(asked))
    second = FolderImporter(sessions).apply(music)

    assert (first.created, first.is_complete) == (2, False)
    assert (second.created, second.unchanged, second.is_complete) == (3, 2, True)


def test_an_entry_that_another_import_stored_first_spoils_no_other(sessions: SessionFactory, music: Path):
    for name in ("a", "b", "c"):
        write_music(music / f"{name}.flac", title=name)
    changes = list(FolderImporter(sessions).plan(music))
    FolderImporter(sessions, source="other").apply(write_music(music / "sub" / "d.flac").parent)
    with sessions.begin() as session:
        session.add(Track(title="b", source="other", path=str(music / "b.flac")))

    report = _write(sessions, changes)

    assert report.created == 2
    assert [(Path(where).name, reason) for where, reason in report.skipped] == [
        ("b.flac", "another import stores it at this moment; import again")
    ]


def test_a_track_deleted_meanwhile_is_skipped(sessions: SessionFactory, music: Path):
    path = write_music(music / "x.mp3", title="Old")
    FolderImporter(sessions).apply(music)
    write_tags(path, title="New")
    _age(path)
    changes = list(FolderImporter(sessions).plan(music))
    with sessions.begin() as session:
        session.delete(session.scalars(select(Track)).one())

    report = _write(sessions, changes)

    assert [reason for _, reason in report.skipped] == ["the track was deleted meanwhile"]


def test_many_refusals_are_counted_and_some_named(
    sessions: SessionFactory, music: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("catalog.importers.tally.MAX_LISTED_SKIPS", 2)
    for number in range(4):
        (music / f"{number}.mp3").touch()

    report = FolderImporter(sessions).apply(music)

    assert (len(report.skipped), report.n_skipped) == (2, 4)


@pytest.mark.parametrize(("name", "expected"), [("gone", "does not exist"), ("file.txt", "is a file")])
def test_what_is_no_folder_is_refused(sessions: SessionFactory, music: Path, name: str, expected: str):
    (music / "file.txt").touch()

    with pytest.raises(ImportSourceError, match=expected):
        FolderImporter(sessions).apply(music / name)


@pytest.mark.data
def test_the_material_imports_twice_with_its_duplicate_and_its_garbled_artist(
    sessions: SessionFactory, material_dir: Path
):
    folder = material_dir / "data/music/audio/free_tagged"

    first, second = FolderImporter(sessions).apply(folder), FolderImporter(sessions).apply(folder)

    artists = [track.artist for track in _tracks(sessions)]
    assert (first.created, first.n_skipped, second.unchanged, second.updated) == (32, 0, 32, 0)
    assert "Александр Желанов" in artists
    assert artists.count("John Harrison with the Wichita State University Chamber Players") == 2


def _analyze(sessions: SessionFactory) -> None:
    with sessions.begin() as session:
        track = session.scalars(select(Track)).one()
        assert store_analysis(session, track.id, FakeAnalysis(), content_hash=track.content_hash)
