"""Valid objects for tests; a test names only the fields it speaks about."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import av
import mutagen
import numpy as np
import soundfile
from mutagen.id3 import ID3, TALB, TCON, TDRC, TIT2, TPE1
from mutagen.mp4 import MP4
from mutagen.wave import WAVE

from catalog.database import Base, make_session_factory, open_engine
from catalog.models import Artist, AudioFeatures, Track, TrackAffect, TrackEmbedding, TrackStatus

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sqlalchemy.orm import Session

    from catalog.database import SessionFactory

SAMPLE_RATE = 48_000
SHARES = {"happy": 0.4, "sad": 0.1, "angry": 0.2, "neutral": 0.3}
# The tests' own embeddings: any model but the one that serves.
MODEL = "test-1"
_SOUNDFILE_FORMATS = {
    ".mp3": ("MP3", "MPEG_LAYER_III"),
    ".flac": ("FLAC", "PCM_16"),
    ".ogg": ("OGG", "VORBIS"),
    ".opus": ("OGG", "OPUS"),
    ".wav": ("WAV", "PCM_16"),
}
_ID3_FRAMES = {"title": TIT2, "artist": TPE1, "album": TALB, "genre": TCON, "date": TDRC}
_MP4_ATOMS = {"title": "\xa9nam", "artist": "\xa9ART", "album": "\xa9alb", "genre": "\xa9gen", "date": "\xa9day"}


def make_database(folder: Path, name: str = "catalog.db") -> SessionFactory:
    """Make an empty catalog in a file, as several processes would share it."""
    engine = open_engine(f"sqlite:///{folder / name}", busy_timeout_s=2.0)
    Base.metadata.create_all(engine)
    return make_session_factory(engine)


def add_track(session: Session, title: str = "Vibe Ace", *, artist: str | None = None, **fields: Any) -> Track:
    """Store a track; equal artist names share a row."""
    track = Track(title=title, source="folder", edited_fields=[], **fields)
    if artist is not None:
        track.artist = session.query(Artist).filter_by(name=artist).one_or_none() or Artist(name=artist)
    session.add(track)
    session.flush()
    return track


def add_analyzed_track(session: Session, title: str = "Vibe Ace", *, model: str = MODEL, **fields: Any) -> Track:
    """Store a track with features, affect and an embedding."""
    affect = {name: fields.pop(name, default) for name, default in {"valence": 0.2, "arousal": -0.1, **SHARES}.items()}
    vector = fields.pop("vector", np.array([0.6, 0.8], dtype=np.float32))
    tempo_bpm = fields.pop("tempo_bpm", 120.0)
    track = add_track(session, title, status=TrackStatus.ANALYZED, **fields)
    session.add(AudioFeatures(track_id=track.id, analyzer_version="1", tempo_bpm=tempo_bpm, key="C", mode="major"))
    session.add(TrackAffect(track_id=track.id, model=model, **affect))
    session.add(TrackEmbedding(track_id=track.id, model=model, vector=vector.astype("<f4").tobytes()))
    session.flush()
    return track


@dataclass(frozen=True)
class FakeFeatures:
    """Features as the analysis measures them, and one that has no column of its own."""

    tempo_bpm: float = 96.0
    key: str = "A"
    mode: str = "minor"
    loudness_lufs: float = -16.0
    dynamic_range_db: float = 6.0
    onset_rate_hz: float = 2.5
    beat_strength: float = 0.5
    brightness_hz: float = 1500.0


@dataclass(frozen=True)
class FakeAffect:
    """An affect estimate."""

    valence: float = 0.3
    arousal: float = -0.2
    shares: Mapping[str, float] = field(default_factory=lambda: dict(SHARES))
    stds: Mapping[str, float] = field(default_factory=lambda: {"valence": 0.2})


@dataclass(frozen=True)
class FakeAnalysis:
    """What an analyzer gives; the embedding has the length of the model that serves."""

    duration_s: float = 12.5
    features: FakeFeatures = field(default_factory=FakeFeatures)
    affect: FakeAffect = field(default_factory=FakeAffect)
    embedding: np.ndarray = field(default_factory=lambda: np.eye(33, dtype=np.float32)[0])
    embedding_model: str = "affect-timbre-1"
    affect_model: str = "emotify-kernel-1"
    analyzer_version: str = "features-1"


def write_music(path: Path, *, duration_s: float = 0.3, frequency_hz: float = 440.0, **tags: str) -> Path:
    """Write a sine in the format that the suffix names, with tags title, artist, album, genre, date."""
    path.parent.mkdir(parents=True, exist_ok=True)
    times_s = np.arange(int(duration_s * SAMPLE_RATE)) / SAMPLE_RATE
    waveform = (0.3 * np.sin(2 * np.pi * frequency_hz * times_s)).astype(np.float32)
    if path.suffix == ".m4a":
        _write_m4a(path, waveform)
    else:
        file_format, subtype = _SOUNDFILE_FORMATS[path.suffix]
        soundfile.write(path, waveform, SAMPLE_RATE, format=file_format, subtype=subtype)
    return write_tags(path, **tags)


def write_tags(path: Path, **tags: str) -> Path:
    """Give a music file tags; only those named change."""
    if not tags:
        return path
    file = mutagen.File(path)
    if file.tags is None:
        file.add_tags()
    for name, text in tags.items():
        if isinstance(file, WAVE) or isinstance(file.tags, ID3):
            file.tags.add(_ID3_FRAMES[name](encoding=3, text=text))
        elif isinstance(file, MP4):
            file.tags[_MP4_ATOMS[name]] = [text]
        else:
            file.tags[name] = [text]
    file.save()
    return path


def _write_m4a(path: Path, waveform: np.ndarray) -> None:
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=SAMPLE_RATE, layout="mono")
        for start in range(0, len(waveform), 1024):
            samples = np.zeros(1024, dtype=np.float32)
            samples[: len(waveform) - start] = waveform[start : start + 1024]
            frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
            frame.sample_rate = SAMPLE_RATE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
