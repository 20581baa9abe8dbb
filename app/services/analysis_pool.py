"""Processes that analyze: a file that ends its process is found and blamed, the others go on."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from catalog.changes import Analysis
from catalog.errors import UnreadableMusicError

if TYPE_CHECKING:
    from catalog.queries import PendingTrack

Analyzer: TypeAlias = Callable[[Path], Analysis]

DIED_REASON: Final = "the analysis ended its process; the file may be damaged"


class AnalysisPool:
    """Processes that analyze one file at a time each.

    Args:
        analyzer: measures one file; a function of a module, or another that pickles.
        n_workers: how many processes.
    """

    def __init__(self, analyzer: Analyzer, n_workers: int) -> None:
        self._analyzer = analyzer
        self._n_workers = n_workers
        self._executor = self._open(n_workers)

    def analyze(self, tracks: Iterator[PendingTrack]) -> Iterator[tuple[PendingTrack, Analysis | Exception]]:
        """Yield each track with its analysis, or with why there is none, as they are done."""
        running: dict[Future[Analysis | Exception], PendingTrack] = {}
        for track in tracks:
            try:
                future = self._executor.submit(analyze_one, self._analyzer, track.path)
            except BrokenProcessPool:
                # Another file's end was not seen yet; afterwards there are new processes.
                yield from self._collect_alone(running)
                future = self._executor.submit(analyze_one, self._analyzer, track.path)
            running[future] = track
            # One more than can run at once, so that no process waits for the next path.
            if len(running) > self._n_workers:
                yield from self._collect(running)
        while running:
            yield from self._collect(running)

    def close(self) -> None:
        """End the processes."""
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
                yield track, alone.submit(analyze_one, self._analyzer, track.path).result()
            except BrokenProcessPool:
                yield track, RuntimeError(DIED_REASON)
            finally:
                alone.shutdown(wait=True, cancel_futures=True)

    @staticmethod
    def _open(n_workers: int) -> ProcessPoolExecutor:
        # Never fork: this process has threads, of the queue and of numerical libraries.
        return ProcessPoolExecutor(
            n_workers, mp_context=multiprocessing.get_context("spawn"), initializer=_end_with_parent
        )


def analyze_one(analyzer: Analyzer, path: str) -> Analysis | Exception:
    """Analyze a file, or return why that cannot be done: FileNotFoundError where there is none."""
    # Any error belongs to this one file: it is stored with it, and the next file has its turn.
    try:
        if not Path(path).exists():
            return FileNotFoundError(path)
        return analyzer(Path(path))
    except UnreadableMusicError as error:
        # A file that vanished while it was read is not a bad one.
        return RuntimeError(error.reason) if Path(path).exists() else FileNotFoundError(path)
    except Exception as error:  # noqa: BLE001
        return RuntimeError(f"the analysis failed: {type(error).__name__}: {error}")


def _end_with_parent() -> None:
    """End this process when the one that started it is killed: nobody else would tell it."""

    def wait_for_parent() -> None:
        parent = multiprocessing.parent_process()
        if parent is not None:
            parent.join()
        os._exit(1)

    threading.Thread(target=wait_for_parent, daemon=True).start()
