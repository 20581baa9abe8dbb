"""Measure by hand the index and a whole recommendation: build, memory, speed, recall, swapping under readers.

    nice .venv/bin/python tests/benchmarks/index.py [N_TRACKS ...]

Everything runs in one thread. Beside each wall-clock time stands the processor time, which a busy machine does not
stretch. Exact figures come from FAISS flat over the same vectors in the same run.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse
import tempfile
import threading
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from catalog.analysis.embeddings import AFFECT_AXES, EMBEDDING_MODEL, MAX_RAW_NORM, N_DIMENSIONS
from catalog.queries import TrackFacts
from recommender.filters import PlaylistFilter, TrackAttributes
from recommender.index import TrackIndex
from recommender.index_check import CatalogSnapshot, sample_queries
from recommender.index_exact import measure_recall
from recommender.index_file import IndexKind
from recommender.index_publishing import publish_index
from recommender.pipeline import MusicRecommender

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MIB = 1024 * 1024
N_CLUSTERS = 500
N_GENRES = 10
N_READERS = 50
N_SWAPS = 6
MOODS = ({"happy": 0.7, "neutral": 0.3}, {"sad": 0.6, "neutral": 0.4}, {"angry": 0.5, "sad": 0.3, "neutral": 0.2})
FILTERS = {
    "no filter": None,
    "one genre of ten": PlaylistFilter(genres=frozenset({"genre 3"})),
    "one genre, three years": PlaylistFilter(genres=frozenset({"genre 3"}), first_year=1990, last_year=1992),
}


def make_vectors(n_tracks: int, seed: int = 0) -> np.ndarray:
    """Make clustered embeddings whose raw part spreads as real ones do: affect wide, timbre narrow."""
    rng = np.random.default_rng(seed)
    spread = np.full(N_DIMENSIONS - 1, 0.28, np.float32)
    spread[: len(AFFECT_AXES)] = 1.0
    centers = rng.standard_normal((N_CLUSTERS, len(spread)), dtype=np.float32) * spread
    raw = centers[rng.integers(0, N_CLUSTERS, n_tracks)] * 0.8
    raw += 0.6 * spread * rng.standard_normal(raw.shape, dtype=np.float32)
    raw /= MAX_RAW_NORM
    raw *= np.minimum(1.0, 0.999 / np.linalg.norm(raw, axis=1, keepdims=True))
    rest = np.sqrt(np.maximum(0.0, 1.0 - np.square(raw).sum(axis=1, keepdims=True)))
    return np.hstack([raw, rest]).astype(np.float32)


def make_attributes(n_tracks: int) -> TrackAttributes:
    """Spread ten genres and sixty years evenly."""
    return TrackAttributes.build(
        [f"genre {i % N_GENRES}" for i in range(n_tracks)],
        ["CC BY"] * n_tracks,
        [1960 + i // N_GENRES % 60 for i in range(n_tracks)],
    )


def time_calls(calls: Sequence[Callable[[], object]]) -> str:
    """Run each call once and describe how long they took."""
    calls[0]()
    wall_ms, processor_ms = [], []
    for call in calls:
        start_s, start_cpu_s = time.perf_counter(), time.thread_time()
        call()
        wall_ms.append(1e3 * (time.perf_counter() - start_s))
        processor_ms.append(1e3 * (time.thread_time() - start_cpu_s))
    wall, processor = np.percentile(wall_ms, [50, 95]), np.percentile(processor_ms, [50, 95])
    return f"p50 {wall[0]:.2f} p95 {wall[1]:.2f} ms (processor {processor[0]:.2f} / {processor[1]:.2f})"


def measure_memory_mib() -> float:
    """Return what this process alone holds, mapped files left out."""
    lines = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_Dirty")) / 1024


def report_search(index: TrackIndex, flat: TrackIndex, queries: np.ndarray, k: int, title: str) -> None:
    """Print speed and recall under each filter, beside those of exact search."""
    for name, where in FILTERS.items():
        found = [index.search(query, k, where=where)[1] for query in queries]
        exact = [flat.search(query, k, where=where)[1] for query in queries]
        recall_at_10 = measure_recall(
            [index.search(query, 10, where=where)[1] for query in queries], [best[:10] for best in exact]
        )
        ours = time_calls([partial(index.search, query, k, where=where) for query in queries])
        theirs = time_calls([partial(flat.search, query, k, where=where) for query in queries])
        print(f"  {title}, k={k}, {name}: {ours}, recall@10 {recall_at_10:.3f}, recall@{k}", end=" ")
        print(f"{measure_recall(found, exact):.3f}; flat {theirs}")


def report_recommendation(index: TrackIndex) -> None:
    """Print how long a whole playlist of twenty takes, ranking and reasons included."""

    def load_facts(track_ids: Sequence[int]) -> list[TrackFacts]:
        return [TrackFacts(i, f"Piece {i}", f"Artist {i % 5_000}", tempo_bpm=100.0) for i in track_ids]

    recommender = MusicRecommender(index, load_facts)
    for name, where in FILTERS.items():
        calls = [lambda mood=mood, where=where: recommender.recommend(mood, k=20, where=where) for mood in MOODS * 10]
        print(f"  whole recommendation, {name}: {time_calls(calls)}")


def report_swaps(index: TrackIndex, catalog: CatalogSnapshot, queries: np.ndarray, path: Path) -> None:
    """Print how many searches fifty readers made while the index was swapped, and how many went wrong."""
    wrong: list[object] = []
    counts = [0] * N_READERS
    is_over = threading.Event()

    def read(reader: int) -> None:
        while not is_over.is_set():
            try:
                served = TrackIndex.load(path, verify=False)
                ids, similarities = served.search(queries[reader % len(queries)], 20)
                expected = catalog.embeddings[ids] @ queries[reader % len(queries)]
                if not np.allclose(similarities, expected, atol=1e-4):
                    wrong.append(ids)
                counts[reader] += 1
                is_over.wait(0.05)
            except Exception as error:  # noqa: BLE001 (a reader must see none at all)
                wrong.append(error)

    readers = [threading.Thread(target=read, args=(reader,)) for reader in range(N_READERS)]
    for reader in readers:
        reader.start()
    for _ in range(N_SWAPS):
        publish_index(index, path, catalog, queries[:8])
    is_over.set()
    for reader in readers:
        reader.join()
    print(f"  {N_SWAPS} swaps under {N_READERS} readers: {sum(counts)} searches, {len(wrong)} errors or wrong ids")


def measure(n_tracks: int, folder: Path) -> None:
    """Print the figures of one size."""
    vectors, attributes, ids = make_vectors(n_tracks), make_attributes(n_tracks), np.arange(n_tracks)
    catalog = CatalogSnapshot(ids, vectors, EMBEDDING_MODEL, 1)
    tuning = sample_queries(vectors, seed=1)
    moods, tracks = sample_queries(vectors[:1], MOODS * 8, seed=2)[:-1], make_vectors(100, seed=3)
    path = folder / f"{n_tracks}.index"
    flat = TrackIndex.build(
        ids, vectors, model=EMBEDDING_MODEL, revision=1, attributes=attributes, kind=IndexKind.EXACT
    )
    start_s = time.process_time()
    built = TrackIndex.build(ids, vectors, model=EMBEDDING_MODEL, revision=1, attributes=attributes, queries=tuning)
    build_s = time.process_time() - start_s
    report = publish_index(built, path, catalog, tuning)
    print(
        f"{n_tracks} tracks, {N_DIMENSIONS} dimensions: {report.kind}, {report.n_lists} lists, "
        f"{report.n_probes} visited; "
        f"built in {report.build_s:.1f} s ({build_s:.1f} s of processor time), {report.n_bytes / MIB:.0f} MiB, "
        f"check: recall@10 {report.recall_at_10}, recall@100 {report.recall_at_100}"
    )
    print(f"  opening: {time_calls([lambda: TrackIndex.load(path, verify=False)] * 10)}", end="; ")
    print(f"with its checksum: {time_calls([lambda: TrackIndex.load(path)] * 3)}")
    before_mib = measure_memory_mib()
    served = TrackIndex.load(path, verify=False)
    served.search(moods[0], 100)
    print(f"  memory of its own while serving: {measure_memory_mib() - before_mib:.1f} MiB, the rest is mapped")
    report_search(served, flat, moods, 100, "moods")
    report_search(served, flat, tracks, 100, "tracks")
    report_search(served, flat, moods, 2_000, "moods")
    report_recommendation(served)
    if n_tracks <= 100_000:
        report_swaps(built, catalog, tuning, path)


def main() -> None:
    """Measure the sizes asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("n_tracks", type=int, nargs="*", default=[100_000, 1_000_000])
    with tempfile.TemporaryDirectory() as folder:
        for n_tracks in parser.parse_args().n_tracks:
            measure(n_tracks, Path(folder))


if __name__ == "__main__":
    main()
