from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from app.services.analysis import AnalysisFailure, PendingAnalysis
from catalog.errors import UnreadableMusicError
from catalog.models import AudioFeatures, Track, TrackAffect, TrackEmbedding
from catalog.queries import count_by_status, list_tracks
from tests.analyzers import analyze_by_name
from tests.factories import SHARES, FakeAnalysis, add_track, make_database

if TYPE_CHECKING:
    from pathlib import Path

    from catalog.database import SessionFactory

EACH_NUMBER_OF_WORKERS = pytest.mark.parametrize("n_workers", [0, 1, 2])


@pytest.fixture
def sessions(tmp_path: Path) -> SessionFactory:
    return make_database(tmp_path)


def _add(sessions: SessionFactory, folder: Path, *names: str) -> None:
    with sessions.begin() as session:
        for name in names:
            (folder / name).write_bytes(b"x")
            add_track(session, name, path=str(folder / name), content_hash=f"hash of {name}")


def _status_by_title(sessions: SessionFactory) -> dict[str, tuple[str, str | None]]:
    with sessions() as session:
        return {track.title: (track.status, track.failure_reason) for track in list_tracks(session)}


def test_what_is_measured_is_stored_with_its_models(sessions: SessionFactory, tmp_path: Path):
    _add(sessions, tmp_path, "a.mp3")

    report = PendingAnalysis(sessions, analyze_by_name).run()

    assert (report.n_analyzed, report.n_failed, report.is_complete) == (1, 0, True)
    with sessions() as session:
        features, affect, embedding, track = (
            session.scalars(select(table)).one() for table in (AudioFeatures, TrackAffect, TrackEmbedding, Track)
        )
    assert (features.tempo_bpm, features.key, features.mode, features.more) == (
        96.0,
        "A",
        "minor",
        {"brightness_hz": 1500.0},
    )
    assert features.analyzer_version == "features-1"
    assert (affect.model, affect.valence, affect.stds) == ("emotify-kernel-1", 0.3, {"valence": 0.2})
    assert {label: getattr(affect, label) for label in SHARES} == SHARES
    assert (embedding.model, len(embedding.vector)) == ("affect-timbre-1", 33 * 4)
    assert (track.status, track.duration_s) == ("analyzed", 12.5)


@EACH_NUMBER_OF_WORKERS
def test_a_file_that_fails_is_noted_with_its_reason_and_the_rest_go_on(
    sessions: SessionFactory, tmp_path: Path, n_workers: int
):
    _add(sessions, tmp_path, "a.mp3", "broken.mp3", "bug.mp3", "z.mp3")

    report = PendingAnalysis(sessions, analyze_by_name, n_workers=n_workers).run()

    assert (report.n_analyzed, report.n_failed) == (2, 2)
    assert _status_by_title(sessions) == {
        "a.mp3": ("analyzed", None),
        "broken.mp3": ("failed", "expected music, got noise"),
        "bug.mp3": ("failed", "the analysis failed: ZeroDivisionError: division by zero"),
        "z.mp3": ("analyzed", None),
    }
    assert dict(report.failed)[str(tmp_path / "broken.mp3")] == "expected music, got noise"


@pytest.mark.parametrize("n_workers", [1, 2])
def test_a_file_that_ends_its_process_is_blamed_alone(sessions: SessionFactory, tmp_path: Path, n_workers: int):
    _add(sessions, tmp_path, "a.mp3", "deadly.mp3", "b.mp3", "c.mp3", "d.mp3")

    failures: list[AnalysisFailure] = []

    PendingAnalysis(sessions, analyze_by_name, n_workers=n_workers).run(on_failure=failures.append)

    assert [(failure.path, failure.track_id) for failure in failures] == [(str(tmp_path / "deadly.mp3"), 2)]
    statuses = _status_by_title(sessions)
    assert statuses.pop("deadly.mp3") == ("failed", "the analysis ended its process; the file may be damaged")
    assert set(statuses.values()) == {("analyzed", None)}


def test_a_file_that_is_not_there_waits_on(sessions: SessionFactory, tmp_path: Path):
    _add(sessions, tmp_path, "a.mp3", "b.mp3")
    (tmp_path / "a.mp3").unlink()

    report = PendingAnalysis(sessions, analyze_by_name).run()

    assert (report.n_analyzed, report.n_missing) == (1, 1)
    assert _status_by_title(sessions)["a.mp3"] == ("pending", None)


@EACH_NUMBER_OF_WORKERS
def test_a_stopped_run_keeps_what_it_did_and_the_next_goes_on(sessions: SessionFactory, tmp_path: Path, n_workers: int):
    _add(sessions, tmp_path, *(f"{number}.mp3" for number in range(8)))
    asked = iter([False] * 3)

    first = PendingAnalysis(sessions, analyze_by_name, n_workers=n_workers).run(should_stop=lambda: next(asked, True))
    second = PendingAnalysis(sessions, analyze_by_name, n_workers=n_workers).run()

    assert (first.n_analyzed, first.is_complete) == (3, False)
    assert (second.n_analyzed, second.is_complete) == (5, True)


def test_progress_counts_up_to_all(sessions: SessionFactory, tmp_path: Path):
    _add(sessions, tmp_path, "a.mp3", "broken.mp3", "c.mp3")
    progress: list[tuple[int, int]] = []

    PendingAnalysis(sessions, analyze_by_name).run(lambda *counts: progress.append(counts))

    assert progress == [(1, 3), (2, 3), (3, 3)]


def test_more_tracks_than_a_page_are_all_analyzed(
    sessions: SessionFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("app.services.analysis._PAGE", 2)
    _add(sessions, tmp_path, *(f"{number}.mp3" for number in range(5)))

    PendingAnalysis(sessions, analyze_by_name).run()

    with sessions() as session:
        assert count_by_status(session)["analyzed"] == 5


@pytest.mark.parametrize("name", ["a.mp3", "broken.mp3"])
def test_a_file_replaced_meanwhile_keeps_waiting(sessions: SessionFactory, tmp_path: Path, name: str):
    _add(sessions, tmp_path, name)

    def replace_then_analyze(path: Path) -> FakeAnalysis:
        with sessions.begin() as session:
            session.execute(update(Track).values(content_hash="another"))
        return analyze_by_name(path)

    PendingAnalysis(sessions, replace_then_analyze).run()

    assert _status_by_title(sessions)[name] == ("pending", None)


def test_a_track_deleted_meanwhile_stays_deleted(sessions: SessionFactory, tmp_path: Path):
    _add(sessions, tmp_path, "a.mp3")

    def delete_then_analyze(path: Path) -> FakeAnalysis:
        with sessions.begin() as session:
            session.delete(session.scalars(select(Track)).one())
        return analyze_by_name(path)

    PendingAnalysis(sessions, delete_then_analyze).run()

    assert _status_by_title(sessions) == {}


def test_the_report_is_plain_json(sessions: SessionFactory, tmp_path: Path):
    _add(sessions, tmp_path, "broken.mp3")

    report = PendingAnalysis(sessions, analyze_by_name).run().to_json()

    assert report == {
        "n_analyzed": 0,
        "n_failed": 1,
        "n_missing": 0,
        "failed": [{"where": str(tmp_path / "broken.mp3"), "reason": "expected music, got noise"}],
        "is_complete": True,
    }


def test_a_track_that_another_run_analyzed_meanwhile_is_left_out(sessions: SessionFactory, tmp_path: Path):
    _add(sessions, tmp_path, *(f"{number}.mp3" for number in range(6)))
    order: list[str] = []

    def analyze_with_help(path: Path) -> FakeAnalysis:
        order.append(path.name)
        if len(order) == 1:
            PendingAnalysis(sessions, analyze_by_name).run(should_stop=iter([False, False, False, True]).__next__)
        return analyze_by_name(path)

    report = PendingAnalysis(sessions, analyze_with_help).run()

    assert order == ["0.mp3", "3.mp3", "4.mp3", "5.mp3"]
    assert report.n_analyzed == 4


def test_a_seed_shuffles_and_loses_no_track(sessions: SessionFactory, tmp_path: Path):
    _add(sessions, tmp_path, *(f"{number}.mp3" for number in range(6)))
    order: list[str] = []

    def note(path: Path) -> FakeAnalysis:
        order.append(path.name)
        return FakeAnalysis()

    PendingAnalysis(sessions, note).run(seed=1)

    assert order != sorted(order)
    assert sorted(order) == [f"{number}.mp3" for number in range(6)]


def test_tracks_that_come_meanwhile_are_analyzed_too(sessions: SessionFactory, tmp_path: Path):
    _add(sessions, tmp_path, "a.mp3")

    def add_one_more(path: Path) -> FakeAnalysis:
        if path.name == "a.mp3":
            _add(sessions, tmp_path, "b.mp3")
        return FakeAnalysis()

    report = PendingAnalysis(sessions, add_one_more).run()

    assert report.n_analyzed == 2


def test_a_file_that_vanishes_while_it_is_read_waits_on(sessions: SessionFactory, tmp_path: Path):
    _add(sessions, tmp_path, "a.mp3")

    def lose(path: Path) -> FakeAnalysis:
        path.unlink()
        raise UnreadableMusicError(str(path), "no such file")

    report = PendingAnalysis(sessions, lose).run()

    assert (report.n_missing, _status_by_title(sessions)["a.mp3"]) == (1, ("pending", None))
