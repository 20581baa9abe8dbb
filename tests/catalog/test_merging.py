from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from catalog.changes import correct_affect, edit_tracks
from catalog.edit_values import TrackEdit
from catalog.errors import ImportNotFoundError, ImportStandsError, TrackNotFoundError
from catalog.history import ChangeAction, ChangeOrigin, list_changes, record
from catalog.importers import IMPORTERS
from catalog.listening_rows import read_listening_history
from catalog.merging import merge_tracks
from catalog.models import AffectCorrection, ImportBatch, Playlist, PlaylistEntry, Track, TrackFeedback, TrackTag
from catalog.queries import get_track, list_tracks
from catalog.rollback import roll_back_import
from catalog.tags import read_tags
from catalog.undoing import undo_group
from tests.factories import add_analyzed_track, add_track

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session

    from catalog.database import SessionFactory

ANN = "ann"


def _recommend(session: Session, track_id: int) -> None:
    playlist = Playlist(posterior={}, intent="stay", policy="plain")
    session.add(playlist)
    session.flush()
    session.add(PlaylistEntry(playlist_id=playlist.id, position=1, track_id=track_id, score=0.9))
    session.add(TrackFeedback(playlist_id=playlist.id, track_id=track_id, kind="like"))


def _add_twins(session: Session) -> tuple[int, int]:
    keep = add_analyzed_track(session, "Spring", artist="Vivaldi", path="/a.mp3", year=1725)
    drop = add_analyzed_track(session, "Spring", artist="Vivaldi", path="/a.ogg", genre="Baroque")
    edit_tracks(session, [drop.id], TrackEdit({"title": "La primavera"}), ChangeOrigin(ANN))
    drop.tags.append(TrackTag(kind="mood", name="bright"))
    correct_affect(session, drop.id, 0.8, 0.6, ChangeOrigin(ANN))
    _recommend(session, keep.id)
    _recommend(session, drop.id)
    return keep.id, drop.id


def test_a_merge_keeps_what_people_did_with_both(session_factory: SessionFactory):
    with session_factory.begin() as session:
        keep_id, drop_id = _add_twins(session)

    with session_factory.begin() as session:
        merge_tracks(session, keep_id, [drop_id], ChangeOrigin(ANN))

    with session_factory() as session:
        tracks = list_tracks(session)
        tags, listening = read_tags(session, [keep_id]), read_listening_history(session, keep_id)
    assert [(track.track_id, track.path) for track in tracks] == [(keep_id, "/a.mp3")]
    kept = tracks[0]
    assert (kept.title, kept.genre, kept.year, kept.valence) == ("La primavera", "Baroque", 1725, 0.8)
    assert tags == {keep_id: [("mood", "bright")]}
    assert (listening.n_playlists, listening.n_by_kind, len(listening.appearances)) == (2, {"like": 2}, 2)


def test_an_undone_merge_parts_the_tracks_and_their_ratings(session_factory: SessionFactory):
    origin = ChangeOrigin(ANN)
    with session_factory.begin() as session:
        keep_id, drop_id = _add_twins(session)
        before = list_tracks(session)
        merge_tracks(session, keep_id, [drop_id], origin)

    with session_factory.begin() as session:
        undo = undo_group(session, origin.group_id, who=ANN)

    with session_factory.begin() as session:
        after = list_tracks(session)
        listening = [read_listening_history(session, each).n_by_kind for each in (keep_id, drop_id)]
        undo_group(session, undo.group_id, who=ANN)
    with session_factory() as session:
        again = read_listening_history(session, keep_id).n_by_kind
    assert [(t.track_id, t.title, t.genre, t.valence) for t in after] == [
        (t.track_id, t.title, t.genre, t.valence) for t in before
    ]
    assert listening == [{"like": 1}, {"like": 1}]
    assert again == {"like": 2}


def test_a_merge_needs_other_tracks_that_are_there(session_factory: SessionFactory):
    with session_factory.begin() as session:
        track_id = add_track(session).id

        with pytest.raises(TrackNotFoundError, match="no track 99"):
            merge_tracks(session, track_id, [99], ChangeOrigin())
        with pytest.raises(ValueError, match="expected tracks to drop other than"):
            merge_tracks(session, track_id, [track_id], ChangeOrigin())


def _import(session: Session) -> tuple[int, list[int]]:
    """Store an import that created one track and updated two, of which a curator edited one since."""
    old = [add_track(session, f"old {i}", genre="After", path=f"/{i}.mp3").id for i in range(2)]
    batch = ImportBatch(importer="folder", source="/music", status="done", n_created=1, n_updated=2)
    session.add(batch)
    session.flush()
    new_id = add_analyzed_track(session, "new", import_id=batch.id, path="/new.mp3").id
    origin = ChangeOrigin(ANN, f"import-{batch.id}", batch.id)
    for track_id in old:
        values = {"before": {"genre": "Before", "tags": [["mood", "old"]]}, "after": {"genre": "After", "tags": []}}
        record(session, ChangeAction.IMPORT, origin, track_id=track_id, **values)
    session.flush()
    edit_tracks(session, [old[1]], TrackEdit({"genre": "Edited"}), ChangeOrigin(ANN))
    return batch.id, [*old, new_id]


def test_a_rolled_back_import_leaves_what_was_there_and_what_was_edited_since(session_factory: SessionFactory):
    with session_factory.begin() as session:
        import_id, (restored, edited, created) = _import(session)

    with session_factory.begin() as session:
        report = roll_back_import(session, import_id, who=ANN)

    with session_factory() as session:
        genres = {track.track_id: track.genre for track in list_tracks(session)}
        tags, status = read_tags(session, [restored]), session.get_one(ImportBatch, import_id).status
    assert genres == {restored: "Before", edited: "Edited"}
    assert (tags, status) == ({restored: [("mood", "old")]}, "rolled_back")
    assert (report.n_deleted, report.n_restored, [track_id for track_id, _ in report.kept]) == (1, 1, [edited])
    assert created not in genres


def test_an_undone_rollback_brings_the_import_back(session_factory: SessionFactory):
    with session_factory.begin() as session:
        import_id, (restored, edited, created) = _import(session)
        report = roll_back_import(session, import_id, who=ANN)

    with session_factory.begin() as session:
        undo_group(session, report.group_id, who=ANN)

    with session_factory.begin() as session:
        genres = {track.track_id: track.genre for track in list_tracks(session)}
        facts, batch = get_track(session, created), session.get_one(ImportBatch, import_id)
        status = batch.status
        again = roll_back_import(session, import_id, who=ANN)
    assert genres == {restored: "After", edited: "Edited", created: None}
    assert (facts.valence, facts.import_id, status) == (0.2, import_id, "done")
    assert again.n_deleted == 1


def test_an_import_is_rolled_back_once(session_factory: SessionFactory):
    with session_factory.begin() as session:
        import_id, _ = _import(session)
        roll_back_import(session, import_id, who=ANN)

        with pytest.raises(ImportStandsError, match="got one that is 'rolled_back'"):
            roll_back_import(session, import_id, who=ANN)
        with pytest.raises(ImportNotFoundError, match="no import 99"):
            roll_back_import(session, 99, who=ANN)


def test_a_rollback_logs_each_track_and_the_import_as_one_group(session_factory: SessionFactory):
    with session_factory.begin() as session:
        import_id, _ = _import(session)
        report = roll_back_import(session, import_id, who=ANN)

    with session_factory() as session:
        entries = [entry for entry in list_changes(session) if entry.group_id == report.group_id]
        n_tracks = len(session.scalars(select(Track.id)).all())
    assert len(entries) == 3
    assert {(entry.action, entry.who, entry.import_id) for entry in entries} == {("rollback", ANN, import_id)}
    assert n_tracks == 2


def test_a_real_import_is_taken_back_whole(session_factory: SessionFactory, tmp_path: Path):
    table = tmp_path / "tracks.csv"
    importer = IMPORTERS["csv"](session_factory)
    table.write_text("title,url,genre\nOld,https://example.org/old.mp3,Folk\n", encoding="utf-8")
    importer.apply(table)
    table.write_text(
        "title,url,genre,valence,arousal,tempo_bpm\nOld,https://example.org/old.mp3,Jazz,0.5,-0.5,90\n"
        "New,https://example.org/new.mp3,Pop,0.1,0.1,120\n",
        encoding="utf-8",
    )
    import_id = importer.apply(table).import_id

    with session_factory.begin() as session:
        report = roll_back_import(session, import_id, who=ANN)

    assert (report.n_deleted, report.n_restored, report.kept) == (1, 1, ())
    with session_factory() as session:
        (track,) = list_tracks(session)
        assert (track.title, track.genre, track.valence, track.tempo_bpm) == ("Old", "Folk", None, None)
        assert session.scalars(select(AffectCorrection)).all() == []


def test_an_import_stands_in_the_log_as_one_entry_and_one_for_each_update(
    session_factory: SessionFactory, tmp_path: Path
):
    table = tmp_path / "tracks.csv"
    importer = IMPORTERS["csv"](session_factory)
    for genre in ("Folk", "Jazz"):
        table.write_text(f"title,url,genre\nOne,https://example.org/1.mp3,{genre}\n", encoding="utf-8")
        import_id = importer.apply(table, who=ANN).import_id

    with session_factory() as session:
        entries = [entry for entry in list_changes(session) if entry.import_id == import_id]

    assert {entry.who for entry in entries} == {ANN}
    assert sorted((entry.track_id is None, (entry.after or {}).get("updated")) for entry in entries) == [
        (False, None),
        (True, 1),
    ]


def test_a_merged_track_does_not_come_back_with_the_next_import(session_factory: SessionFactory, tmp_path: Path):
    table = tmp_path / "tracks.csv"
    table.write_text(
        "title,url\nOne,https://example.org/1.mp3\nOne again,https://example.org/2.mp3\n", encoding="utf-8"
    )
    importer = IMPORTERS["csv"](session_factory)
    importer.apply(table)
    with session_factory.begin() as session:
        keep, drop = list_tracks(session)
        merge_tracks(session, keep.track_id, [drop.track_id], ChangeOrigin(ANN))

    report = importer.apply(table)

    assert (report.created, report.unchanged) == (0, 2)
