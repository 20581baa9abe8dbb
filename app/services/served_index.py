"""The index that serves: opened once, exchanged when a newer one is saved, rebuilt when there is none to open."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

import structlog

from app.services.jobs import JobKind
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
        self._ordered_revision: int | None = None

    def get_recommender(self) -> MusicRecommender:
        """Return the recommender over the index as it is now.

        Raises:
            DatabaseUnavailableError: the catalog cannot be read.
        """
        recommender = self._recommender
        if recommender is None or not len(recommender.index):
            self._lock.acquire()
        # While one thread opens the next index, the others go on with the old one.
        elif not self._is_due() or not self._lock.acquire(blocking=False):
            return recommender
        try:
            return self._refresh()
        finally:
            self._lock.release()

    def _is_due(self) -> bool:
        return time.monotonic() - self._checked_s >= CHECK_EVERY_S

    def _refresh(self) -> MusicRecommender:
        recommender = self._recommender
        if recommender is not None and len(recommender.index) and not self._is_due():
            return recommender  # another thread did, while this one waited
        if recommender is None or self._read_mtime_ns() != self._loaded_mtime_ns:
            index = self._open()
            recommender = MusicRecommender(index, self._library.get_tracks, model=index.metadata.model)
            self._recommender = recommender
        revision = self._library.get_revision()
        if recommender.index.metadata.revision != revision:
            self._order_rebuild(revision)
        self._checked_s = time.monotonic()
        return recommender

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
        index = TrackIndex.load(self._library.index_path, model=self._library.choose_indexed_model())
        self._loaded_mtime_ns = mtime_ns
        return index

    def _read_mtime_ns(self) -> int:
        try:
            return self._library.index_path.stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def _order_rebuild(self, revision: int) -> None:
        # Once per revision: an index that failed its check would fail it again.
        if revision == self._ordered_revision:
            return
        open_jobs = (*self._jobs.list_jobs(status=JobStatus.QUEUED), *self._jobs.list_jobs(status=JobStatus.RUNNING))
        # Every job that changes the catalog builds the index at its end.
        if not open_jobs:
            self._jobs.submit(JobKind.REBUILD)
            self._ordered_revision = revision
