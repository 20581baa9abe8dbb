from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

import app.services.served_index as served_index_module
from app.services.jobs import JobKind, JobService
from app.services.library import LibraryService
from app.services.served_index import ServedIndex
from catalog.models import JobStatus
from recommender.errors import EmptyIndexError
from tests.app.libraries import add_tracks, open_catalog

CALM = {"neutral": 1.0}


@pytest.fixture
def now_s(monkeypatch):
    """A clock that stands until a test moves it past the next glance."""
    clock = SimpleNamespace(value=1000.0)
    monkeypatch.setattr(served_index_module.time, "monotonic", lambda: clock.value)
    return clock


@pytest.fixture
def parts(tmp_path, now_s):
    sessions = open_catalog(f"sqlite:///{tmp_path / 'catalog.db'}")
    library = LibraryService(sessions, tmp_path)
    jobs = JobService(sessions)

    def wait():
        now_s.value += served_index_module.CHECK_EVERY_S

    return SimpleNamespace(
        sessions=sessions,
        library=library,
        jobs=jobs,
        served=ServedIndex(library, jobs),
        wait=wait,
        add=lambda n_tracks, seed: add_tracks(sessions, tmp_path / "music", n_tracks, seed=seed),
    )


def test_a_missing_index_is_built_at_once(parts):
    parts.add(3, seed=0)

    recommender = parts.served.get_recommender()

    assert len(recommender.index) == 3
    assert parts.library.index_status().is_current
    assert parts.jobs.list_jobs() == []


@pytest.mark.parametrize("damage", ["cut short", "altered", "of another kind"])
def test_a_corrupted_index_is_built_again_at_once(parts, damage):
    parts.add(3, seed=0)
    parts.library.rebuild_index()
    content = parts.library.index_path.read_bytes()
    damaged = {
        "cut short": content[: len(content) // 2],
        "altered": bytes([content[0] ^ 1]) + content[1:],
        "of another kind": b"text",
    }
    parts.library.index_path.write_bytes(damaged[damage])

    recommender = parts.served.get_recommender()

    assert len(recommender.index) == 3
    assert parts.library.index_status().problem == ""


def test_an_index_deleted_while_it_serves_is_built_again(parts):
    parts.add(3, seed=0)
    parts.served.get_recommender()
    parts.library.index_path.unlink()
    parts.wait()

    assert len(parts.served.get_recommender().index) == 3
    assert parts.library.index_path.exists()


def test_the_old_index_serves_while_a_job_to_build_the_next_one_waits(parts):
    parts.add(3, seed=0)
    old = parts.served.get_recommender()
    parts.add(2, seed=1)
    parts.wait()

    assert parts.served.get_recommender() is old
    assert [(job.kind, job.status) for job in parts.jobs.list_jobs()] == [(JobKind.REBUILD, JobStatus.QUEUED)]


def test_one_job_is_enough_however_often_somebody_asks(parts):
    parts.add(3, seed=0)
    parts.served.get_recommender()
    parts.add(2, seed=1)

    for _ in range(3):
        parts.wait()
        parts.served.get_recommender()

    assert len(parts.jobs.list_jobs()) == 1


def test_a_running_import_needs_no_second_job(parts):
    parts.add(3, seed=0)
    parts.served.get_recommender()
    job = parts.jobs.submit(JobKind.ANALYZE)
    parts.jobs.start(job.job_id)
    parts.add(2, seed=1)
    parts.wait()
    parts.served.get_recommender()

    assert [job.kind for job in parts.jobs.list_jobs()] == [JobKind.ANALYZE]


def test_a_newer_file_takes_the_place_of_the_old_index(parts):
    parts.add(3, seed=0)
    parts.served.get_recommender()
    parts.add(2, seed=1)
    save_later(parts)
    parts.wait()

    assert len(parts.served.get_recommender().index) == 5
    assert parts.jobs.list_jobs() == []


def test_the_catalog_is_not_asked_at_every_request(parts):
    parts.add(3, seed=0)
    parts.served.get_recommender()
    parts.add(2, seed=1)
    save_later(parts)

    assert len(parts.served.get_recommender().index) == 3


def test_an_index_saved_while_the_old_one_was_loading_is_seen_at_the_next_glance(parts, monkeypatch):
    parts.add(3, seed=0)
    parts.library.rebuild_index()
    load = served_index_module.TrackIndex.load

    def load_and_be_overtaken(path, *, model):
        monkeypatch.setattr(served_index_module.TrackIndex, "load", load)
        index = load(path, model=model)
        parts.add(2, seed=1)
        save_later(parts)
        return index

    monkeypatch.setattr(served_index_module.TrackIndex, "load", load_and_be_overtaken)
    parts.served.get_recommender()
    parts.wait()

    assert len(parts.served.get_recommender().index) == 5


def test_an_empty_catalog_gives_an_empty_index_that_says_so(parts):
    recommender = parts.served.get_recommender()

    with pytest.raises(EmptyIndexError, match="import and analyze some music"):
        recommender.recommend(CALM)


def save_later(parts):
    """Build the index as a worker does; file systems may note the time coarsely."""
    before_ns = parts.library.index_path.stat().st_mtime_ns
    parts.library.rebuild_index()
    os.utime(parts.library.index_path, ns=(before_ns + 10**9, before_ns + 10**9))


def test_a_rebuild_that_did_not_help_is_not_ordered_again_for_the_same_catalog(parts):
    parts.add(3, seed=0)
    parts.served.get_recommender()
    parts.add(2, seed=1)
    parts.wait()
    parts.served.get_recommender()
    job = parts.jobs.list_jobs()[0]
    parts.jobs.start(job.job_id)
    parts.jobs.fail(job.job_id, "the new index was worse")
    parts.wait()

    parts.served.get_recommender()

    assert len(parts.jobs.list_jobs()) == 1


def test_readers_go_on_with_the_old_index_while_one_of_them_opens_the_next(parts, monkeypatch):
    parts.add(3, seed=0)
    old = parts.served.get_recommender()
    parts.add(2, seed=1)
    save_later(parts)
    parts.wait()
    load = served_index_module.TrackIndex.load
    seen = []

    def load_while_another_asks(path, **more):
        seen.append(parts.served.get_recommender())
        return load(path, **more)

    monkeypatch.setattr(served_index_module.TrackIndex, "load", load_while_another_asks)

    assert len(parts.served.get_recommender().index) == 5
    assert seen == [old]
