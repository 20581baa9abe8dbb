"""Time the main job by hand: a voice note of 10 s to a playlist, by step, on one thread.

    python tests/benchmarks/voice_note.py [--clip FILE] [--rounds 50]

Prints p50 and p95 in milliseconds with 60 and with 100,000 tracks in catalog and index. The clip is made up unless
one is given; the recognizer is the one that ships. Times are wall clock: run it on a machine that does nothing else.
"""

from __future__ import annotations

import os

# Before numpy and ONNX Runtime read it: the promise is about one thread.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
from sqlalchemy import insert

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from app.bootstrap import Services, build_services
from app.settings import Settings
from catalog.analysis.embeddings import EMBEDDING_MODEL, N_DIMENSIONS
from catalog.database import make_session_factory, open_engine
from catalog.models import Artist, AudioFeatures, Track, TrackAffect, TrackEmbedding
from catalog.schema import upgrade
from tests.signals import encode, make_speech

SIZES = (60, 100_000)
N_ARTISTS = 2_000
CLIP_S = 10.0


def fill_catalog(settings: Settings, n_tracks: int, rng: np.random.Generator) -> None:
    """Write made-up tracks, analyzed and with unit embeddings, that all name one file that exists."""
    raw = np.clip(rng.standard_normal((n_tracks, N_DIMENSIONS - 1)), -3, 3) / 20
    vectors = np.column_stack([raw, np.sqrt(1 - np.square(raw).sum(axis=1))]).astype("<f4")
    url = "https://example.org/music.mp3"
    with make_session_factory(open_engine(settings.database_url)).begin() as session:
        artists = [{"id": i + 1, "name": f"artist {i}", "name_key": f"artist {i}"} for i in range(N_ARTISTS)]
        session.execute(insert(Artist), artists)
        session.execute(insert(Track), [_make_track(i, url) for i in range(n_tracks)])
        session.execute(insert(TrackAffect), [_make_affect(i, rng) for i in range(n_tracks)])
        session.execute(insert(AudioFeatures), [_make_features(i, rng) for i in range(n_tracks)])
        rows = [{"track_id": i + 1, "model": EMBEDDING_MODEL, "vector": vectors[i].tobytes()} for i in range(n_tracks)]
        session.execute(insert(TrackEmbedding), rows)


def _make_track(i: int, url: str) -> dict[str, object]:
    title = f"piece {i}"
    words = {"title": title, "title_key": title, "search_text": title, "artist_id": i % N_ARTISTS + 1}
    return {"id": i + 1, **words, "url": url, "source": "csv", "status": "analyzed", "duration_s": 180.0}


def _make_affect(i: int, rng: np.random.Generator) -> dict[str, object]:
    shares = dict(zip(("happy", "sad", "angry", "neutral"), rng.uniform(0, 1, 4).tolist(), strict=True))
    valence, arousal = rng.uniform(-1, 1, 2).tolist()
    return {"track_id": i + 1, "model": "made up", "valence": valence, "arousal": arousal, **shares}


def _make_features(i: int, rng: np.random.Generator) -> dict[str, object]:
    tempo_bpm = float(rng.uniform(60, 180))
    return {"track_id": i + 1, "analyzer_version": "made up", "tempo_bpm": tempo_bpm, "key": "C", "mode": "major"}


def measure(services: Services, clip: Path, n_rounds: int) -> dict[str, np.ndarray]:
    """Listen to the clip again and again; returns milliseconds by step, shape (n_rounds,) each."""
    by_step: dict[str, list[float]] = defaultdict(list)
    services.listening.listen(clip, clip.name)  # loads model and index
    for _ in range(n_rounds):
        for step, milliseconds in services.listening.listen(clip, clip.name).timings_ms.items():
            by_step[step].append(milliseconds)
    return {step: np.array(values) for step, values in by_step.items()}


def main() -> None:
    """Measure every size and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", type=Path)
    parser.add_argument("--rounds", type=int, default=50)
    options = parser.parse_args()
    print(f"{'tracks':>8}  {'step':<10} {'p50':>7} {'p95':>7}")
    for n_tracks in SIZES:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            settings = Settings(data_dir=folder, database_url=f"sqlite:///{folder / 'catalog.db'}")
            upgrade(settings.database_url)
            fill_catalog(settings, n_tracks, np.random.default_rng(0))
            clip = options.clip or _write_clip(folder)
            services = build_services(settings)
            services.library.rebuild_index()
            for step, values in measure(services, clip, options.rounds).items():
                p50, p95 = np.percentile(values, [50, 95])
                print(f"{n_tracks:>8}  {step:<10} {p50:>7.1f} {p95:>7.1f}")


def _write_clip(folder: Path) -> Path:
    path = folder / "note.webm"
    path.write_bytes(encode(make_speech(CLIP_S), "webm"))
    return path


if __name__ == "__main__":
    main()
