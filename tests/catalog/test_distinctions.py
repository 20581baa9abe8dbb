from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from catalog.changes import delete_tracks
from catalog.distinctions import distinguish_tracks, read_distinctions
from catalog.duplicates import find_duplicates
from catalog.errors import TrackNotFoundError
from catalog.history import ChangeOrigin, list_changes
from catalog.undoing import undo_group
from tests.factories import MODEL, add_analyzed_track

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from catalog.database import SessionFactory

ANN = ChangeOrigin("ann", "told-apart")


def _add_versions(session: Session, n_tracks: int) -> list[int]:
    """Store tracks of one name, one sound and one length."""
    return [
        add_analyzed_track(session, "Spring", artist="Vivaldi", duration_s=60.0, content_hash="ab" * 32).id
        for _ in range(n_tracks)
    ]


def _find(session: Session) -> list[tuple[int, ...]]:
    return [group.track_ids for group in find_duplicates(session, MODEL)]


def test_tracks_told_apart_are_no_duplicates_until_that_is_taken_back(session_factory: SessionFactory):
    with session_factory.begin() as session:
        ids = _add_versions(session, 3)
        before = _find(session)
        n_pairs = distinguish_tracks(session, ids, ANN)
        n_again = distinguish_tracks(session, ids[:2], ChangeOrigin("bob"))
        after, first = _find(session), list_changes(session)[-1]
    with session_factory.begin() as session:
        undone = undo_group(session, ANN.group_id, who="bob")
        taken_back = _find(session)
        undo_group(session, undone.group_id, who="ann")

    assert (before, n_pairs, n_again, after, taken_back) == ([tuple(ids)], 3, 0, [], [tuple(ids)])
    assert (first.who, first.action, first.track_id) == ("ann", "distinguish", ids[0])
    assert first.after == {f"other than track {ids[1]}": True}
    with session_factory() as session:
        assert _find(session) == []


def test_a_later_copy_is_found_beside_tracks_told_apart(session_factory: SessionFactory):
    with session_factory.begin() as session:
        first, second = _add_versions(session, 2)
        distinguish_tracks(session, [second, first], ANN)
        (third,) = _add_versions(session, 1)
        found = _find(session)
        distinguish_tracks(session, [second, third], ChangeOrigin("ann"))

        assert found == [(first, second, third)]
        assert _find(session) == [(first, third)]


def test_what_was_told_apart_stays_so_where_a_track_comes_back(session_factory: SessionFactory):
    with session_factory.begin() as session:
        ids = _add_versions(session, 2)
        distinguish_tracks(session, ids, ANN)
        deletion = ChangeOrigin("ann")
        delete_tracks(session, ids[:1], deletion)
        undo_group(session, deletion.group_id, who="ann")

        assert _find(session) == []
        assert read_distinctions(session) == {tuple(ids)}


def test_only_tracks_that_are_there_are_told_apart(session_factory: SessionFactory):
    with session_factory.begin() as session:
        (track_id,) = _add_versions(session, 1)

        with pytest.raises(TrackNotFoundError, match="no track 99"):
            distinguish_tracks(session, [track_id, 99], ANN)
        with pytest.raises(ValueError, match="expected two tracks at least"):
            distinguish_tracks(session, [track_id, track_id], ANN)
