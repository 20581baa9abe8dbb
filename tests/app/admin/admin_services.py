"""What the admin page calls: real services over a migrated SQLite database, with an analyzer that is quick."""

from __future__ import annotations

import shutil
from types import SimpleNamespace
from typing import TYPE_CHECKING

from argon2 import PasswordHasher

from app.services.accounts import ADMINISTRATOR, AccountService
from app.services.bulk_changes import MAX_AT_ONCE, BulkChangeService
from app.services.bulk_runs import BulkRuns
from app.services.curation import CurationService
from app.services.jobs import JobService
from app.services.library import LibraryService
from app.services.neighbors import NeighborService
from app.services.queue import JobQueue
from app.services.served_index import ServedIndex
from app.services.waveforms import WaveformService
from app.services.what_if import WhatIfService
from app.settings import Settings
from catalog.database import make_session_factory, open_engine
from tests.factories import FakeAnalysis

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from catalog.analysis.analyzer import TrackAnalysis

EMAIL = "curator@example.org"
PASSWORD = "a long walk by the river"
# Argon2 at its least: a real hash takes a tenth of a second.
QUICK_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def analyze_quickly(_path: Path) -> FakeAnalysis:
    return FakeAnalysis()


def make_admin_services(  # noqa: PLR0913 - what tests set otherwise
    folder: Path,
    migrated: Path,
    *,
    analyzer: Callable[[Path], TrackAnalysis | FakeAnalysis] = analyze_quickly,
    roots: tuple[Path, ...] = (),
    trusted_proxies: int = 0,
    max_at_once: int = MAX_AT_ONCE,
) -> SimpleNamespace:
    """Build what the admin page calls, with an administrator.

    Args:
        folder: the data folder.
        migrated: an empty migrated database, which is copied.
        analyzer: measures one file.
        roots: folders that imports may read.
        trusted_proxies: how many proxies stand before the server.
        max_at_once: tracks that are changed without a job.
    """
    shutil.copy(migrated, folder / "catalog.db")
    settings = Settings(
        data_dir=folder,
        database_url=f"sqlite:///{folder / 'catalog.db'}",
        library_roots=roots,
        trusted_proxies=trusted_proxies,
    )
    engine = open_engine(settings.database_url)
    sessions = make_session_factory(engine)
    queue = JobQueue(folder)
    accounts = AccountService(sessions, QUICK_HASHER)
    accounts.create_account(EMAIL, PASSWORD, ADMINISTRATOR)
    library, jobs = LibraryService(sessions, folder, roots, analyzer=analyzer), JobService(sessions, queue.send)
    curation = CurationService(sessions)
    get_recommender = ServedIndex(library, jobs).get_recommender
    return SimpleNamespace(
        settings=settings,
        library=library,
        curation=curation,
        bulk_changes=BulkChangeService(curation, jobs, max_at_once=max_at_once),
        bulk_runs=BulkRuns(sessions),
        what_if=WhatIfService(get_recommender, library.get_tracks, library.get_revision),
        neighbors=NeighborService(get_recommender, library.get_tracks),
        waveforms=WaveformService(library, folder / "waveforms"),
        accounts=accounts,
        jobs=jobs,
        engine=engine,
        queue=queue,
        sessions=sessions,
    )


def close(services: SimpleNamespace) -> None:
    """Close the files that the services hold open."""
    services.queue.huey.storage.close()
    services.engine.dispose()
