"""Build the services from the settings: open the database, find model and index."""

from __future__ import annotations

import functools
import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from app.services.accounts import AccountService
from app.services.bulk_changes import BulkChangeService
from app.services.bulk_runs import BulkRuns
from app.services.curation import CurationService
from app.services.feedback import FeedbackService
from app.services.jobs import JobService
from app.services.library import LibraryService
from app.services.listeners import ListenerService
from app.services.listening import ListeningService
from app.services.neighbors import NeighborService
from app.services.own_data import OwnDataService
from app.services.playlists import PlaylistService
from app.services.queue import JobQueue
from app.services.readiness import Check, ReadinessService
from app.services.recognition import RecognitionService
from app.services.served_index import ServedIndex
from app.services.voices import VoiceService
from app.services.waveforms import WaveformService
from app.services.what_if import WhatIfService
from catalog.analysis.analyzer import SHIPPED_VERSIONS, analyze_file
from catalog.analysis.plugged_model import PluggedAnalyzer, find_head
from catalog.database import make_session_factory, open_engine
from recognizer.bundles import resolve_bundle
from recognizer.inference import EmotionRecognizer

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.services.analysis_pool import Analyzer
    from app.settings import Settings
    from catalog.analysis.analyzer import AnalysisVersions


@dataclass(frozen=True, slots=True)
class Services:
    """All use cases over one database, one index and one recognizer."""

    settings: Settings
    listening: ListeningService
    playlists: PlaylistService
    feedback: FeedbackService
    listeners: ListenerService
    own_data: OwnDataService
    library: LibraryService
    curation: CurationService
    bulk_changes: BulkChangeService
    bulk_runs: BulkRuns
    what_if: WhatIfService
    neighbors: NeighborService
    waveforms: WaveformService
    accounts: AccountService
    jobs: JobService
    readiness: Callable[[], tuple[Check, ...]]


def build_services(settings: Settings) -> Services:
    """Wire everything; the recognizer is loaded by the first voice note, so that a forked server shares no threads.

    Raises:
        DatabaseUnavailableError: the database's address cannot be used at all.
        QueueUnavailableError: the queue's address cannot be used at all.
        MusicModelError: the music model that is set is not fitted yet.
    """
    _configure_logs()
    session_factory = make_session_factory(open_engine(settings.database_url))
    get_recognizer = _load_once(settings)
    analyzer, versions = choose_analyzer(settings)
    library = LibraryService(
        session_factory,
        settings.data_dir,
        settings.library_roots,
        analyzer=analyzer,
        # In processes of their own: a decoder that crashes on a file must not take this one with it.
        n_workers=max(1, (os.cpu_count() or 1)),
        versions=versions,
    )
    jobs = JobService(session_factory, JobQueue(settings.data_dir, url=settings.queue_url).send)
    curation = CurationService(session_factory, embedding_model=versions.embedding_model)
    feedback = FeedbackService(session_factory)
    get_recommender = ServedIndex(library, jobs).get_recommender
    playlists = PlaylistService(get_recommender)
    recognition = RecognitionService(get_recognizer, max_clip_s=settings.max_clip_s)
    # Tastes live in the space of the index that serves.
    listeners = ListenerService(session_factory, choose_model=lambda: get_recommender().index.metadata.model)
    voices = VoiceService(session_factory, recognition)
    return Services(
        settings=settings,
        listening=ListeningService(recognition, playlists, feedback, listeners, voices),
        playlists=playlists,
        feedback=feedback,
        listeners=listeners,
        own_data=OwnDataService(session_factory, listeners, voices),
        library=library,
        curation=curation,
        bulk_changes=BulkChangeService(curation, jobs),
        bulk_runs=BulkRuns(session_factory),
        what_if=WhatIfService(get_recommender, library.get_tracks, library.get_revision),
        neighbors=NeighborService(get_recommender, library.get_tracks),
        waveforms=WaveformService(library, settings.data_dir / "waveforms"),
        accounts=AccountService(session_factory),
        jobs=jobs,
        readiness=ReadinessService(library, get_recognizer).check,
    )


def choose_analyzer(settings: Settings) -> tuple[Analyzer, AnalysisVersions]:
    """Return what analyzes music by these settings, and what it writes on the rows.

    Raises:
        MusicModelError: the music model that is set is not fitted yet.
    """
    if settings.music_model == "default":
        return functools.partial(analyze_file, excerpt_s=settings.excerpt_s), SHIPPED_VERSIONS
    head_path = find_head(settings.music_model, settings.music_models_dir)
    plugged = PluggedAnalyzer(settings.music_model, head_path, settings.material_dir, settings.excerpt_s)
    return plugged, plugged.versions


def _configure_logs() -> None:
    """Log through standard logging, to standard error, and never a local variable: it may be a password or a voice."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


def build_recognition(settings: Settings) -> RecognitionService:
    """Wire what hears recordings, without database and index."""
    return RecognitionService(_load_once(settings), max_clip_s=settings.max_clip_s)


def _load_once(settings: Settings) -> Callable[[], EmotionRecognizer]:
    lock = threading.Lock()
    loaded: list[EmotionRecognizer] = []

    def get_recognizer() -> EmotionRecognizer:
        with lock:
            if not loaded:
                folder = resolve_bundle(settings.recognizer, settings.recognizer_models_dir)
                loaded.append(EmotionRecognizer.load(folder, n_threads=settings.n_threads))
            return loaded[0]

    return get_recognizer
