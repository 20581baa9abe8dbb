from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app.services.bulk_changes import BulkChangeService
from app.services.bulk_runs import BulkOrder, BulkRuns, read_ids, write_ids
from app.services.curation import CurationService
from app.services.errors import ChangeUnderWayError
from app.services.jobs import JobFacts, JobKind, JobService
from catalog import track_states
from catalog.edit_values import TrackEdit
from catalog.errors import InvalidEditError, UndoBlockedError
from catalog.filters import TrackFilter
from catalog.history import ChangeFilter
from catalog.models import Track, TrackTag
from catalog.track_states import read_states
from tests.factories import add_analyzed_track

if TYPE_CHECKING:
    from collections.abc import Callable

    from catalog.database import SessionFactory

EDIT = TrackEdit({"genre": "Folk", "artist": "Somebody"}, add_tags=(("mood", "calm"),), remove_tags=(("mood", "sad"),))
N_TRACKS = 7


@pytest.fixture
def curation(session_factory: SessionFactory) -> CurationService:
    return CurationService(session_factory)


@pytest.fixture
def jobs(session_factory: SessionFactory) -> JobService:
    return JobService(session_factory)


@pytest.fixture
def bulk(curation: CurationService, jobs: JobService) -> BulkChangeService:
    return BulkChangeService(curation, jobs, max_at_once=3)


@pytest.fixture
def runs(session_factory: SessionFactory, monkeypatch: pytest.MonkeyPatch) -> BulkRuns:
    for module in ("catalog.undoing", "app.services.bulk_runs"):
        monkeypatch.setattr(f"{module}.BATCH_SIZE", 2)
    return BulkRuns(session_factory)


@pytest.fixture
def track_ids(session_factory: SessionFactory) -> list[int]:
    with session_factory.begin() as session:
        tracks = [
            add_analyzed_track(session, f"piece {i}", artist=f"Artist {i}", genre="Jazz", path=f"/{i}.mp3")
            for i in range(N_TRACKS)
        ]
        for track in tracks:
            track.tags.append(TrackTag(kind="mood", name="sad"))
        return [track.id for track in tracks]


def _stop_after(n_batches: int) -> Callable[[], bool]:
    asked = iter([False] * n_batches)
    return lambda: next(asked, True)


def _ignore(_n_done: int, _n_total: int | None) -> None:
    pass


def _read(session_factory: SessionFactory) -> dict[int, dict[str, object]]:
    with session_factory() as session:
        states = read_states(session, session.scalars(select(Track.id)).all())
    return {track_id: {**state, "updated_at": None} for track_id, state in states.items()}


def test_few_tracks_change_at_once_and_many_by_a_job(bulk: BulkChangeService, track_ids: list[int]):
    few, many = bulk.edit(track_ids[:3], EDIT, who="ann"), bulk.edit(TrackFilter(genre="Jazz"), EDIT, who="ann")
    gone = bulk.delete(track_ids, who="ann")

    assert not isinstance(few, JobFacts)
    assert isinstance(many, JobFacts)
    assert isinstance(gone, JobFacts)
    assert (few.n_tracks, many.kind, many.arguments["n_tracks"], gone.kind) == (3, JobKind.EDIT, 4, JobKind.DELETE)
    assert BulkOrder.from_json(many.arguments) == BulkOrder(
        tuple(track_ids[3:]), EDIT, str(many.arguments["group_id"]), "ann"
    )


def test_what_cannot_be_written_is_refused_before_there_is_a_job(
    bulk: BulkChangeService, jobs: JobService, track_ids: list[int]
):
    with pytest.raises(InvalidEditError, match="year: expected a number"):
        bulk.edit(track_ids, TrackEdit({"year": "soon"}), who="ann")

    assert jobs.list_jobs() == []


@pytest.mark.parametrize("edit", [EDIT, None])
def test_a_change_that_was_stopped_goes_on_and_is_taken_back_as_one(
    session_factory: SessionFactory, runs: BulkRuns, curation: CurationService, track_ids: list[int], edit: TrackEdit
):
    before = _read(session_factory)
    order = BulkOrder(tuple(track_ids), edit, "group", "ann")

    n_first = runs.change(order, _ignore, _stop_after(2))
    seen: list[tuple[int, int | None]] = []
    n_all = runs.change(order, lambda *progress: seen.append(progress), lambda: False)
    after = _read(session_factory)
    n_back = runs.undo("group", "back", "bob", _ignore, _stop_after(1))
    n_all_back = runs.undo("group", "back", "bob", _ignore, lambda: False)
    brought_back = _read(session_factory)
    redone = curation.undo("back", who="ann")

    assert (n_first, n_all, seen) == (4, N_TRACKS, [(6, N_TRACKS), (7, N_TRACKS)])
    assert (n_back, n_all_back, redone.n_changes) == (2, N_TRACKS, N_TRACKS)
    assert before == brought_back
    assert (before != after, _read(session_factory)) == (True, after)


def test_a_half_done_change_is_taken_back_as_far_as_it_went(
    session_factory: SessionFactory, runs: BulkRuns, curation: CurationService, track_ids: list[int]
):
    before = _read(session_factory)
    runs.change(BulkOrder(tuple(track_ids), EDIT, "group", "ann"), _ignore, _stop_after(2))

    undone = curation.undo("group", who="ann")

    assert (undone.n_changes, _read(session_factory)) == (4, before)


def test_going_on_leaves_alone_what_was_changed_otherwise_since(
    runs: BulkRuns, curation: CurationService, track_ids: list[int]
):
    order = BulkOrder(tuple(track_ids), EDIT, "group", "ann")
    runs.change(order, _ignore, _stop_after(1))
    curation.edit(track_ids[:1], TrackEdit({"genre": "Swing"}), who="bob")

    runs.change(order, _ignore, lambda: False)

    assert curation.tell(track_ids[0]).track.genre == "Swing"
    assert curation.list_tracks(TrackFilter(genre="Folk")).n_total == N_TRACKS - 1
    with pytest.raises(UndoBlockedError, match="later change stands in the way"):
        runs.undo("group", "back", "ann", _ignore, lambda: False)
    assert curation.list_changes(ChangeFilter(group_id="back")).n_total == 0


def test_a_change_is_taken_back_by_one_job_and_not_while_it_is_written(
    bulk: BulkChangeService, runs: BulkRuns, jobs: JobService, track_ids: list[int]
):
    job = bulk.edit(track_ids, EDIT, who="ann")
    assert isinstance(job, JobFacts)
    group_id = str(job.arguments["group_id"])
    runs.change(BulkOrder.from_json(job.arguments), _ignore, lambda: False)

    with pytest.raises(ChangeUnderWayError, match=f"job {job.job_id} still writes this change"):
        bulk.undo(group_id, who="ann")
    jobs.cancel(job.job_id)
    first, again = bulk.undo(group_id, who="ann"), bulk.undo(group_id, who="bob")

    assert isinstance(first, JobFacts)
    assert (first.kind, first.arguments["n_tracks"], again) == (JobKind.UNDO, N_TRACKS, first)


@given(st.sets(st.integers(1, 60)))
def test_ids_are_written_as_runs_and_read_back(track_ids: set[int]):
    ascending = tuple(sorted(track_ids))

    assert read_ids(write_ids(ascending)) == ascending
    assert len(write_ids(range(1, track_states.BATCH_SIZE))) < 10
