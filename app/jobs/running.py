"""Do one job: find its row, call the service, and write down how far it is."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import structlog

from app.jobs.pace import Pace
from app.jobs.skip_log import SkipLog
from app.services.bulk_runs import BulkOrder
from app.services.errors import ServiceError
from app.services.job_facts import JobErrorFacts, JobKind
from catalog.errors import CatalogError
from catalog.importers.importer import ImportOptions
from catalog.process_names import name_this_process
from recommender.errors import RecommenderError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from app.services.analysis import AnalysisFailure, AnalysisReport
    from app.services.bulk_runs import BulkRuns
    from app.services.job_facts import JobFacts
    from app.services.jobs import JobService
    from app.services.library import LibraryService

_log = structlog.get_logger(__name__)

# Often enough for a person who watches, seldom enough to leave the database to others.
_REPORT_EVERY_S: Final = 0.5
# Seldom beside what a file takes, often beside the silence after which a worker counts as gone.
_BEAT_EVERY_S: Final = 5.0


@dataclass(slots=True)
class JobRun:
    """One job under way.

    Attributes:
        is_worker_ending: whether the worker was told to end.
    """

    job: JobFacts
    jobs: JobService
    library: LibraryService
    bulk: BulkRuns
    is_worker_ending: Callable[[], bool]
    report: dict[str, Any] = field(default_factory=dict)
    _pace: Pace = field(default_factory=Pace)
    _reported_s: float = -_REPORT_EVERY_S
    _should_stop: bool = False

    def do(self) -> None:
        """Do what the kind of job asks for.

        Raises:
            ServiceError: this version knows no such kind.
        """
        if self.job.kind not in _DO_BY_KIND:
            raise ServiceError(f"expected a kind of job among {', '.join(_DO_BY_KIND)}, got {self.job.kind!r}")
        _DO_BY_KIND[self.job.kind](self)

    def import_and_index(self) -> None:
        """Import what the job names, then analyze what waits and index it."""
        arguments = self.job.arguments
        skips = SkipLog(self.job.job_id, self.jobs)
        try:
            imported = self.library.import_source(
                _IMPORTER_BY_KIND.get(self.job.kind) or str(arguments["importer"]),
                Path(str(arguments["path"])),
                ImportOptions.from_json(arguments.get("options", {})),
                who=str(arguments.get("who", "")),
                on_progress=self._progress("importing"),
                should_stop=self.should_stop,
                on_skip=skips.add,
            )
        finally:
            skips.flush()
        self.report["import"] = imported.to_json()
        self.analyze_and_index()

    def analyze_and_index(self) -> None:
        """Analyze what waits, then index it."""
        self._analyze("analyzing", self.library.analyze_pending)

    def upgrade_and_index(self) -> None:
        """Analyze again what an older model analyzed, then index it; the old index serves meanwhile."""
        self._analyze("analyzing again", self.library.analyze_outdated)

    def change_and_index(self) -> None:
        """Edit or delete the tracks that the job names, then index the others."""
        order = BulkOrder.from_json(self.job.arguments)
        progress = self._progress("deleting" if order.edit is None else "editing")
        self.report["change"] = {"n_changed": self.bulk.change(order, progress, self.should_stop)}
        self.index()

    def undo_and_index(self) -> None:
        """Take back the change that the job names, then index what is there again."""
        words = self.job.arguments
        groups = (str(words["undone_id"]), str(words["group_id"]))
        n_changed = self.bulk.undo(*groups, str(words["who"]), self._progress("taking back"), self.should_stop)
        self.report["change"] = {"n_changed": n_changed}
        self.index()

    def index(self) -> None:
        """Build the index."""
        if self.should_stop():
            return
        self._begin("building the index")
        self.report["index"] = {"n_indexed": self.library.rebuild_index().n_indexed}

    def should_stop(self) -> bool:
        """Tell whether the job was cancelled or the worker ends; asked between files, looked up now and then."""
        if self.is_worker_ending():
            return True
        if not self._should_stop and self._is_time():
            self._should_stop = not self.jobs.is_running(self.job.job_id, self.job)
        return self._should_stop

    def _analyze(self, message: str, analyze: Callable[..., AnalysisReport]) -> None:
        if self.should_stop():
            return
        self._begin(message)
        analyzed = analyze(
            on_progress=self._progress(message),
            should_stop=self.should_stop,
            on_failure=self._note_failure,
            # Two jobs that analyze at the same time, on two workers, go through the tracks in different orders.
            seed=self.job.job_id,
        )
        self.report["analysis"] = analyzed.to_json()
        self.index()

    def _note_failure(self, failure: AnalysisFailure) -> None:
        self.jobs.add_errors(self.job.job_id, [JobErrorFacts(failure.path, failure.reason, failure.track_id)])

    def _begin(self, message: str) -> None:
        self._pace = Pace()
        self.jobs.report_progress(self.job.job_id, 0, None, message, run=self.job)

    def _progress(self, message: str) -> Callable[[int, int | None], None]:
        def report(n_done: int, n_total: int | None) -> None:
            if self._is_time() or n_done == n_total:
                self._reported_s = time.monotonic()
                rate_per_s = self._pace.measure(n_done, self._reported_s)
                self.jobs.report_progress(
                    self.job.job_id, n_done, n_total, message, run=self.job, rate_per_s=rate_per_s
                )
                self._should_stop = not self.jobs.is_running(self.job.job_id, self.job)

        return report

    def _is_time(self) -> bool:
        return time.monotonic() - self._reported_s >= _REPORT_EVERY_S


# Jobs of these kinds name no importer.
_IMPORTER_BY_KIND: Final[Mapping[str, str]] = {JobKind.IMPORT_FOLDER: "folder", JobKind.IMPORT_CSV: "csv"}

_DO_BY_KIND: Final[Mapping[str, Callable[[JobRun], None]]] = {
    JobKind.IMPORT: JobRun.import_and_index,
    JobKind.IMPORT_FOLDER: JobRun.import_and_index,
    JobKind.IMPORT_CSV: JobRun.import_and_index,
    JobKind.ANALYZE: JobRun.analyze_and_index,
    JobKind.UPGRADE: JobRun.upgrade_and_index,
    JobKind.REBUILD: JobRun.index,
    JobKind.EDIT: JobRun.change_and_index,
    JobKind.DELETE: JobRun.change_and_index,
    JobKind.UNDO: JobRun.undo_and_index,
}


def run_job(
    job_id: int,
    jobs: JobService,
    library: LibraryService,
    bulk: BulkRuns,
    is_worker_ending: Callable[[], bool] = lambda: False,
) -> None:
    """Do one job, unless it is done, cancelled or under way already; its row tells what came of it."""
    job = jobs.start(job_id, name_this_process())
    if job is None:
        return
    log = _log.bind(job_id=job_id, kind=job.kind)
    log.info("job started")
    run = JobRun(job, jobs, library, bulk, is_worker_ending)
    try:
        with _beating(job, jobs):
            run.do()
    except (CatalogError, ServiceError, RecommenderError) as error:
        jobs.fail(job_id, str(error), run=job)
        log.warning("job failed", error_type=type(error).__name__)
        return
    except Exception as error:
        # The outermost caller: the row must not say for ever that it runs.
        jobs.fail(job_id, f"an unexpected {type(error).__name__}: {error}", run=job)
        log.exception("job failed")
        return
    if is_worker_ending():
        jobs.requeue(job_id, run=job)
        log.info("job waits for the next worker")
    else:
        jobs.finish(job_id, run.report, summarize(run.report), run=job)
        log.info("job ended")


@contextmanager
def _beating(job: JobFacts, jobs: JobService) -> Iterator[None]:
    """Let the worker be heard of while it works, also where one step takes minutes."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(_BEAT_EVERY_S):
            try:
                jobs.beat(job)
            except CatalogError as error:
                # The database may be back at the next beat.
                _log.warning("job not heard of", job_id=job.job_id, reason=str(error))

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def summarize(report: Mapping[str, Any]) -> str:
    """Say in a sentence what a job did."""
    parts = []
    if "import" in report:
        done = report["import"]
        parts.append(f"{done['created']} new, {done['updated']} updated, {done['unchanged']} unchanged")
        parts.append(f"{done['n_skipped']} skipped")
    if "change" in report:
        parts.append(f"{report['change']['n_changed']} changed")
    if "analysis" in report:
        done = report["analysis"]
        parts.append(f"{done['n_analyzed']} analyzed, {done['n_failed']} failed, {done['n_missing']} missing")
    if "index" in report:
        parts.append(f"{report['index']['n_indexed']} in the index")
    return "; ".join(parts)
