from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.jobs.running import run_job
from app.services.jobs import JobKind, JobService
from app.services.library import LibraryService
from tests.analyzers import analyze_by_name
from tests.factories import FakeAnalysis, make_database, write_music

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
def library(sessions: SessionFactory, tmp_path: Path) -> LibraryService:
    return LibraryService(sessions, tmp_path / "data", analyzer=analyze_by_name)


@pytest.fixture
def music(tmp_path: Path) -> Path:
    for name in ("a", "broken", "c"):
        write_music(tmp_path / "music" / f"{name}.flac", title=name)
    (tmp_path / "music" / "empty.mp3").touch()
    return tmp_path / "music"


def test_an_import_analyzes_and_indexes_and_reports_each_step(jobs: JobService, library: LibraryService, music: Path):
    job_id = jobs.submit(JobKind.IMPORT_FOLDER, {"path": str(music)}).job_id

    run_job(job_id, jobs, library)

    job = jobs.get_job(job_id)
    assert (job.status, job.message) == (
        "done",
        "3 new, 0 updated, 0 unchanged; 1 skipped; 2 analyzed, 1 failed, 0 missing; 2 in the index",
    )
    assert job.report is not None
    assert job.report["import"]["skipped"] == [{"where": str(music / "empty.mp3"), "reason": "the file is empty"}]
    assert [entry["reason"] for entry in job.report["analysis"]["failed"]] == ["expected music, got noise"]
    assert library.index_status().is_current


def test_a_list_is_imported_too(jobs: JobService, library: LibraryService, music: Path):
    (music / "songs.csv").write_text("title,path\nx,a.flac\n")
    job_id = jobs.submit(JobKind.IMPORT_CSV, {"path": str(music / "songs.csv")}).job_id

    run_job(job_id, jobs, library)

    assert jobs.get_job(job_id).message.startswith("1 new, 0 updated")


@pytest.mark.parametrize("kind", [JobKind.ANALYZE, JobKind.REBUILD])
def test_every_kind_ends_with_a_fresh_index(jobs: JobService, library: LibraryService, music: Path, kind: JobKind):
    library.import_folder(music)
    job_id = jobs.submit(kind).job_id

    run_job(job_id, jobs, library)

    assert jobs.get_job(job_id).status == "done"
    assert library.index_status().is_current


def test_doing_a_job_again_after_a_crash_repeats_nothing(jobs: JobService, library: LibraryService, music: Path):
    job_id = jobs.submit(JobKind.IMPORT_FOLDER, {"path": str(music)}).job_id
    run_job(job_id, jobs, library)
    again = jobs.submit(JobKind.IMPORT_FOLDER, {"path": str(music)}).job_id

    run_job(again, jobs, library)

    assert jobs.get_job(again).message.startswith("0 new, 0 updated, 3 unchanged; 1 skipped; 0 analyzed")


def test_a_job_that_is_done_is_not_done_again(jobs: JobService, library: LibraryService, music: Path):
    job_id = jobs.submit(JobKind.IMPORT_FOLDER, {"path": str(music)}).job_id
    run_job(job_id, jobs, library)
    before = jobs.get_job(job_id)

    run_job(job_id, jobs, library)

    assert jobs.get_job(job_id) == before


@pytest.mark.parametrize(
    ("kind", "arguments", "expected"),
    [
        (
            JobKind.IMPORT_FOLDER,
            {"path": "/no/such/folder"},
            "expected a folder of music, but '/no/such/folder' does not exist",
        ),
        (JobKind.IMPORT_FOLDER, {}, "an unexpected KeyError: 'path'"),
        ("dance", {}, "expected a kind of job among import_folder, import_csv, analyze, rebuild, got 'dance'"),
    ],
)
def test_a_job_that_cannot_be_done_says_why(
    jobs: JobService, library: LibraryService, kind: JobKind, arguments: dict[str, str], expected: str
):
    job_id = jobs.submit(kind, arguments).job_id

    run_job(job_id, jobs, library)

    assert (jobs.get_job(job_id).status, jobs.get_job(job_id).message) == ("failed", expected)


def test_a_cancelled_job_stops_between_files_and_keeps_what_it_did(
    sessions: SessionFactory, tmp_path: Path, music: Path
):
    jobs = JobService(sessions)
    job_id = jobs.submit(JobKind.IMPORT_FOLDER, {"path": str(music)}).job_id

    def cancel_then_analyze(_path: Path) -> FakeAnalysis:
        jobs.cancel(job_id)
        return FakeAnalysis()

    library = LibraryService(sessions, tmp_path / "data", analyzer=cancel_then_analyze)
    run_job(job_id, jobs, library)

    job = jobs.get_job(job_id)
    assert job.status == "cancelled"
    assert job.report is not None
    assert job.report["import"]["created"] == 3
    assert "index" not in job.report
    assert library.count_by_status()["analyzed"] >= 1


def test_a_job_whose_worker_ends_waits_for_the_next(jobs: JobService, library: LibraryService, music: Path):
    job_id = jobs.submit(JobKind.IMPORT_FOLDER, {"path": str(music)}).job_id
    run_job(job_id, jobs, library, is_worker_ending=lambda: library.count_by_status()["analyzed"] > 0)
    between = jobs.get_job(job_id)

    run_job(job_id, jobs, library)

    assert between.status == "queued"
    assert jobs.get_job(job_id).status == "done"
    assert library.count_by_status() == {"pending": 0, "analyzed": 2, "failed": 1}
