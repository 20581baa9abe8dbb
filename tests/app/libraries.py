"""A music library for tests of services and commands: a real catalog and real embeddings of made-up music."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from catalog import schema
from catalog.analysis.embeddings import EMBEDDING_MODEL, fold
from catalog.database import make_session_factory, open_engine
from tests.factories import add_analyzed_track

if TYPE_CHECKING:
    from pathlib import Path

    from catalog.database import SessionFactory


def open_catalog(database_url: str) -> SessionFactory:
    """Make an empty catalog of the newest schema."""
    schema.upgrade(database_url)
    return make_session_factory(open_engine(database_url))


def add_tracks(sessions: SessionFactory, folder: Path, n_tracks: int, *, seed: int = 0) -> list[Path]:
    """Store tracks of as many artists, moods all over the plane, each with a file; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    paths = []
    with sessions.begin() as session:
        for number in range(n_tracks):
            path = folder / f"{seed}-{number:02}.mp3"
            # Playlists only ask whether a file is there.
            path.write_bytes(b"music")
            paths.append(path)
            add_analyzed_track(
                session,
                f"Piece {seed}-{number}",
                model=EMBEDDING_MODEL,
                artist=f"Artist {seed}-{number}",
                path=str(path),
                duration_s=30.0,
                vector=make_embedding(*rng.uniform(-1.5, 1.5, 2), rng=rng),
            )
    return paths


def make_embedding(valence: float, arousal: float, *, rng: np.random.Generator) -> np.ndarray:
    """Make the embedding of a track whose moods follow its place on the plane, as they do in music."""
    raw = np.zeros(32)
    raw[:6] = (
        0.8 * valence + 0.5 * arousal,
        -0.6 * valence - 0.7 * arousal,
        -0.7 * valence + 0.6 * arousal,
        0.2 * valence - 0.9 * arousal,
        valence,
        arousal,
    )
    raw[6:] = 0.2 * rng.standard_normal(26)
    return fold(raw)
