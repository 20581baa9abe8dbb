from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sqlalchemy import select

from app.jobs import running
from app.jobs.running import run_job
from app.services.bulk_changes import BulkChangeService
from app.services.bulk_runs import BulkRuns
from app.services.curation import CurationService
from app.services.jobs import JobFacts, JobKind, JobService
from app.services.library import LibraryService
from catalog.edit_values import TrackEdit
from catalog.models import ImportBatch, TrackEmbedding
from catalog.outdated import OutdatedTracks
from catalog.queries import count_embeddings, list_pending, list_tracks
from tests.analyzers import analyze_by_name
from tests.factories import FakeAnalysis, add_analyzed_track, make_database, write_music

if TYPE_CHECKING:
    from pathlib import Path

    from catalog.database import SessionFactory


@pytest.fixture
def sessions(tmp_path: Path) -> SessionFactory:
    return make_database(tmp_path)


@pytest.fixture
def jobs(sessions: SessionFactory) -> JobService:
    return JobService(sessions)


@pytest.fixture
def bulk(sessions: SessionFactory) -> BulkRuns:
    return BulkRuns(sessions)


@pytest.fixture
def library(sessions: SessionFactory, tmp_path: Path) -> LibraryService:
    return LibraryService(sessions, tmp_path / "data", analyzer=analyze_by_name)


@pytest.fixture
def music(tmp_path: Path) -> Path:
    for name in ("a", "broken", "c"):
        write_music(tmp_path / "music" / f"{name}.flac", title=name)
    (tmp_path / "music" / "empty.mp3").touch()
    return tmp_path / "music"


def test_an_import_analyzes_and_indexes_and_reports_each_step(
    bulk: BulkRuns, jobs: JobService, library: LibraryService, music: Path
):
    job_id = jobs.submit(JobKind.IMPORT_FOLDER, {"path": str(music)}).job_id

    run_job(job_id, jobs, library, bulk)

    job = jobs.get_job(job_id)
    assert (job.status, job.message) == (
        "done",
        "3 new, 0 updated, 0 unchanged; 1 skipped; 2 analyzed, 1 failed, 0 missing; 2 in the index",
    )
    assert job.report is not None
    assert job.report["import"]["skipped"] == [{"where": str(music / "empty.mp3"), "reason": "the file is empty"}]
    assert [entry["reason"] for entry in job.report["analysis"]["failed"]] == ["expected music, got noise"]
    errors = jobs.list_errors(job_id).errors
    assert [(error.reason, error.track_id is None) for error in errors] == [
        ("the file is empty", True),
        ("expected music, got noise", False),
    ]
    assert library.index_status().is_current


def test_a_list_is_imported_too(bulk: BulkRuns, jobs: JobService, library: LibraryService, music: Path):
    (music / "songs.csv").write_text("title,path\nx,a.flac\n")
    job_id = jobs.submit(JobKind.IMPORT_CSV, {"path": str(music / "songs.csv")}).job_id

    run_job(job_id, jobs, library, bulk)

    assert jobs.get_job(job_id).message.startswith("1 new, 0 updated")


@pytest.mark.parametrize("kind", [JobKind.ANALYZE, JobKind.REBUILD])
def test_every_kind_ends_with_a_fresh_index(
    bulk: BulkRuns, jobs: JobService, library: LibraryService, music: Path, kind: JobKind
):
    library.import_source("folder", music)
    job_id = jobs.submit(kind).job_id

    run_job(job_id, jobs, library, bulk)

    assert jobs.get_job(job_id).status == "done"
    assert library.index_status().is_current


def test_doing_a_job_again_after_a_crash_repeats_nothing(
    bulk: BulkRuns, jobs: JobService, library: LibraryService, music: Path
):
    job_id = jobs.submit(JobKind.IMPORT_FOLDER, {"path": str(music)}).job_id
    run_job(job_id, jobs, library, bulk)
    again = jobs.submit(JobKind.IMPORT_FOLDER, {"path": str(music)}).job_id

    run_job(again, jobs, library, bulk)

    assert jobs.get_job(again).message.startswith("0 new, 0 updated, 3 unchanged; 1 skipped; 0 analyzed")


def test_a_job_that_is_done_is_not_done_again(bulk: BulkRuns, jobs: JobService, library: LibraryService, music: Path):
    job_id = jobs.submit(JobKind.IMPORT_FOLDER, {"path": str(music)}).job_id
    run_job(job_id, jobs, library, bulk)
    before = jobs.get_job(job_id)

    run_job(job_id, jobs, library, bulk)

    assert jobs.get_job(job_id) == before


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (
            (JobKind.IMPORT_FOLDER, {"path": "/no/such/folder"}),
            "expected a folder of music, but '/no/such/folder' does not exist",
        ),
        ((JobKind.IMPORT_FOLDER, {}), "an unexpected KeyError: 'path'"),
        (("dance", {}), f"expected a kind of job among {', '.join(running._DO_BY_KIND)}, got 'dance'"),
    ],
)
def test_a_job_that_cannot_be_done_says_why(
    bulk: BulkRuns, jobs: JobService, library: LibraryService, asked: tuple[JobKind, dict[str, str]], expected: str
):
    job_id = jobs.submit(*asked).job_id

    run_job(job_id, jobs, library, bulk)

    assert (jobs.get_job(job_id).status, jobs.get_job(job_id).message) == ("failed", expected)


def test_a_cancelled_job_stops_between_files_and_keeps_what_it_did(
    bulk: BulkRuns, sessions: SessionFactory, tmp_path: Path, music: Path
):
    jobs = JobService(sessions)
    job_id = jobs.submit(JobKind.IMPORT_FOLDER, {"path": str(music)}).job_id

    def cancel_then_analyze(_path: Path) -> FakeAnalysis:
        jobs.cancel(job_id)
        return FakeAnalysis()

    library = LibraryService(sessions, tmp_path / "data", analyzer=cancel_then_analyze)
    run_job(job_id, jobs, library, bulk)

    job = jobs.get_job(job_id)
    assert job.status == "cancelled"
    assert job.report is not None
    assert job.report["import"]["created"] == 3
    assert "index" not in job.report
    assert library.count_by_status()["analyzed"] >= 1


def test_a_job_whose_worker_ends_waits_for_the_next(
    bulk: BulkRuns, jobs: JobService, library: LibraryService, music: Path
):
    job_id = jobs.submit(JobKind.IMPORT_FOLDER, {"path": str(music)}).job_id
    run_job(job_id, jobs, library, bulk, is_worker_ending=lambda: library.count_by_status()["analyzed"] > 0)
    between = jobs.get_job(job_id)

    run_job(job_id, jobs, library, bulk)

    assert between.status == "queued"
    assert jobs.get_job(job_id).status == "done"
    assert library.count_by_status() == {"pending": 0, "analyzed": 2, "failed": 1}


def test_a_paused_job_goes_on_where_it_rested(bulk: BulkRuns, sessions: SessionFactory, tmp_path: Path, music: Path):
    jobs = JobService(sessions)
    job_id = jobs.submit(JobKind.IMPORT_FOLDER, {"path": str(music)}).job_id
    n_analyzed = []

    def pause_then_analyze(_path: Path) -> FakeAnalysis:
        n_analyzed.append(1)
        if len(n_analyzed) == 1:
            jobs.pause(job_id)
        return FakeAnalysis()

    library = LibraryService(sessions, tmp_path / "data", analyzer=pause_then_analyze)
    run_job(job_id, jobs, library, bulk)
    paused = jobs.get_job(job_id)
    jobs.resume(job_id)
    run_job(job_id, jobs, library, bulk)

    assert paused.status == "paused"
    assert (jobs.get_job(job_id).status, len(n_analyzed)) == ("done", 3)


def test_an_upgrade_analyzes_what_an_older_model_analyzed_and_nothing_else(
    bulk: BulkRuns, sessions: SessionFactory, tmp_path: Path
):
    with sessions.begin() as session:
        for name, model in (("old", "affect-timbre-0"), ("new", "affect-timbre-1")):
            (tmp_path / name).write_bytes(b"x")
            track = add_analyzed_track(session, name, model=model, path=str(tmp_path / name), vector=np.eye(33)[0])
            if name == "new":
                track.affect.model = "emotify-kernel-1"
                track.features.analyzer_version = "features-1"
    jobs = JobService(sessions)
    library = LibraryService(sessions, tmp_path / "data", analyzer=analyze_by_name)
    with sessions() as session:
        n_outdated = OutdatedTracks(library.versions).count(session)
    job_id = jobs.submit(JobKind.UPGRADE).job_id

    run_job(job_id, jobs, library, bulk)

    report = jobs.get_job(job_id).report
    assert report is not None
    assert (n_outdated, report["analysis"]["n_analyzed"]) == (1, 1)
    with sessions() as session:
        models = session.execute(select(TrackEmbedding.track_id, TrackEmbedding.model)).all()
    assert [tuple(row) for row in models] == [(1, "affect-timbre-1"), (2, "affect-timbre-1")]


def test_an_upgrade_that_was_stopped_keeps_what_serves(sessions: SessionFactory, tmp_path: Path):
    with sessions.begin() as session:
        for name in ("a", "b"):
            (tmp_path / name).write_bytes(b"x")
            add_analyzed_track(session, name, model="affect-timbre-0", path=str(tmp_path / name))
    library = LibraryService(sessions, tmp_path / "data", analyzer=analyze_by_name)
    asked = iter([False])

    library.analyze_outdated(should_stop=lambda: next(asked, True))

    with sessions() as session:
        assert OutdatedTracks(library.versions).count(session) == 1
        assert count_embeddings(session, "affect-timbre-0") == 2
        assert list_pending(session, limit=9) == []


def test_a_worker_is_heard_of_while_one_step_takes_long(
    bulk: BulkRuns, sessions: SessionFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(running, "_BEAT_EVERY_S", 0.01)
    write_music(tmp_path / "music" / "a.flac", title="a")
    jobs = JobService(sessions)
    job_id = jobs.submit(JobKind.IMPORT_FOLDER, {"path": str(tmp_path / "music")}).job_id
    heard = []

    def wait_for_news(_path: Path) -> FakeAnalysis:
        before = jobs.get_job(job_id).updated_at
        deadline_s = time.monotonic() + 60.0
        while jobs.get_job(job_id).updated_at == before and time.monotonic() < deadline_s:
            time.sleep(0.005)
        heard.append(jobs.get_job(job_id).updated_at != before)
        return FakeAnalysis()

    run_job(job_id, jobs, LibraryService(sessions, tmp_path / "data", analyzer=wait_for_news), bulk)

    assert heard == [True]
    assert jobs.get_job(job_id).status == "done"


def test_an_import_of_any_kind_does_as_it_was_asked_in_whose_name(
    bulk: BulkRuns, jobs: JobService, library: LibraryService, sessions: SessionFactory, tmp_path: Path
):
    path = tmp_path / "list.csv"
    rows = "".join(f"No address {i},,120000\n" for i in range(1200))
    path.write_text(f"Name,Link,Length\nMoss,https://example.org/moss.mp3,120000\n{rows}", encoding="utf-8")
    options = {"column_map": "title=Name,url=Link,duration_s=Length:ms"}
    arguments = {"importer": "csv", "path": str(path), "options": options, "who": "ann@example.org"}

    job_id = jobs.submit(JobKind.IMPORT, arguments).job_id

    run_job(job_id, jobs, library, bulk)

    job = jobs.get_job(job_id)
    assert job.report is not None
    with sessions() as session:
        assert list_tracks(session)[0].duration_s == 120.0
    assert jobs.list_errors(job_id).n_total == 1200
    with sessions() as session:
        assert session.get_one(ImportBatch, job.report["import"]["import_id"]).who == "ann@example.org"


def test_a_bulk_edit_is_a_job_and_so_is_its_undo(
    jobs: JobService, library: LibraryService, bulk: BulkRuns, sessions: SessionFactory
):
    with sessions.begin() as session:
        track_ids = [add_analyzed_track(session, f"piece {i}", genre="Jazz").id for i in range(3)]
    changes = BulkChangeService(CurationService(sessions), jobs, max_at_once=2)
    edit = changes.edit(track_ids, TrackEdit({"genre": "Folk"}), who="ann")
    assert isinstance(edit, JobFacts)
    run_job(edit.job_id, jobs, library, bulk)
    with sessions() as session:
        genres = [track.genre for track in list_tracks(session)]
    undo = changes.undo(str(edit.arguments["group_id"]), who="ann")
    assert isinstance(undo, JobFacts)

    run_job(undo.job_id, jobs, library, bulk)

    assert jobs.get_job(edit.job_id).message == "3 changed; 0 in the index"
    assert genres == ["Folk"] * 3
    with sessions() as session:
        assert [track.genre for track in list_tracks(session)] == ["Jazz"] * 3
    assert (jobs.get_job(undo.job_id).status, library.index_status().is_current) == ("done", True)
