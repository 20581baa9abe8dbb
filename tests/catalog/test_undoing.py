from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from sqlalchemy import select

from catalog.changes import correct_affect, delete_tracks, edit_tracks, withdraw_correction
from catalog.edit_values import TrackEdit
from catalog.errors import InvalidEditError, TrackNotFoundError, UndoBlockedError, UnknownChangeError
from catalog.filters import TrackFilter
from catalog.history import ChangeFilter, ChangeOrigin, count_changes, list_changes
from catalog.models import Track, TrackTag
from catalog.queries import count_tracks, get_track, list_tracks, load_embeddings
from catalog.track_states import read_states
from catalog.undoing import undo_group
from tests.factories import MODEL, add_analyzed_track, add_track

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from catalog.database import SessionFactory

EDIT = TrackEdit({"genre": "Polka", "year": None}, add_tags=(("mood", "Merry"),), remove_tags=(("mood", "sad"),))


def _tag(track: Track) -> set[tuple[str, str]]:
    return {(tag.kind, tag.name) for tag in track.tags}


def test_a_bulk_edit_changes_many_tracks_as_one_group(session_factory: SessionFactory):
    with session_factory.begin() as session:
        tracks = [add_track(session, f"piece {i}", year=1990, genre="Polka" if i else None) for i in range(3)]
        tracks[0].tags.append(TrackTag(kind="mood", name="sad"))
        track_ids = [track.id for track in tracks]

    with session_factory.begin() as session:
        n_changed = edit_tracks(session, track_ids, EDIT, ChangeOrigin("ann"))

    with session_factory() as session:
        entries = list_changes(session)
        facts = [(track.genre, track.year) for track in list_tracks(session)]
        tags = [_tag(track) for track in session.scalars(select(Track))]
    assert (n_changed, len({entry.group_id for entry in entries})) == (3, 1)
    assert facts == [("Polka", None)] * 3
    assert tags == [{("mood", "merry")}] * 3
    first = entries[-1]
    assert (first.who, first.action) == ("ann", "edit")
    assert first.before == {"genre": None, "year": 1990, "tags": [["mood", "sad"]], "edited_fields": []}
    assert first.after["tags"] == [["mood", "merry"]]


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (TrackEdit({"path": "/etc/passwd"}), "path: expected a field among"),
        (TrackEdit({"title": " "}), "title: expected one, got nothing"),
        (TrackEdit({"year": "12"}), "year: expected a number from 1500 to 2100, got '12'"),
        (TrackEdit(add_tags=(("color", "red"),)), "tags: expected a kind among mood, genre"),
        (TrackEdit(add_tags=(("mood", " "),)), "tags: expected a name, got nothing"),
    ],
)
def test_an_invalid_edit_changes_nothing(session_factory: SessionFactory, edit: TrackEdit, message: str):
    with session_factory.begin() as session:
        track_id = add_track(session).id

    with session_factory.begin() as session, pytest.raises(InvalidEditError, match=message):
        edit_tracks(session, [track_id], edit, ChangeOrigin())

    with session_factory() as session:
        assert count_changes(session) == 0


def _edit(session: Session, track_id: int) -> None:
    edit_tracks(session, [track_id], EDIT, ChangeOrigin("ann"))


def _rename(session: Session, track_id: int) -> None:
    edit_tracks(session, [track_id], TrackEdit({"artist": "Somebody else", "title": "Another"}), ChangeOrigin("ann"))


def _delete(session: Session, track_id: int) -> None:
    delete_tracks(session, [track_id], ChangeOrigin("ann"))


def _correct(session: Session, track_id: int) -> None:
    correct_affect(session, track_id, -0.5, 0.5, ChangeOrigin("ann"))


@pytest.mark.parametrize("change", [_edit, _rename, _delete, _correct])
def test_an_undo_brings_everything_back_and_its_undo_the_change(
    session_factory: SessionFactory, change: Callable[[Session, int], None]
):
    with session_factory.begin() as session:
        track = add_analyzed_track(session, artist="Kevin", path="/music/a.mp3", year=1990)
        track.tags.append(TrackTag(kind="mood", name="sad"))
        track_id = track.id
    with session_factory() as session:
        before = _read(session, track_id)
    with session_factory.begin() as session:
        change(session, track_id)
    with session_factory() as session:
        after, group_id = _read(session, track_id), list_changes(session)[0].group_id

    with session_factory.begin() as session:
        undone = undo_group(session, group_id, who="bob")
    with session_factory() as session:
        brought_back = _read(session, track_id)
        embedding = load_embeddings(session, MODEL)[1]
        found = count_tracks(session, TrackFilter(search="kevin sad"))
    with session_factory.begin() as session:
        redone = undo_group(session, undone.group_id, who="bob")

    with session_factory() as session:
        again = _read(session, track_id)
        actions = [entry.action for entry in list_changes(session)]
    assert (brought_back, again) == (before, after)
    assert before != after
    np.testing.assert_allclose(embedding, [[0.6, 0.8]], rtol=1e-6)
    assert (found, undone.n_changes, redone.n_changes) == (1, 1, 1)
    assert actions[:2] == ["redo", "undo"]


def _read(session: Session, track_id: int) -> dict[str, object] | None:
    state = read_states(session, [track_id]).get(track_id)
    if state is None:
        return None
    moments = {"updated_at": None, "correction": {**(state["correction"] or {}), "at": None}}
    return {**state, **moments}


def test_an_undo_is_refused_where_a_later_change_stands_in_the_way(session_factory: SessionFactory):
    with session_factory.begin() as session:
        track_id = add_track(session).id
        first, second = ChangeOrigin("ann"), ChangeOrigin("bob")
        edit_tracks(session, [track_id], TrackEdit({"genre": "Polka"}), first)
        edit_tracks(session, [track_id], TrackEdit({"genre": "Waltz"}), second)
        later_id = list_changes(session)[0].change_id

    with session_factory.begin() as session, pytest.raises(UndoBlockedError, match="later change stands") as caught:
        undo_group(session, first.group_id, who="ann")

    assert caught.value.blockers == ((track_id, later_id),)


def test_an_undo_may_follow_the_undo_of_what_stood_in_the_way(session_factory: SessionFactory):
    with session_factory.begin() as session:
        track_id = add_track(session, genre="None yet").id
        first, second, other = ChangeOrigin("ann"), ChangeOrigin("bob"), ChangeOrigin("ann")
        edit_tracks(session, [track_id], TrackEdit({"genre": "Polka"}), first)
        edit_tracks(session, [track_id], TrackEdit({"genre": "Waltz"}), second)
        edit_tracks(session, [track_id], TrackEdit({"year": 1999}), other)

    with session_factory.begin() as session:
        undone = undo_group(session, second.group_id, who="ann")
        undo_group(session, first.group_id, who="ann")

    with session_factory.begin() as session:
        facts = get_track(session, track_id)
        edited_fields = session.get_one(Track, track_id).edited_fields
        with pytest.raises(UndoBlockedError, match="later change stands in the way"):
            undo_group(session, undone.group_id, who="ann")
    assert (facts.genre, facts.year, edited_fields) == ("None yet", 1999, ["year"])


def test_a_deleted_track_does_not_come_back_beside_another_with_its_file(session_factory: SessionFactory):
    origin = ChangeOrigin("ann")
    with session_factory.begin() as session:
        track_id = add_track(session, path="/music/a.mp3").id
        delete_tracks(session, [track_id], origin)
        new_id = add_track(session, path="/music/a.mp3").id

    with session_factory.begin() as session, pytest.raises(UndoBlockedError, match=f"track {new_id} has its file"):
        undo_group(session, origin.group_id, who="ann")


def test_a_change_is_taken_back_once(session_factory: SessionFactory):
    origin = ChangeOrigin("ann")
    with session_factory.begin() as session:
        edit_tracks(session, [add_track(session).id], TrackEdit({"year": 1999}), origin)
        undo_group(session, origin.group_id, who="ann")

    with session_factory.begin() as session, pytest.raises(UnknownChangeError, match="perhaps it was already"):
        undo_group(session, origin.group_id, who="ann")


def test_the_log_is_filtered_and_paged_the_newest_first(session_factory: SessionFactory):
    with session_factory.begin() as session:
        track_id = add_track(session).id
        for number in range(5):
            edit_tracks(
                session, [track_id], TrackEdit({"year": 1990 + number}), ChangeOrigin("ann" if number else "bob")
            )

    with session_factory() as session:
        page = list_changes(session, ChangeFilter(who="ann", track_id=track_id, action="edit"), limit=2, offset=1)
        n_entries = count_changes(session, ChangeFilter(who="ann"))
        since = list_changes(session, ChangeFilter(since=page[1].at, until=page[0].at))

    assert [entry.after["year"] for entry in page] == [1993, 1992]
    assert (n_entries, [entry.after["year"] for entry in since]) == (4, [1992])


def test_a_withdrawn_correction_lets_the_prediction_count(session_factory: SessionFactory):
    with session_factory.begin() as session:
        track_id = add_analyzed_track(session).id
        correct_affect(session, track_id, -0.5, 0.5, ChangeOrigin("ann"))
        corrected = get_track(session, track_id)

        withdraw_correction(session, track_id, ChangeOrigin("ann"))

        predicted = get_track(session, track_id)
    assert (corrected.valence, corrected.is_corrected, predicted.valence, predicted.is_corrected) == (
        -0.5,
        True,
        0.2,
        False,
    )


def test_unknown_tracks_are_refused(session_factory: SessionFactory):
    with session_factory() as session:
        with pytest.raises(TrackNotFoundError, match="no track 9"):
            correct_affect(session, 9, 0.0, 0.0, ChangeOrigin())
        with pytest.raises(InvalidEditError, match=r"valence: expected a number within \[-1, 1\], got 1.5"):
            correct_affect(session, 9, 1.5, 0.0, ChangeOrigin())
