"""A worker with a slow analyzer, as a program that tests can kill."""

from __future__ import annotations

import sys
from pathlib import Path

from app.jobs.worker import serve_jobs
from app.services.bulk_runs import BulkRuns
from app.services.jobs import JobService
from app.services.library import LibraryService
from catalog.database import make_session_factory, open_engine
from tests.analyzers import analyze_slowly

if __name__ == "__main__":
    data_dir, database_url, queue_url = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    sessions = make_session_factory(open_engine(database_url))
    library = LibraryService(sessions, data_dir, analyzer=analyze_slowly, n_workers=1)
    serve_jobs(data_dir, JobService(sessions), library, BulkRuns(sessions), queue_url=queue_url)
