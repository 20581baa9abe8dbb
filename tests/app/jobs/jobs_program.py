"""A worker with a slow analyzer, as a program that tests can kill."""

from __future__ import annotations

import sys
from pathlib import Path

from app.jobs.worker import serve_jobs
from app.services.jobs import JobService
from app.services.library import LibraryService
from catalog.database import make_session_factory, open_engine
from tests.analyzers import analyze_slowly

if __name__ == "__main__":
    data_dir = Path(sys.argv[1])
    sessions = make_session_factory(open_engine(f"sqlite:///{data_dir / 'catalog.db'}"))
    serve_jobs(data_dir, JobService(sessions), LibraryService(sessions, data_dir, analyzer=analyze_slowly))
