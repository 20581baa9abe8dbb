"""Services for tests of the page: real ones over SQLite, but for a recognizer and a ranking with fixed answers."""

from __future__ import annotations

import wave
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np

from app.services.feedback import FeedbackService
from app.services.jobs import JobService
from app.services.library import LibraryService
from app.services.listeners import ListenerService
from app.services.listening import ListeningService
from app.services.own_data import OwnDataService
from app.services.playlists import FilterChoices, PlaylistItem, PlaylistService, ServedPlaylist
from app.services.readiness import Check
from app.services.served_index import ServedIndex
from app.services.voices import VoiceService
from app.settings import Settings
from catalog.database import Base, make_session_factory, open_engine
from catalog.models import Artist, Track
from recognizer.errors import UnreadableAudioError, UnusableClipError
from recognizer.inference import Recognition, TimelinePoint
from recognizer.voice_baseline import VoiceBaseline
from recommender.errors import EmptyIndexError
from tests.app.libraries import add_tracks, open_catalog

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["CALM", "COURSE", "UNSURE", "Check", "make_heard", "make_library_services", "make_services", "write_tone"]

CALM = {"happy": 0.06, "sad": 0.24, "angry": 0.04, "neutral": 0.66}
STATISTICS = np.array([0.25, -0.5], dtype=np.float32)
UNSURE = {"happy": 0.3, "sad": 0.27, "angry": 0.1, "neutral": 0.33}
COURSE = [
    {"happy": 0.04, "sad": 0.12, "angry": 0.04, "neutral": 0.8},
    {"happy": 0.04, "sad": 0.2, "angry": 0.04, "neutral": 0.72},
    {"happy": 0.06, "sad": 0.42, "angry": 0.06, "neutral": 0.46},
    {"happy": 0.1, "sad": 0.4, "angry": 0.04, "neutral": 0.46},
    {"happy": 0.06, "sad": 0.2, "angry": 0.02, "neutral": 0.72},
]
TITLES = [
    ("Slow Water", "The Lanterns"),
    ("Paper Boats", "Ines Vale"),
    ("A Window in October, Long after the Rain Had Gone", "North Quay Ensemble"),
    ("Moss", "Elder & Finch"),
    ("Harbor Lights", "Ines Vale"),
    ("Even the Dust", "Kestrel"),
]


def make_heard(posterior=CALM, *, abstained=False, reason=None, course=COURSE):
    """Make what the recognizer answers."""
    label = max(posterior, key=posterior.get)
    timeline = tuple(TimelinePoint(1.5 * i, 1.5 * i + 3.0, each) for i, each in enumerate(course))
    return Recognition(
        9.0, posterior, label, posterior[label], abstained, reason, timeline, "fixed 1.0", statistics=STATISTICS
    )


def write_tone(path: Path, frequency_hz: float, seconds: float, sample_rate: int = 16_000) -> Path:
    time_s = np.arange(int(seconds * sample_rate)) / sample_rate
    samples = (9000 * np.sin(2 * np.pi * frequency_hz * time_s)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(samples.tobytes())
    return path


class FixedRecognition:
    """Hears the same mood in every clip that is audio at all."""

    def __init__(self, heard):
        self.heard = heard
        self.clips: list[tuple[bytes, str, float | None]] = []
        self.baselines: list[VoiceBaseline | None] = []

    def recognize(self, source, name, *, expected_s=None, baseline=None, timings_ms=None):  # noqa: ARG002 - the service's
        content = source.read()
        self.baselines.append(baseline)
        self.clips.append((content, name, expected_s))
        if content.startswith(b"text"):
            raise UnreadableAudioError(name, "expected audio, got text")
        if content.startswith(b"silence"):
            raise UnusableClipError(name, "no_speech", "expected speech, got silence")
        return self.heard

    def learn_voice(self, recognition, baseline=None, *, label=None):  # noqa: ARG002 - the service's signature
        known = baseline or VoiceBaseline.empty(recognition.model, len(recognition.statistics))
        known.check_model(recognition.model)
        return known.with_clip(recognition.statistics)


class FixedPlaylists:
    """Recommends the same tracks for every mood; in turned order for every intent but to stay."""

    def __init__(self, items):
        self.items = items

    def serve(self, posterior, wishes, *, listener=None, has_abstained=False, chance_seed=None):  # noqa: ARG002
        if not self.items:
            raise EmptyIndexError
        never = listener.excluded_track_ids if listener else frozenset()
        items = tuple(item for item in self.items if item.track_id not in never)
        ordered = items if wishes.name == "stay" else tuple(reversed(items))
        return ServedPlaylist(ordered[: wishes.k or 20], wishes, posterior, "fixed")

    def list_choices(self):
        return FilterChoices((), (), None, None)


def make_services(  # noqa: PLR0913 - what tests may choose, each by name
    folder: Path, *, n_tracks=4, tone_s=0.05, heard=None, playlists=None, checks=(), **settings
):
    """Build services over `n_tracks` tones in `folder`.

    Returns:
        The services, with what tests look at beside them: `clips` that came in, `paths` by track, the `sessions`.
    """
    settings = Settings(data_dir=folder, database_url=f"sqlite:///{folder / 'catalog.db'}", **settings)
    engine = open_engine(settings.database_url)
    Base.metadata.create_all(engine)
    sessions = make_session_factory(engine)
    paths = {i: write_tone(folder / f"tone-{i}.wav", 110.0 * i, tone_s) for i in range(1, n_tracks + 1)}
    items = tuple(make_item(i, path, max(tone_s, 4.0)) for i, path in paths.items())
    store_tracks(sessions, items)
    recognition = FixedRecognition(heard or make_heard())
    playlists = playlists or FixedPlaylists(items)
    feedback = FeedbackService(sessions)
    listeners = ListenerService(sessions)
    voices = VoiceService(sessions, recognition)
    return SimpleNamespace(
        settings=settings,
        listening=ListeningService(recognition, playlists, feedback, listeners, voices),
        playlists=playlists,
        feedback=feedback,
        listeners=listeners,
        own_data=OwnDataService(sessions, listeners, voices),
        library=LibraryService(sessions, folder),
        readiness=lambda: tuple(checks),
        clips=recognition.clips,
        baselines=recognition.baselines,
        paths=paths,
        sessions=sessions,
        engine=engine,
    )


def make_item(track_id, path, duration_s):
    title, artist = TITLES[(track_id - 1) % len(TITLES)]
    return PlaylistItem(
        track_id=track_id,
        title=title,
        artist=artist,
        path_or_url=str(path),
        score=1.0 / track_id,
        reason="calm like your voice, with a little sadness",
        duration_s=duration_s,
        licence="CC BY 4.0" if track_id == 2 else None,
        attribution="Ines Vale, example.org" if track_id == 2 else None,
        tempo_bpm=72.0,
        valence=0.1,
        arousal=-0.4,
        contributions={"neutral": 0.75, "taste": 0.25 - 1.0 + 1.0 / track_id},
    )


def store_tracks(sessions, items):
    with sessions.begin() as session:
        artists = {name: Artist(name=name) for name in {item.artist for item in items}}
        for item in items:
            track = Track(id=item.track_id, title=item.title, artist=artists[item.artist], source="folder")
            track.path = item.path_or_url
            session.add(track)


def change_track(services, track_id, **fields):
    """Change a row as no page would."""
    with services.sessions.begin() as session:
        track = session.get(Track, track_id)
        for name, value in fields.items():
            setattr(track, name, value)


def make_library_services(folder: Path, *, n_tracks=40, **options):
    """Build services that rank real embeddings; genres, years and licences are spread over the tracks."""
    sessions = open_catalog(f"sqlite:///{folder / 'catalog.db'}")
    add_tracks(sessions, folder / "music", n_tracks)
    with sessions.begin() as session:
        for i, track in enumerate(session.query(Track).order_by(Track.id)):
            track.genre, track.year, track.licence = ("Folk", "Jazz")[i % 2], 1980 + i, "CC BY 4.0"
    library = LibraryService(sessions, folder)
    library.rebuild_index()
    playlists = PlaylistService(ServedIndex(library, JobService(sessions)).get_recommender)
    return make_services(folder, n_tracks=0, playlists=playlists, **options)
