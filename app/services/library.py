"""The library: bring music in, look it up, analyze it, and keep the index that is searched."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from app.services.analysis import AnalysisFailure, AnalysisReport, PendingAnalysis, PendingTracks
from app.services.errors import ForbiddenPathError
from app.services.index_building import IndexStatus, build_index, read_index_status
from catalog.analysis.analyzer import SHIPPED_VERSIONS, AnalysisVersions, analyze_file
from catalog.analysis.plugged_model import PluggedAnalyzer
from catalog.changes import retry_failed
from catalog.demo.library import render_demo_library
from catalog.errors import ImportSourceError
from catalog.importers import IMPORTERS
from catalog.importers.batch_log import close_interrupted
from catalog.importers.importer import ImportOptions
from catalog.importers.previewing import ImportPreview, preview_import
from catalog.importers.recognizing import recognize_source
from catalog.importers.table import TableImporter
from catalog.importers.walking import is_inside
from catalog.outdated import OutdatedTracks, choose_indexed_model, drop_old_embeddings
from catalog.queries import TrackFacts, catalog_revision, count_by_status, get_track, get_tracks

if TYPE_CHECKING:
    from app.services.analysis import Work
    from app.services.analysis_pool import Analyzer
    from catalog.database import SessionFactory
    from catalog.importers.folder import FolderImporter
    from catalog.importers.importer import ImportReport
    from catalog.importers.listing import ListImporter
    from catalog.importers.table import TableLayout

ImportProgress: TypeAlias = Callable[[int, int | None], None]
StopSign: TypeAlias = Callable[[], bool]
SkipSink: TypeAlias = Callable[[str, str], None]

DEMO_SOURCE: Final = "demo"


class LibraryService:
    """Music from its files to the index; what curators do with tracks is in `curation.py`.

    Args:
        session_factory: where the catalog is.
        data_dir: holds the demo library and the index.
        allowed_roots: folders that imports may read, besides the demo library and uploaded lists; empty for any folder.
        analyzer: measures one music file.
        n_workers: processes to analyze in; 0 analyzes in this one, which a file that crashes takes with it.
        versions: what the analyzer gives: tracks analyzed by anything else are outdated.
    """

    def __init__(  # noqa: PLR0913 - what a library is made of
        self,
        session_factory: SessionFactory,
        data_dir: Path,
        allowed_roots: Sequence[Path] = (),
        *,
        analyzer: Analyzer = analyze_file,
        n_workers: int = 0,
        versions: AnalysisVersions = SHIPPED_VERSIONS,
    ) -> None:
        self._session_factory = session_factory
        self.uploads_dir = data_dir / "uploads"
        self._allowed_roots = (*allowed_roots, data_dir / "demo", self.uploads_dir) if allowed_roots else ()
        self._analyzer = analyzer
        self._n_workers = n_workers
        self.versions = versions
        self.demo_dir = data_dir / "demo"
        self.index_path = data_dir / "index" / "tracks.faiss"

    def recognize_source(self, path: Path) -> str:
        """Tell which importer a folder or file is for, by its suffix and first line.

        Raises:
            ForbiddenPathError: it lies outside the allowed roots.
            ImportSourceError: it is not there, or of no kind that is known.
        """
        return recognize_source(self.check_path(path))

    def describe_table(self, kind: str, path: Path, options: ImportOptions | None = None) -> TableLayout | None:
        """Show a table's columns, first rows, and how they would be read; None where the kind has no free columns.

        Raises:
            ForbiddenPathError: it lies outside the allowed roots.
            ImportSourceError: it cannot be read, or the column map does not fit it.
        """
        importer = self._make_importer(kind, options)
        return importer.describe(self.check_path(path)) if isinstance(importer, TableImporter) else None

    def plan_import(  # noqa: PLR0913 - what a person chooses, and two ways to watch
        self,
        kind: str,
        path: Path,
        options: ImportOptions | None = None,
        *,
        n_shown: int = 50,
        should_stop: StopSign | None = None,
        on_skip: SkipSink | None = None,
    ) -> ImportPreview:
        """Show what an import would do: the first changes, and totals; nothing is written.

        Raises:
            ForbiddenPathError: the source lies outside the allowed roots.
            ImportSourceError: it is not there, not of the expected layout, or looks like an unmounted disk.
        """
        importer = self._make_importer(kind, options)
        return preview_import(importer.plan(self.check_path(path)), n_shown, should_stop=should_stop, on_skip=on_skip)

    def import_source(  # noqa: PLR0913 - what a person chooses, and four ways to watch
        self,
        kind: str,
        path: Path,
        options: ImportOptions | None = None,
        *,
        who: str = "",
        on_progress: ImportProgress | None = None,
        should_stop: StopSign | None = None,
        on_skip: SkipSink | None = None,
    ) -> ImportReport:
        """Import a folder or file.

        Args:
            kind: an importer's name, of `catalog.importers.IMPORTERS`.
            path: the folder or file.
            options: what was chosen for it.
            who: asks for it, for the log of changes.
            on_progress: called with entries done and entries in all, None if unknown.
            should_stop: asked between batches.
            on_skip: called with where and why for every skipped entry.

        Raises:
            ForbiddenPathError: the source lies outside the allowed roots.
            ImportSourceError: it is not there, not of the expected layout, or looks like an unmounted disk.
        """
        importer = self._make_importer(kind, options)
        return importer.apply(
            self.check_path(path), who=who, on_progress=on_progress, should_stop=should_stop, on_skip=on_skip
        )

    def close_interrupted_imports(self) -> list[int]:
        """Let imports have failed whose process was killed; return their ids."""
        with self._session_factory.begin() as session:
            return close_interrupted(session)

    def check_path(self, path: Path) -> Path:
        """Return the real path of what should be read.

        Raises:
            ForbiddenPathError: it lies outside the allowed roots, perhaps by way of `..` or a link.
        """
        try:
            real_path = os.path.realpath(path.expanduser())
        except (RuntimeError, ValueError) as error:
            raise ForbiddenPathError(f"{str(path)!r} is no path: {error}") from error
        roots = tuple(os.path.realpath(root) for root in self._allowed_roots)
        if not is_inside(real_path, roots):
            expected = ", ".join(roots)
            raise ForbiddenPathError(f"expected a path in {expected}, got {str(path)!r}; see EMOTITUNE_LIBRARY_ROOTS")
        return Path(real_path)

    def get_track(self, track_id: int) -> TrackFacts:
        """Return one track.

        Raises:
            TrackNotFoundError: no track bears this id.
        """
        with self._session_factory() as session:
            return get_track(session, track_id)

    def get_tracks(self, track_ids: Sequence[int]) -> list[TrackFacts]:
        """Return tracks in the order given; deleted ones are left out."""
        with self._session_factory() as session:
            return get_tracks(session, track_ids)

    def count_by_status(self) -> dict[str, int]:
        """Count the tracks by how far they have come."""
        with self._session_factory() as session:
            return count_by_status(session)

    def analyze_pending(
        self,
        *,
        on_progress: Callable[[int, int], None] | None = None,
        should_stop: StopSign | None = None,
        on_failure: Callable[[AnalysisFailure], None] | None = None,
        seed: int | None = None,
        n_workers: int | None = None,
    ) -> AnalysisReport:
        """Analyze the tracks that wait; each is stored at once, so a stop or a crash loses at most those under way.

        See `PendingAnalysis.run` for the arguments.
        """
        run = self._open_analysis(PendingTracks(), n_workers)
        return run.run(on_progress, should_stop, on_failure=on_failure, seed=seed)

    def analyze_outdated(
        self,
        *,
        on_progress: Callable[[int, int], None] | None = None,
        should_stop: StopSign | None = None,
        on_failure: Callable[[AnalysisFailure], None] | None = None,
        seed: int | None = None,
        n_workers: int | None = None,
    ) -> AnalysisReport:
        """Analyze again what another version analyzed, and nothing else; until then the old values stand.

        Once all were met, what older models left of those that were done is dropped: the next index is of the new one.
        """
        run = self._open_analysis(OutdatedTracks(self.versions), n_workers)
        report = run.run(on_progress, should_stop, on_failure=on_failure, seed=seed)
        if report.is_complete:
            with self._session_factory.begin() as session:
                drop_old_embeddings(session, self.versions.embedding_model)
        return report

    def retry_failed(self, track_ids: Sequence[int] | None = None) -> int:
        """Let failed tracks wait for analysis again, all or some; return how many."""
        with self._session_factory.begin() as session:
            return retry_failed(session, track_ids)

    def get_revision(self) -> int:
        """Return a number that grows with every change of tracks or embeddings."""
        with self._session_factory() as session:
            return catalog_revision(session)

    def choose_indexed_model(self) -> str:
        """Return the embedding model of the index; while tracks are analyzed again it is still the older one."""
        with self._session_factory() as session:
            return choose_indexed_model(session, self.versions.embedding_model)

    def rebuild_index(self) -> IndexStatus:
        """Build the index from the catalog as it is; the old one serves until the new one is whole and checked.

        Raises:
            IndexRejectedError: the new index is worse than the one that serves; it says why.
        """
        build_index(self._session_factory, self.index_path, self.choose_indexed_model())
        return self.index_status()

    def index_status(self) -> IndexStatus:
        """Compare the index with the catalog; every byte of it is verified."""
        return read_index_status(self._session_factory, self.index_path, self.choose_indexed_model())

    def ensure_demo_library(self, *, on_progress: Callable[[int, int], None] | None = None) -> ImportReport:
        """Render the demo library where it is missing, and import it; its tracks still wait for analysis."""
        render_demo_library(self.demo_dir, on_progress=on_progress or (lambda _n_done, _n_pieces: None))
        return IMPORTERS["folder"](self._session_factory, source=DEMO_SOURCE).apply(self.demo_dir)

    def _open_analysis(self, work: Work, n_workers: int | None) -> PendingAnalysis:
        n_processes = self._n_workers if n_workers is None else n_workers
        if isinstance(self._analyzer, PluggedAnalyzer):
            # What it lacks is said once, not noted as each file's failure.
            self._analyzer.check()
        return PendingAnalysis(self._session_factory, self._analyzer, n_workers=n_processes, work=work)

    def _make_importer(self, kind: str, options: ImportOptions | None) -> FolderImporter | ListImporter:
        if kind not in IMPORTERS:
            raise ImportSourceError(f"expected a kind among {', '.join(IMPORTERS)}, got {kind!r}")
        return IMPORTERS[kind](self._session_factory, roots=self._allowed_roots, options=options or ImportOptions())
