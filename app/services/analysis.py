"""Analyze the tracks that wait for it: one by one or in several processes, each stored as soon as it is known."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from catalog.analysis.analyzer import analyze_file
from catalog.changes import Analysis, store_analysis, store_failure
from catalog.errors import UnreadableMusicError
from catalog.queries import count_pending, list_pending

if TYPE_CHECKING:
    from catalog.database import SessionFactory
    from catalog.queries import PendingTrack

Analyzer: TypeAlias = Callable[[Path], Analysis]
Progress: TypeAlias = Callable[[int, int], None]

_PAGE: Final = 100


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


class _Died(Exception):  # noqa: N818 - never leaves this module
    """The process that analyzed a file ended with it."""


class PendingAnalysis:
    """One run over the tracks that wait.

    Args:
        session_factory: where the tracks are.
        analyzer: measures one file; a function of a module where `n_workers` is above 1.
        n_workers: processes to analyze in; 1 analyzes in this one.
    """

    _MAX_LISTED: Final = 1000

    def __init__(
        self, session_factory: SessionFactory, analyzer: Analyzer = analyze_file, *, n_workers: int = 1
    ) -> None:
        self._session_factory = session_factory
        self._analyzer = analyzer
        self._n_workers = n_workers
        self._n_analyzed = self._n_failed = self._n_missing = self._n_done = 0
        self._failed: list[tuple[str, str]] = []

    def run(self, on_progress: Progress | None = None, should_stop: Callable[[], bool] | None = None) -> AnalysisReport:
        """Analyze until none waits or `should_stop` says so; what is under way then is still stored."""
        with self._session_factory() as session:
            n_total = count_pending(session)
        stop = _StopOnce(should_stop or (lambda: False))
        with self._results(stop) as results:
            for track, result in results:
                self._store(track, result)
                self._n_done += 1
                if on_progress is not None:
                    on_progress(self._n_done, max(n_total, self._n_done))
        return AnalysisReport(
            self._n_analyzed, self._n_failed, self._n_missing, tuple(self._failed), not stop.is_stopped
        )

    def _store(self, track: PendingTrack, result: Analysis | Exception) -> None:
        if isinstance(result, FileNotFoundError):
            self._n_missing += 1
            return
        with self._session_factory.begin() as session:
            if isinstance(result, Exception):
                reason = _explain(result)
                store_failure(session, track.track_id, reason, content_hash=track.content_hash)
            else:
                store_analysis(session, track.track_id, result, content_hash=track.content_hash)
        if isinstance(result, Exception):
            self._n_failed += 1
            self._failed.extend([(track.path, reason)] if len(self._failed) < self._MAX_LISTED else [])
        else:
            self._n_analyzed += 1

    @contextmanager
    def _results(self, stop: _StopOnce) -> Iterator[Iterator[tuple[PendingTrack, Analysis | Exception]]]:
        if self._n_workers <= 1:
            yield ((track, _analyze(self._analyzer, track.path)) for track in self._pending(stop))
            return
        pool = _Pool(self._analyzer, self._n_workers)
        try:
            yield pool.analyze(self._pending(stop))
        finally:
            pool.close()

    def _pending(self, stop: _StopOnce) -> Iterator[PendingTrack]:
        after_id = 0
        while True:
            with self._session_factory() as session:
                page = list_pending(session, limit=_PAGE, after_id=after_id)
            if not page:
                return
            for track in page:
                if stop.ask():
                    return
                yield track
            after_id = page[-1].track_id


class _StopOnce:
    """Asks whether to stop, and remembers a yes."""

    def __init__(self, should_stop: Callable[[], bool]) -> None:
        self._should_stop = should_stop
        self.is_stopped = False

    def ask(self) -> bool:
        self.is_stopped = self.is_stopped or self._should_stop()
        return self.is_stopped


class _Pool:
    """Processes that analyze; a file that ends its process is found and blamed, the others go on."""

    def __init__(self, analyzer: Analyzer, n_workers: int) -> None:
        self._analyzer = analyzer
        self._n_workers = n_workers
        self._executor = self._open(n_workers)

    def analyze(self, tracks: Iterator[PendingTrack]) -> Iterator[tuple[PendingTrack, Analysis | Exception]]:
        running: dict[Future[Analysis | Exception], PendingTrack] = {}
        for track in tracks:
            try:
                future = self._executor.submit(_analyze, self._analyzer, track.path)
            except BrokenProcessPool:
                # Another file's end was not seen yet; afterwards there are new processes.
                yield from self._collect_alone(running)
                future = self._executor.submit(_analyze, self._analyzer, track.path)
            running[future] = track
            # One more than can run at once, so that no process waits for the next path.
            if len(running) > self._n_workers:
                yield from self._collect(running)
        while running:
            yield from self._collect(running)

    def close(self) -> None:
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _collect(
        self,
        running: dict[Future[Analysis | Exception], PendingTrack],
    ) -> Iterator[tuple[PendingTrack, Analysis | Exception]]:
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        if any(isinstance(future.exception(), BrokenProcessPool) for future in done):
            yield from self._collect_alone(running)
            return
        for future in done:
            yield running.pop(future), future.result()

    def _collect_alone(
        self,
        running: dict[Future[Analysis | Exception], PendingTrack],
    ) -> Iterator[tuple[PendingTrack, Analysis | Exception]]:
        """Analyze what was under way again, each file in a process of its own: the one that ends it has done it."""
        tracks = list(running.values())
        running.clear()
        self.close()
        self._executor = self._open(self._n_workers)
        for track in tracks:
            alone = self._open(1)
            try:
                yield track, alone.submit(_analyze, self._analyzer, track.path).result()
            except BrokenProcessPool:
                yield track, _Died()
            finally:
                alone.shutdown(wait=True, cancel_futures=True)

    @staticmethod
    def _open(n_workers: int) -> ProcessPoolExecutor:
        # Never fork: this process has threads, of the queue and of numerical libraries.
        return ProcessPoolExecutor(
            n_workers, mp_context=multiprocessing.get_context("spawn"), initializer=_end_with_parent
        )


def _end_with_parent() -> None:
    """End this process when the one that started it is killed: nobody else would tell it."""

    def wait_for_parent() -> None:
        parent = multiprocessing.parent_process()
        if parent is not None:
            parent.join()
        os._exit(1)

    threading.Thread(target=wait_for_parent, daemon=True).start()


def _analyze(analyzer: Analyzer, path: str) -> Analysis | Exception:
    # Any error belongs to this one file: it is stored with it, and the next file has its turn.
    try:
        if not Path(path).exists():
            return FileNotFoundError(path)
        return analyzer(Path(path))
    except UnreadableMusicError as error:
        return RuntimeError(error.reason)
    except Exception as error:  # noqa: BLE001
        return RuntimeError(f"the analysis failed: {type(error).__name__}: {error}")


def _explain(error: Exception) -> str:
    return "the analysis ended its process; the file may be damaged" if isinstance(error, _Died) else str(error)
