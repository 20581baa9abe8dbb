"""A made-up catalog whose moods follow valence and arousal, as they do in music."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from catalog.analysis.embeddings import EMBEDDING_MODEL, fold
from catalog.queries import TrackFacts
from recommender.index import TrackIndex
from recommender.pipeline import MusicRecommender

_KEYS = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"]


@dataclass(frozen=True)
class MadeUpCatalog:
    track_ids: np.ndarray
    embeddings: np.ndarray
    raw: np.ndarray
    facts_by_id: dict[int, TrackFacts]

    def load_facts(self, track_ids):
        return [self.facts_by_id[track_id] for track_id in track_ids if track_id in self.facts_by_id]

    def build_index(self):
        return TrackIndex.build(self.track_ids, self.embeddings, model=EMBEDDING_MODEL, revision=1)

    def build_recommender(self, **more):
        return MusicRecommender(self.build_index(), self.load_facts, **more)

    def mean_affect_sd(self, playlist):
        """Mean of the six affect axes over a playlist."""
        rows = np.searchsorted(self.track_ids, [row.track_id for row in playlist])
        return self.raw[rows, :6].mean(axis=0)


def make_catalog(n_tracks, *, n_artists=None, seed=0):
    rng = np.random.default_rng(seed)
    valence, arousal = rng.standard_normal((2, n_tracks))
    raw = np.zeros((n_tracks, 32))
    raw[:, 0] = 0.8 * valence + 0.5 * arousal
    raw[:, 1] = -0.6 * valence - 0.7 * arousal
    raw[:, 2] = -0.7 * valence + 0.6 * arousal
    raw[:, 3] = 0.2 * valence - 0.9 * arousal
    raw[:, :4] += rng.normal(0.0, 0.45, (n_tracks, 4))
    raw[:, 4], raw[:, 5] = valence, arousal
    raw[:, :6] = np.clip(raw[:, :6], -3.0, 3.0)
    raw[:, 6:] = rng.standard_normal((n_tracks, 26)) * np.sqrt(2 / 26)
    track_ids = np.arange(1, n_tracks + 1) * 3
    artists = rng.integers(0, n_artists or max(1, n_tracks // 5), n_tracks)
    facts = {
        int(track_id): TrackFacts(
            track_id=int(track_id),
            title=f"Piece {track_id}",
            artist=f"Artist {artist}",
            tempo_bpm=float(np.clip(100 + 25 * row[5], 50, 190)),
            key=_KEYS[int(track_id) % 12],
            mode="major" if row[4] > 0 else "minor",
            valence=float(row[4] / 3),
            arousal=float(row[5] / 3),
        )
        for track_id, artist, row in zip(track_ids, artists, raw, strict=True)
    }
    embeddings = np.array([fold(row) for row in raw]).reshape(n_tracks, 33)
    return MadeUpCatalog(track_ids, embeddings, raw, facts)


@pytest.fixture(scope="session")
def catalog():
    return make_catalog(400)


@pytest.fixture(scope="session")
def build_catalog():
    return make_catalog
