"""An installation whose music model changed: the old index serves until the new one is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from app.jobs.running import run_job
from app.services.bulk_runs import BulkRuns
from app.services.job_facts import JobKind
from app.services.jobs import JobService
from app.services.library import LibraryService
from app.services.served_index import ServedIndex
from catalog.models import TrackEmbedding
from tests.analyzers import analyze_by_name
from tests.app.libraries import add_tracks, open_catalog

if TYPE_CHECKING:
    from pathlib import Path

    from catalog.database import SessionFactory

OLD, NEW = "affect-timbre-0", "affect-timbre-1"


@pytest.fixture
def sessions(tmp_path: Path) -> SessionFactory:
    """A catalog that an older model analyzed."""
    sessions = open_catalog(f"sqlite:///{tmp_path / 'catalog.db'}")
    add_tracks(sessions, tmp_path / "music", 6)
    with sessions.begin() as session:
        session.execute(update(TrackEmbedding).values(model=OLD))
    return sessions


def test_the_old_index_serves_until_all_is_analyzed_again(sessions: SessionFactory, tmp_path: Path):
    library = LibraryService(sessions, tmp_path, analyzer=analyze_by_name)
    jobs = JobService(sessions)
    library.rebuild_index()
    asked = iter([False] * 4)
    library.analyze_outdated(should_stop=lambda: next(asked, True))

    halfway = library.rebuild_index()
    served = ServedIndex(library, jobs).get_recommender()
    playlist = served.recommend({"happy": 0.7, "sad": 0.1, "angry": 0.1, "neutral": 0.1}, k=3)
    job_id = jobs.submit(JobKind.UPGRADE).job_id
    run_job(job_id, jobs, library, BulkRuns(sessions))

    assert jobs.get_job(job_id).message == "2 analyzed, 0 failed, 0 missing; 6 in the index"
    assert (halfway.model, halfway.n_indexed, served.index.metadata.model, len(playlist)) == (OLD, 6, OLD, 3)
    assert (library.index_status().model, library.index_status().n_indexed) == (NEW, 6)
    assert ServedIndex(library, jobs).get_recommender().index.metadata.model == NEW
