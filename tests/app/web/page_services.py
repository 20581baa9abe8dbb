"""Services for tests of the page: a recognizer with fixed answers, a playlist of made-up tones."""

from __future__ import annotations

import dataclasses
import uuid
import wave
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np

from app.services.errors import ListeningNotFoundError
from app.settings import Settings
from catalog.errors import TrackNotFoundError
from recognizer.errors import UnreadableAudioError, UnusableClipError
from recommender.errors import EmptyIndexError

if TYPE_CHECKING:
    from pathlib import Path

CALM = {"happy": 0.06, "sad": 0.24, "angry": 0.04, "neutral": 0.66}
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


@dataclasses.dataclass(frozen=True)
class Check:
    name: str
    ok: bool
    message: str


@dataclasses.dataclass(frozen=True)
class Heard:
    posterior: dict[str, float]
    label: str
    confidence: float
    abstained: bool
    reason: str | None
    timeline: tuple[dict[str, object], ...]
    duration_s: float
    corrected_label: str | None = None
    notes: tuple[str, ...] = ()


def make_heard(posterior=CALM, *, abstained=False, course=COURSE):
    label = max(posterior, key=posterior.get)
    timeline = tuple({"start_s": 1.5 * i, "end_s": 1.5 * i + 3.0, "posterior": each} for i, each in enumerate(course))
    return Heard(posterior, label, posterior[label], abstained, None, timeline, 9.0)


def write_tone(path: Path, frequency_hz: float, seconds: float, sample_rate: int = 16_000) -> Path:
    time_s = np.arange(int(seconds * sample_rate)) / sample_rate
    samples = (9000 * np.sin(2 * np.pi * frequency_hz * time_s)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(samples.tobytes())
    return path


class FixedListening:
    """Hears the same mood in every clip that is audio at all."""

    def __init__(self, heard, playlist):
        self.heard = heard
        self.playlist = playlist
        self.clips: list[tuple[bytes, str, float | None]] = []
        self.stored: dict[str, Heard] = {}
        self.deleted: list[str] = []

    def listen(self, source, name, *, intent, k, expected_s=None):
        content = source.read()
        self.clips.append((content, name, expected_s))
        if content.startswith(b"text"):
            raise UnreadableAudioError(name, "expected audio, got text")
        if content.startswith(b"silence"):
            raise UnusableClipError(name, "no_speech", "expected speech, got silence")
        listening_id = str(uuid.UUID(int=len(self.clips)))
        self.stored[listening_id] = self.heard
        playlist = () if self.heard.abstained else self._recommend(intent, k)
        return SimpleNamespace(listening_id=listening_id, recognition=self.heard, playlist=playlist, timings_ms={})

    def get(self, listening_id):
        if listening_id not in self.stored:
            raise ListeningNotFoundError(listening_id)
        return self.stored[listening_id]

    def playlist_for(self, listening_id, *, intent, k):
        self.get(listening_id)
        return self._recommend(intent, k)

    def playlist_for_mood(self, _label, *, intent, k):
        return self._recommend(intent, k)

    def correct(self, listening_id, label):
        self.stored[listening_id] = dataclasses.replace(self.get(listening_id), corrected_label=label)

    def record_deletion(self, listening_id):
        self.deleted.append(listening_id)

    def _recommend(self, intent, k):
        if not self.playlist:
            raise EmptyIndexError
        # Another intent is another order, so that a test can see the change.
        return self.playlist[:k] if intent == "stay" else tuple(reversed(self.playlist[:k]))


class FolderLibrary:
    """Knows the files of one folder."""

    def __init__(self, paths):
        self.paths = paths

    def get_track(self, track_id):
        if track_id not in self.paths:
            raise TrackNotFoundError(track_id)
        return SimpleNamespace(id=track_id, path=str(self.paths[track_id]), url=None)


def make_services(folder: Path, *, n_tracks=4, tone_s=0.05, heard=None, checks=(), **settings):
    """Build services over `n_tracks` tones in `folder`."""
    paths = {i: write_tone(folder / f"tone-{i}.wav", 110.0 * (i + 1), tone_s) for i in range(1, n_tracks + 1)}
    items = tuple(
        SimpleNamespace(
            track_id=i,
            title=TITLES[(i - 1) % len(TITLES)][0],
            artist=TITLES[(i - 1) % len(TITLES)][1],
            path_or_url=str(path),
            score=1.0 / i,
            reason="calm like your voice, with a little sadness",
            duration_s=max(tone_s, 4.0),
            licence="CC BY 4.0" if i == 2 else None,
            attribution="Ines Vale, example.org" if i == 2 else None,
            tempo_bpm=72.0,
            valence=0.1,
            arousal=-0.4,
        )
        for i, path in paths.items()
    )
    listening = FixedListening(heard or make_heard(), items)
    return SimpleNamespace(
        settings=Settings(data_dir=folder, database_url="sqlite://", **settings),
        listening=listening,
        feedback=listening,
        library=FolderLibrary(paths),
        readiness=lambda: tuple(checks),
    )
