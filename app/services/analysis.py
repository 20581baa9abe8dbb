"""Analyze tracks: those that wait for it, or those an older model analyzed; each is stored as soon as it is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

import numpy as np

from app.services.analysis_pool import AnalysisPool, Analyzer, analyze_one
from catalog.analysis.analyzer import analyze_file
from catalog.changes import Analysis, store_analysis, store_failure
from catalog.queries import count_pending, list_pending

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from catalog.database import SessionFactory
    from catalog.queries import PendingTrack

Progress: TypeAlias = Callable[[int, int], None]

_PAGE: Final = 10_000


@dataclass(frozen=True, slots=True)
class AnalysisReport:
    """What came of the tracks that waited.

    Attributes:
        n_missing: tracks whose file is not there; they wait on, for the disk may only be away.
        failed: path and reason, the first thousand.
        is_complete: False if it was stopped on the way.
    """

    n_analyzed: int
    n_failed: int
    n_missing: int
    failed: tuple[tuple[str, str], ...]
    is_complete: bool

    def to_json(self) -> dict[str, Any]:
        """Return plain values for a job row or a terminal."""
        return {
            "n_analyzed": self.n_analyzed,
            "n_failed": self.n_failed,
            "n_missing": self.n_missing,
            "failed": [{"where": where, "reason": reason} for where, reason in self.failed],
            "is_complete": self.is_complete,
        }


@dataclass(frozen=True, slots=True)
class AnalysisFailure:
    """A file that could not be analyzed."""

    track_id: int
    path: str
    reason: str


class Work(Protocol):
    """Which tracks are to be analyzed."""

    def count(self, session: Session) -> int:
        """Count them."""

    def list_page(self, session: Session, *, limit: int, after_id: int) -> list[PendingTrack]:
        """List some of them, by id from after `after_id`."""


class PendingTracks:
    """The tracks that wait for analysis."""

    def count(self, session: Session) -> int:
        """Count them."""
        return count_pending(session)

    def list_page(self, session: Session, *, limit: int, after_id: int) -> list[PendingTrack]:
        """List some of them, by id from after `after_id`."""
        return list_pending(session, limit=limit, after_id=after_id)


class PendingAnalysis:
    """One run over tracks to analyze.

    Args:
        session_factory: where the tracks are.
        analyzer: measures one file; a function of a module where `n_workers` is above 0.
        n_workers: processes to analyze in; 0 analyzes in this one, which a file that crashes takes with it.
        work: which tracks; those that wait unless given.
    """

    _MAX_LISTED: Final = 1000

    def __init__(
        self,
        session_factory: SessionFactory,
        analyzer: Analyzer = analyze_file,
        *,
        n_workers: int = 0,
        work: Work | None = None,
    ) -> None:
        self._session_factory = session_factory
        self._analyzer = analyzer
        self._n_workers = n_workers
        self._work = work or PendingTracks()
        self._n_analyzed = self._n_failed = self._n_missing = self._n_done = 0
        self._failed: list[tuple[str, str]] = []

    def run(
        self,
        on_progress: Progress | None = None,
        should_stop: Callable[[], bool] | None = None,
        *,
        on_failure: Callable[[AnalysisFailure], None] | None = None,
        seed: int | None = None,
    ) -> AnalysisReport:
        """Analyze until none is left or `should_stop` says so; what is under way then is still stored.

        Args:
            on_progress: called with how many are done and how many there are.
            should_stop: asked before each file.
            on_failure: called for each file that cannot be analyzed, after that is stored.
            seed: shuffles the tracks, so that runs at the same time seldom meet; None goes by id.
        """
        with self._session_factory() as session:
            n_total = self._work.count(session)
        stop = _StopOnce(should_stop or (lambda: False))
        with self._results(self._iter_tracks(stop, seed)) as results:
            for track, result in results:
                failure = self._store(track, result)
                if failure is not None and on_failure is not None:
                    on_failure(failure)
                self._n_done += 1
                if on_progress is not None:
                    on_progress(self._n_done, max(n_total, self._n_done))
        return AnalysisReport(
            self._n_analyzed, self._n_failed, self._n_missing, tuple(self._failed), not stop.is_stopped
        )

    def _store(self, track: PendingTrack, result: Analysis | Exception) -> AnalysisFailure | None:
        if isinstance(result, FileNotFoundError):
            self._n_missing += 1
            return None
        if isinstance(result, Exception):
            return self._store_failure(track, str(result))
        with self._session_factory.begin() as session:
            store_analysis(session, track.track_id, result, content_hash=track.content_hash)
        self._n_analyzed += 1
        return None

    def _store_failure(self, track: PendingTrack, reason: str) -> AnalysisFailure:
        with self._session_factory.begin() as session:
            store_failure(session, track.track_id, reason, content_hash=track.content_hash)
        self._n_failed += 1
        self._failed.extend([(track.path, reason)] if len(self._failed) < self._MAX_LISTED else [])
        return AnalysisFailure(track.track_id, track.path, reason)

    @contextmanager
    def _results(self, tracks: Iterator[PendingTrack]) -> Iterator[Iterator[tuple[PendingTrack, Analysis | Exception]]]:
        if self._n_workers <= 0:
            yield ((track, analyze_one(self._analyzer, track.path)) for track in tracks)
            return
        pool = AnalysisPool(self._analyzer, self._n_workers)
        try:
            yield pool.analyze(tracks)
        finally:
            pool.close()

    def _iter_tracks(self, stop: _StopOnce, seed: int | None) -> Iterator[PendingTrack]:
        """Go through the tracks, then through those that came meanwhile, until there are none."""
        met: set[int] = set()
        while track_ids := self._list_ids(met):
            met.update(track_ids)
            if seed is not None:
                np.random.default_rng(seed).shuffle(track_ids)
            for track_id in track_ids:
                if stop.ask():
                    return
                # Looked up again: another run may have analyzed it meanwhile.
                track = self._find(track_id)
                if track is not None:
                    yield track

    def _list_ids(self, met: set[int]) -> list[int]:
        track_ids: list[int] = []
        with self._session_factory() as session:
            while page := self._work.list_page(session, limit=_PAGE, after_id=track_ids[-1] if track_ids else 0):
                track_ids.extend(track.track_id for track in page)
        return [track_id for track_id in track_ids if track_id not in met]

    def _find(self, track_id: int) -> PendingTrack | None:
        with self._session_factory() as session:
            page = self._work.list_page(session, limit=1, after_id=track_id - 1)
        return page[0] if page and page[0].track_id == track_id else None


class _StopOnce:
    """Asks whether to stop, and remembers a yes."""

    def __init__(self, should_stop: Callable[[], bool]) -> None:
        self._should_stop = should_stop
        self.is_stopped = False

    def ask(self) -> bool:
        self.is_stopped = self.is_stopped or self._should_stop()
        return self.is_stopped
