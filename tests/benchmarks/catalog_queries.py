"""Time what a curator asks of a large catalog: list, search, filters, counts and the mood map.

    python tests/benchmarks/catalog_queries.py [--n-tracks 100000] [--url postgresql+psycopg://...] [--rounds 30]

Fills an empty database with made-up tracks (SQLite in a temporary folder unless a URL is given; a filled one is used as
it is), then prints p50 and p95 in milliseconds, as a table and as JSON. A page is 50 tracks, read with all facts. Times
are wall clock: run it on a machine that does nothing else. Beside them stands the p95 of this process's own time on the
processor, which for SQLite, that runs within it, says what a quiet machine would show.
"""

from __future__ import annotations

import os

# Before numpy reads it: the promise is about one thread.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import json
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import func, insert, select, text

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from catalog.affect_plane import MoodRegion, box
from catalog.database import make_session_factory, open_engine, utc_now
from catalog.doubt import is_doubtful
from catalog.filters import TrackFilter
from catalog.models import AffectCorrection, Artist, AudioFeatures, Track, TrackAffect, TrackTag
from catalog.mood_map import load_mood_map
from catalog.queries import count_tracks, list_tracks
from catalog.schema import upgrade
from catalog.sorting import search_text_of, sort_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy.orm import Session

N_WORDS = 20_000
N_ARTISTS = 5_000
BATCH_SIZE = 5_000
SYLLABLES = ("ba", "den", "fi", "gor", "hul", "ja", "kem", "li", "mor", "nu", "pa", "ri", "sol", "te", "vu", "zan")
GENRES = ("Ambient", "Blues", "Classical", "Electronic", "Folk", "Hip-Hop", "Jazz", "Metal", "Pop", "Rock")
MOODS = ("calm", "dark", "dreamy", "epic", "happy", "melancholic", "relaxing", "sad", "tense", "upbeat")
LICENCES = ("CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0")
LASSO = MoodRegion(tuple((0.3 * np.cos(t), 0.3 + 0.25 * np.sin(t)) for t in np.linspace(0, 2 * np.pi, 60)[:-1]))
CASES: dict[str, tuple[TrackFilter, Mapping[str, Any]]] = {
    "by title": (TrackFilter(), {}),
    "by title, page 1000": (TrackFilter(), {"offset": 50_000}),
    "by artist": (TrackFilter(), {"sort": "artist"}),
    "by tempo": (TrackFilter(), {"sort": "tempo"}),
    "by valence": (TrackFilter(), {"sort": "valence"}),
    "search, rare word": (TrackFilter(search="{rare}"), {}),
    "search, two words": (TrackFilter(search="{usual} {common}"), {}),
    "search, commonest word": (TrackFilter(search="{common}"), {}),
    "search, two letters": (TrackFilter(search="ba"), {}),
    "search by relevance": (TrackFilter(search="{usual}"), {"sort": "relevance"}),
    "status": (TrackFilter(status="failed"), {}),
    "genre and years": (TrackFilter(genre="Jazz", from_year=1990, to_year=1999), {}),
    "licence and source": (TrackFilter(licence="CC0-1.0", source="jamendo"), {}),
    "tag": (TrackFilter(tag="dreamy"), {}),
    "mood box": (TrackFilter(region=box(0.2, 0.6, 0.1, 0.5)), {}),
    "mood lasso": (TrackFilter(region=LASSO), {}),
    "missing genre and year": (TrackFilter(missing=("genre", "year")), {}),
    "missing title": (TrackFilter(missing=("title",)), {}),
    "suspicious affect": (TrackFilter(is_suspicious=True), {}),
    "corrected": (TrackFilter(is_corrected=True), {}),
}


def make_words(rng: np.random.Generator) -> list[str]:
    """Make up words of one to four syllables, each once."""
    words = {"".join(rng.choice(SYLLABLES, size=rng.integers(1, 5))) for _ in range(N_WORDS * 3)}
    return sorted(words)[:: max(1, len(words) // N_WORDS)][:N_WORDS]


class TrackMaker:
    """Make up tracks whose words are as unequally common as in any language (Zipf)."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.words = list(rng.permutation(make_words(rng)))
        weights = 1 / (np.arange(len(self.words)) + 10.0)
        self._cumulative = np.cumsum(weights / weights.sum())
        self.artists = [" ".join(self.draw(2)).title() + f" {number}" for number in range(N_ARTISTS)]

    def draw(self, n_words: int) -> list[str]:
        """Draw words, common ones more often."""
        places = np.searchsorted(self._cumulative, self.rng.random(n_words))
        return [self.words[min(place, len(self.words) - 1)] for place in places]

    def make(self, track_id: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Return a row of `track` and its tags."""
        rng = self.rng
        title, album = " ".join(self.draw(3)).capitalize(), " ".join(self.draw(2)).title()
        artist = int(rng.integers(N_ARTISTS))
        genre = GENRES[rng.integers(len(GENRES))] if rng.random() < 0.9 else None
        names = {MOODS[place] for place in rng.integers(len(MOODS), size=2)}
        status = "failed" if rng.random() < 0.01 else "analyzed"
        row = {
            "id": track_id,
            "title": title,
            "title_key": sort_key(title),
            "artist_id": artist + 1,
            "album": album,
            "genre": genre,
            "year": int(rng.integers(1960, 2026)) if rng.random() < 0.9 else None,
            "duration_s": float(rng.normal(210, 60)),
            "path": f"/music/{track_id:07}.mp3",
            "status": status,
            "source": ("folder", "jamendo", "csv")[rng.integers(3)],
            "licence": LICENCES[rng.integers(4)],
            "search_text": search_text_of(title, self.artists[artist], album, genre, *sorted(names)),
            "content_hash": f"{track_id:064x}",
        }
        return row, [{"track_id": track_id, "kind": "mood", "name": name} for name in names]


def fill(session: Session, maker: TrackMaker, start: int, stop: int) -> None:
    """Store tracks, their tags, features and affect; one in a hundred is corrected."""
    rng, track_ids = maker.rng, range(start, stop)
    made = [maker.make(track_id) for track_id in track_ids]
    session.execute(insert(Track), [row for row, _ in made])
    session.execute(insert(TrackTag), [tag for _, tags in made for tag in tags])
    features = {"analyzer_version": "1", "key": "C", "mode": "major"}
    tempos = rng.normal(120, 30, size=len(made)).tolist()
    session.execute(
        insert(AudioFeatures),
        [{"track_id": i, "tempo_bpm": tempo, **features} for i, tempo in zip(track_ids, tempos, strict=True)],
    )
    session.execute(insert(TrackAffect), [_make_prediction(i, rng) for i in track_ids])
    corrected = [_make_affect(i, rng, who="curator") for i in track_ids if i % 100 == 0]
    session.execute(insert(AffectCorrection), corrected)


def _make_affect(track_id: int, rng: np.random.Generator, **more: Any) -> dict[str, Any]:
    valence, arousal = np.clip(rng.normal(0, 0.35, size=2), -1, 1).tolist()
    shares = dict(zip(("happy", "sad", "angry", "neutral"), rng.random(4).tolist(), strict=True))
    return {"track_id": track_id, "valence": valence, "arousal": arousal, **shares, **more}


def _make_prediction(track_id: int, rng: np.random.Generator) -> dict[str, Any]:
    valence, arousal = rng.uniform(0.15, 0.52, size=2).tolist()
    stds = {"happy": 0.2, "sad": 0.2, "angry": 0.2, "neutral": 0.2, "valence": valence, "arousal": arousal}
    row = _make_affect(track_id, rng, model="m", stds=stds, uncertainty=(valence + arousal) / 2)
    return {**row, "is_doubtful": is_doubtful(row["valence"], row["arousal"], row, stds)}


def measure(call: Callable[[], object], rounds: int) -> dict[str, float]:
    """Return p50 and p95 of wall clock and p95 of processor time, in milliseconds, after one call that warms up."""
    call()
    times_s = []
    for _ in range(rounds):
        start_s, start_cpu_s = time.perf_counter(), time.process_time()
        call()
        times_s.append((time.perf_counter() - start_s, time.process_time() - start_cpu_s))
    wall_ms, cpu_ms = np.array(times_s).T * 1000
    p50_ms, p95_ms = np.percentile(wall_ms, [50, 95]).tolist()
    return {"p50_ms": p50_ms, "p95_ms": p95_ms, "cpu_p95_ms": float(np.percentile(cpu_ms, 95))}


def run_cases(session: Session, words: Sequence[str], rounds: int) -> dict[str, dict[str, float]]:
    """Time every case: a page, its count, and the map."""
    names = {"common": words[0], "usual": words[50], "rare": words[5000]}
    results = {}
    for name, (wanted, options) in CASES.items():
        told = TrackFilter(**{**_as_dict(wanted), "search": wanted.search.format(**names)})
        page = measure(partial(list_tracks, session, told, **options), rounds)
        count = measure(partial(count_tracks, session, told), rounds)
        n_found = count_tracks(session, told)
        results[f"list {name}"] = {**page, "n_found": n_found}
        results[f"count {name}"] = {**count, "n_found": n_found}
    for name, wanted in {"all": TrackFilter(), "genre": TrackFilter(genre="Jazz")}.items():
        results[f"mood map, {name}"] = measure(partial(_draw, session, wanted), rounds)
    return results


def _draw(session: Session, wanted: TrackFilter) -> bytes:
    return load_mood_map(session, wanted).to_bytes()


def _as_dict(wanted: TrackFilter) -> dict[str, Any]:
    return {name: getattr(wanted, name) for name in TrackFilter.__slots__}


def main() -> None:
    """Fill a database where it is empty, ask, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n-tracks", type=int, default=100_000)
    parser.add_argument("--url", help="database to use; it is filled where it is empty")
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = options.url or f"sqlite:///{folder}/catalog.db"
        upgrade(url)
        engine = open_engine(url)
        sessions, maker = make_session_factory(engine), TrackMaker(np.random.default_rng(0))
        start_s = time.perf_counter()
        with sessions.begin() as session:
            n_present = session.scalar(select(func.count(Track.id))) or 0
            if n_present == 0:
                rows = [{"id": i + 1, "name": name, "name_key": sort_key(name)} for i, name in enumerate(maker.artists)]
                session.execute(insert(Artist), rows)
        for start in range(n_present + 1, options.n_tracks + 1, BATCH_SIZE):
            with sessions.begin() as session:
                fill(session, maker, start, min(start + BATCH_SIZE, options.n_tracks + 1))
        fill_s = time.perf_counter() - start_s
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))
        with sessions() as session:
            results = run_cases(session, maker.words, options.rounds)
        name = engine.dialect.name
        engine.dispose()
    print(f"{name}, {options.n_tracks:,} tracks, filled in {fill_s:.0f} s, {utc_now():%Y-%m-%d}")
    for case, found in results.items():
        times_ms = " ".join(f"{found[key]:8.1f}" for key in ("p50_ms", "p95_ms", "cpu_p95_ms"))
        print(f"{case:32} {times_ms} {found.get('n_found', ''):>9}")
    print(json.dumps({"database": name, "n_tracks": options.n_tracks, "fill_s": fill_s, "queries": results}))


if __name__ == "__main__":
    main()
