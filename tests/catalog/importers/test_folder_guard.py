from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from catalog.errors import ImportRefusedError
from catalog.importers.folder import FolderImporter
from catalog.importers.importer import ImportOptions
from catalog.models import ImportBatch, Track
from tests.factories import make_database

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def sessions(tmp_path):
    return make_database(tmp_path)


def _fill(sessions, folder: Path, n_tracks: int, *, n_files: int) -> None:
    """Store tracks of a folder, of which some have a file."""
    folder.mkdir(parents=True, exist_ok=True)
    with sessions.begin() as session:
        for number in range(n_tracks):
            path = folder / f"{number}.mp3"
            if number < n_files:
                path.write_bytes(b"sound")
            facts = path.stat() if path.exists() else None
            session.add(
                Track(
                    title=str(number),
                    source="folder",
                    path=str(path),
                    size_bytes=facts.st_size if facts else 5,
                    mtime_ns=facts.st_mtime_ns if facts else 1,
                )
            )


def test_an_empty_folder_that_gave_tracks_is_taken_for_an_unmounted_disk(sessions, tmp_path):
    _fill(sessions, tmp_path / "music", 3, n_files=0)

    with pytest.raises(ImportRefusedError, match="holds none, where 3 tracks came from; is its disk mounted"):
        FolderImporter(sessions).apply(tmp_path / "music")

    with sessions() as session:
        batch = session.query(ImportBatch).one()
        assert (batch.status, session.query(Track).count()) == ("failed", 3)
        assert "nothing was touched" in batch.report["problem"]


def test_a_folder_without_music_is_refused(sessions, tmp_path):
    (tmp_path / "music").mkdir()
    (tmp_path / "music" / "notes.txt").touch()

    with pytest.raises(ImportRefusedError, match=r"expected a folder of music, but .* holds none"):
        list(FolderImporter(sessions).plan(tmp_path / "music"))


def test_a_folder_that_lost_most_of_its_files_is_refused_before_anything_is_touched(sessions, tmp_path):
    _fill(sessions, tmp_path / "music", 40, n_files=15)

    with pytest.raises(ImportRefusedError, match=r"expected about 40 music files .* but found 15"):
        FolderImporter(sessions).apply(tmp_path / "music")


def test_a_larger_share_may_be_allowed(sessions, tmp_path):
    _fill(sessions, tmp_path / "music", 40, n_files=15)

    report = FolderImporter(sessions, options=ImportOptions(max_lost_share=1)).apply(tmp_path / "music")

    assert report.unchanged == 15


def test_a_handful_of_lost_files_is_everyday_life(sessions, tmp_path):
    _fill(sessions, tmp_path / "music", 12, n_files=2)

    assert FolderImporter(sessions).apply(tmp_path / "music").unchanged == 2


def test_files_moved_within_the_folder_are_not_lost(sessions, tmp_path):
    _fill(sessions, tmp_path / "music", 30, n_files=30)

    shutil.move(tmp_path / "music", tmp_path / "moved")
    shutil.move(tmp_path / "moved", tmp_path / "music" / "sub")

    assert FolderImporter(sessions).apply(tmp_path / "music").n_skipped == 30


def test_a_folder_of_a_similar_name_is_another_one(sessions, tmp_path):
    _fill(sessions, tmp_path / "music_100%", 30, n_files=0)
    _fill(sessions, tmp_path / "music_1000", 1, n_files=1)

    assert FolderImporter(sessions).apply(tmp_path / "music_1000").unchanged == 1
