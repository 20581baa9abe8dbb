"""The index that serves: opened once, exchanged when a newer one is saved, rebuilt when there is none to open."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

import structlog

from app.services.jobs import JobKind
from catalog.analysis.embeddings import EMBEDDING_MODEL
from catalog.models import JobStatus
from recommender.errors import IndexMismatchError, IndexUnreadableError
from recommender.index import TrackIndex
from recommender.pipeline import MusicRecommender

if TYPE_CHECKING:
    from app.services.jobs import JobService
    from app.services.library import LibraryService

_LOG = structlog.get_logger(__name__)

# How often a request may compare the index with the catalog: a glance costs a query and a stat.
CHECK_EVERY_S: Final = 2.0


class ServedIndex:
    """Hand out the recommender over the newest whole index.

    An index older than the catalog goes on serving while a job builds the next; a missing or corrupt one is
    built at once, since there is nothing to serve meanwhile.

    Args:
        library: knows the index file and how to build it.
        jobs: takes the order to rebuild.
    """

    def __init__(self, library: LibraryService, jobs: JobService) -> None:
        self._library = library
        self._jobs = jobs
        self._lock = threading.Lock()
        self._recommender: MusicRecommender | None = None
        self._loaded_mtime_ns = 0
        self._checked_s = -CHECK_EVERY_S

    def get_recommender(self) -> MusicRecommender:
        """Return the recommender over the index as it is now.

        Raises:
            DatabaseUnavailableError: the catalog cannot be read.
        """
        with self._lock:
            is_due = time.monotonic() - self._checked_s >= CHECK_EVERY_S
            if self._recommender is None or is_due or not len(self._recommender.index):
                self._refresh()
                self._checked_s = time.monotonic()
            if self._recommender is None:
                raise AssertionError("refreshing always leaves a recommender")
            return self._recommender

    def _refresh(self) -> None:
        mtime_ns = self._read_mtime_ns()
        if self._recommender is None or mtime_ns != self._loaded_mtime_ns:
            self._recommender = MusicRecommender(self._open(), self._library.get_tracks)
        if self._recommender.index.metadata.revision != self._library.get_revision():
            self._order_rebuild()

    def _open(self) -> TrackIndex:
        try:
            return self._load()
        except (IndexUnreadableError, IndexMismatchError) as error:
            _LOG.warning("index rebuilt", reason=str(error))
            self._library.rebuild_index()
            return self._load()

    def _load(self) -> TrackIndex:
        # The time before loading: what a worker saves meanwhile is seen at the next glance.
        mtime_ns = self._read_mtime_ns()
        index = TrackIndex.load(self._library.index_path, model=EMBEDDING_MODEL)
        self._loaded_mtime_ns = mtime_ns
        return index

    def _read_mtime_ns(self) -> int:
        try:
            return self._library.index_path.stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def _order_rebuild(self) -> None:
        open_jobs = (*self._jobs.list_jobs(status=JobStatus.QUEUED), *self._jobs.list_jobs(status=JobStatus.RUNNING))
        # Every job that changes the catalog builds the index at its end.
        if not open_jobs:
            self._jobs.submit(JobKind.REBUILD)
