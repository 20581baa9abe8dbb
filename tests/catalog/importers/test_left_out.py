from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from catalog.changes import delete_tracks
from catalog.history import ChangeOrigin
from catalog.importers import IMPORTERS
from catalog.importers.importer import ImportOptions, ImportReport
from catalog.queries import count_tracks, list_track_ids
from catalog.rollback import roll_back_import
from catalog.undoing import undo_group
from tests.factories import write_music

if TYPE_CHECKING:
    from pathlib import Path

    from catalog.database import SessionFactory

ANN = ChangeOrigin("ann", "deletion")


@pytest.fixture(params=["folder", "csv"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    """A folder of two files, or a list of two addresses."""
    if request.param == "folder":
        for name in ("a", "b"):
            write_music(tmp_path / "music" / f"{name}.flac", title=name)
        return "folder", tmp_path / "music"
    path = tmp_path / "list.csv"
    path.write_text("title,url\na,https://example.org/a.mp3\nb,https://example.org/b.mp3\n", encoding="utf-8")
    return "csv", path


def _import(sessions: SessionFactory, source: tuple[str, Path], *, brings_back: bool = False) -> ImportReport:
    kind, path = source
    return IMPORTERS[kind](sessions, options=ImportOptions(brings_back=brings_back)).apply(path)


def _delete_first(sessions: SessionFactory) -> None:
    with sessions.begin() as session:
        delete_tracks(session, list_track_ids(session)[:1], ANN)


def test_what_somebody_deleted_stays_out_until_asked_for(session_factory: SessionFactory, source: tuple[str, Path]):
    _import(session_factory, source)
    _delete_first(session_factory)

    again = _import(session_factory, source)
    asked = _import(session_factory, source, brings_back=True)
    later = _import(session_factory, source)

    ((_where, reason),) = again.skipped
    assert (again.created, again.unchanged, again.n_skipped) == (0, 1, 1)
    assert reason.startswith("deleted by ann on 2")
    assert (asked.created, asked.unchanged) == (1, 1)
    assert (later.created, later.unchanged, later.n_skipped) == (0, 2, 0)


def test_an_undone_deletion_is_none_and_a_redone_one_is(session_factory: SessionFactory, source: tuple[str, Path]):
    _import(session_factory, source)
    _delete_first(session_factory)
    with session_factory.begin() as session:
        undone = undo_group(session, ANN.group_id, who="ann")

    after_undo = _import(session_factory, source)
    with session_factory.begin() as session:
        undo_group(session, undone.group_id, who="ann")
    after_redo = _import(session_factory, source)

    assert (after_undo.unchanged, after_redo.unchanged, after_redo.n_skipped) == (2, 1, 1)


def test_a_rolled_back_import_may_be_imported_again(session_factory: SessionFactory, source: tuple[str, Path]):
    import_id = _import(session_factory, source).import_id
    assert import_id is not None
    with session_factory.begin() as session:
        rolled_back = roll_back_import(session, import_id, who="ann")
        undone = undo_group(session, rolled_back.group_id, who="ann")
        undo_group(session, undone.group_id, who="ann")

    again = _import(session_factory, source)

    with session_factory() as session:
        assert (again.created, count_tracks(session)) == (2, 2)
