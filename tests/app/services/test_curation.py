from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from app.services.curation import CurationService
from catalog.edit_values import TrackEdit
from catalog.errors import InvalidEditError, TrackNotFoundError, UnknownChangeError
from catalog.filters import TrackFilter
from catalog.models import ImportBatch, TrackStatus
from tests.factories import add_analyzed_track, add_track

if TYPE_CHECKING:
    from pathlib import Path

    from catalog.database import SessionFactory


@pytest.fixture
def curation(session_factory: SessionFactory) -> CurationService:
    return CurationService(session_factory)


@pytest.fixture
def track_ids(session_factory: SessionFactory) -> list[int]:
    with session_factory.begin() as session:
        return [add_analyzed_track(session, f"piece {i}", genre="Jazz" if i else None).id for i in range(3)]


def test_a_curator_edits_what_a_filter_means_and_takes_it_back(curation: CurationService, track_ids: list[int]):
    jazz = TrackFilter(genre="Jazz")

    result = curation.edit(jazz, TrackEdit({"genre": "Swing"}, add_tags=(("mood", "bright"),)), who="ann")
    n_jazz, tags = curation.list_tracks(jazz).n_total, curation.count_tags()
    undone = curation.undo(result.group_id, who="ann")

    assert (result.n_tracks, n_jazz, tags) == (2, 0, [("mood", "bright", 2)])
    assert curation.list_track_ids(jazz) == track_ids[1:]
    assert [entry.action for entry in curation.list_changes().changes] == ["undo", "undo", "edit", "edit"]
    assert undone.n_changes == 2


def test_a_list_gives_a_page_and_the_whole_number(curation: CurationService, track_ids: list[int]):
    page = curation.list_tracks(limit=1, sort="title", descending=True)

    assert ([track.title for track in page.tracks], page.n_total) == (["piece 2"], len(track_ids))
    assert curation.list_tracks(TrackFilter(search="nothing like it")).n_total == 0
    assert curation.list_tracks(TrackFilter(status=TrackStatus.FAILED)).tracks == ()


def test_an_edit_is_cleaned_stored_and_found(session_factory: SessionFactory, curation: CurationService):
    with session_factory.begin() as session:
        track_id = add_track(session, "Old", artist="Old", album="Old").id

    values = {"title": " New ", "artist": "New Artist", "year": "2011", "album": ""}
    curation.edit([track_id], TrackEdit(values), who="ann")

    track = curation.tell(track_id).track
    assert (track.title, track.artist, track.year, track.album) == ("New", "New Artist", 2011, None)
    assert curation.list_tracks(TrackFilter(search="new artist")).n_total == 1


def test_an_edit_respells_an_artist(session_factory: SessionFactory, curation: CurationService):
    with session_factory.begin() as session:
        track_id = add_track(session, artist="kevin macleod").id

    curation.edit([track_id], TrackEdit({"artist": "Kevin MacLeod"}), who="ann")

    assert curation.tell(track_id).track.artist == "Kevin MacLeod"


def test_deleting_counts_those_there_were_and_leaves_files_alone(
    session_factory: SessionFactory, curation: CurationService, tmp_path: Path
):
    (tmp_path / "a.flac").write_bytes(b"music")
    with session_factory.begin() as session:
        track_id = add_track(session, path=str(tmp_path / "a.flac")).id

    result = curation.delete([track_id, 999], who="ann")

    assert (result.n_tracks, curation.list_tracks().n_total) == (1, 0)
    assert (tmp_path / "a.flac").exists()


def test_a_failing_edit_leaves_every_track_as_it_was(curation: CurationService, track_ids: list[int]):
    with pytest.raises(InvalidEditError, match="year: expected a number"):
        curation.edit(track_ids, TrackEdit({"genre": "Swing", "year": "soon"}), who="ann")

    assert (curation.list_tracks(TrackFilter(genre="Swing")).n_total, curation.list_changes().n_total) == (0, 0)


def test_a_track_tells_prediction_correction_and_what_was_done(curation: CurationService, track_ids: list[int]):
    curation.correct(track_ids[0], -0.5, 0.5, who="ann")

    story = curation.tell(track_ids[0])

    assert (story.track.valence, story.prediction.valence, story.correction.who) == (-0.5, 0.2, "ann")
    assert [(entry.who, entry.action) for entry in story.changes] == [("ann", "correct")]
    assert story.listening.n_playlists == 0
    assert curation.load_mood_map().is_corrected.tolist() == [True, False, False]


def test_a_withdrawn_correction_is_gone(curation: CurationService, track_ids: list[int]):
    curation.correct(track_ids[0], -0.5, 0.5, who="ann")

    curation.withdraw_correction(track_ids[0], who="ann")

    assert curation.tell(track_ids[0]).correction is None


def test_duplicates_are_shown_with_their_tracks_and_merged(session_factory: SessionFactory, curation: CurationService):
    with session_factory.begin() as session:
        keep_id, drop_id = (add_track(session, f"piece {i}", content_hash="ab" * 32).id for i in range(2))

    ((group, tracks),) = curation.find_duplicates()
    merged = curation.merge(keep_id, [drop_id], who="ann")

    assert (group.track_ids, [track.title for track in tracks]) == ((keep_id, drop_id), ["piece 0", "piece 1"])
    assert curation.list_track_ids(TrackFilter()) == [keep_id]
    curation.undo(merged.group_id, who="ann")
    assert curation.list_track_ids(TrackFilter()) == [keep_id, drop_id]


def test_deleted_tracks_come_back_with_what_was_measured(curation: CurationService, track_ids: list[int]):
    result = curation.delete(TrackFilter(), who="ann")
    n_left = curation.list_tracks().n_total

    curation.undo(result.group_id, who="ann")

    points = curation.load_mood_map()
    assert (result.n_tracks, n_left, points.track_ids.tolist()) == (3, 0, track_ids)
    np.testing.assert_allclose(points.valence, 0.2, rtol=1e-6)


def test_an_import_is_listed_and_rolled_back(session_factory: SessionFactory, curation: CurationService):
    with session_factory.begin() as session:
        batch = ImportBatch(importer="csv", source="/list.csv", status="done", who="ann", n_created=1)
        session.add(batch)
        session.flush()
        add_track(session, import_id=batch.id)
        import_id = batch.id

    report = curation.roll_back_import(import_id, who="bob")

    (facts,) = curation.list_imports()
    assert (report.n_deleted, facts.status, facts.who, facts.rolled_back_at is None) == (1, "rolled_back", "ann", False)


def test_an_export_streams_what_a_filter_means(curation: CurationService, track_ids: list[int]):
    text = "".join(curation.export("csv", TrackFilter(genre="Jazz")))

    assert len(text.splitlines()) == len(track_ids)
    with pytest.raises(ValueError, match="expected a kind among csv, jsonl, m3u8, got 'xls'"):
        curation.export("xls")


def test_what_is_not_there_is_refused(curation: CurationService):
    with pytest.raises(TrackNotFoundError, match="no track 9"):
        curation.tell(9)
    with pytest.raises(UnknownChangeError, match="no change 'x' in the log"):
        curation.undo("x", who="ann")
