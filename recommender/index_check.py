"""Whether a new index may serve: the right tracks, the right model, and what exact search finds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from recommender.affect import LABELS
from recommender.index_exact import measure_recall, search_exactly
from recommender.query_models import load_query_model
from recommender.space import Intent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from recommender.index import TrackIndex
    from recommender.index_file import IndexMetadata

# What a listener would notice: one in twenty of the best tracks left out.
MIN_RECALL: Final = 0.95
# How much less than the index that serves; samples of queries differ by about as much.
MAX_RECALL_LOSS: Final = 0.02
_N_COMPARED_VECTORS: Final = 1_000
_N_SAMPLED: Final = 32
_N_NAMED: Final = 5
_INTENTS: Final = (Intent.STAY, Intent.LIFT, Intent.CALM, Intent.ENERGIZE)


@dataclass(frozen=True, slots=True)
class CatalogSnapshot:
    """What an index is built from, and checked against.

    Attributes:
        track_ids: shape (n_tracks,), int64.
        embeddings: shape (n_tracks, dimension), float32, unit length.
        model: name of the model that made them.
        revision: of the catalog they were read from.
    """

    track_ids: np.ndarray
    embeddings: np.ndarray
    model: str
    revision: int


@dataclass(frozen=True, slots=True)
class IndexCheck:
    """What the check of an index found.

    Attributes:
        recall_at_10: against exact search over the catalog; None where there is no track or no query.
        recall_at_100: the same for the first hundred.
        problems: why the index must not serve; empty if it may.
    """

    recall_at_10: float | None
    recall_at_100: float | None
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IndexReport:
    """An index as the administrator sees it.

    Attributes:
        model: name of the embedding model.
        n_tracks: how many tracks it holds.
        revision: of the catalog it was built from.
        kind: how it searches, such as `exact` or `inverted`.
        n_lists: inverted lists; 0 for an exact index.
        n_probes: of those, how many a search visits.
        built_at: when, in UTC.
        build_s: how long building took.
        n_bytes: size of the file.
        recall_at_10: against exact search when it was checked; None if it never was, or holds no track.
        recall_at_100: the same for the first hundred.
    """

    model: str
    n_tracks: int
    revision: int
    kind: str
    n_lists: int
    n_probes: int
    built_at: datetime
    build_s: float
    n_bytes: int
    recall_at_10: float | None
    recall_at_100: float | None

    @classmethod
    def from_metadata(cls, metadata: IndexMetadata, n_bytes: int) -> IndexReport:
        """Report on an index by what its file says of itself."""
        return cls(
            model=metadata.model,
            n_tracks=metadata.n_tracks,
            revision=metadata.revision,
            kind=str(metadata.kind),
            n_lists=metadata.n_lists,
            n_probes=metadata.n_probes,
            built_at=datetime.fromisoformat(metadata.built_at),
            build_s=metadata.build_s,
            n_bytes=n_bytes,
            recall_at_10=metadata.recall_at_10,
            recall_at_100=metadata.recall_at_100,
        )

    def compute_age_s(self, now: datetime) -> float:
        """Return how long ago it was built."""
        return (now - self.built_at).total_seconds()


def sample_queries(
    embeddings: np.ndarray, posteriors: Sequence[Mapping[str, float]] = (), *, seed: int = 0
) -> np.ndarray:
    """Sample queries as listeners ask them: moods under every intent, and tracks that others should be like.

    Args:
        embeddings: shape (n_tracks, dimension), of the model that the recommender asks.
        posteriors: moods heard lately; made-up ones join them.
        seed: for the moods made up and the tracks chosen.

    Returns:
        Shape (n, dimension), float32.
    """
    rng = np.random.default_rng(seed)
    made_up = rng.dirichlet(np.full(len(LABELS), 0.5), size=len(LABELS)).tolist()
    moods = [*posteriors[-_N_SAMPLED:], *(dict(zip(LABELS, shares, strict=True)) for shares in made_up)]
    model = load_query_model()
    queries = np.array([model.build_query(mood, intent) for mood in moods for intent in _INTENTS])
    chosen = rng.choice(len(embeddings), size=min(_N_SAMPLED, len(embeddings)), replace=False)
    return np.concatenate([queries, embeddings[chosen]]).astype(np.float32)


def check_index(
    index: TrackIndex, catalog: CatalogSnapshot, queries: np.ndarray, *, serving: IndexMetadata | None = None
) -> IndexCheck:
    """Compare an index with the catalog it should hold, and with the index it would replace.

    Args:
        index: the new one, as read back from its file.
        catalog: what it was built from.
        queries: shape (n, dimension), such as listeners ask.
        serving: what the index that serves now says of itself; None where there is none.
    """
    problems = [*_compare_tracks(index, catalog), *_compare_origin(index.metadata, catalog)]
    if problems:
        return IndexCheck(None, None, tuple(problems))
    recall_at_10, recall_at_100 = _measure(index, catalog, queries, 10), _measure(index, catalog, queries, 100)
    # An index of another model was asked other queries, so it sets no standard.
    standard = serving if serving is not None and serving.model == catalog.model else None
    problems += _compare_recall(10, recall_at_10, standard.recall_at_10 if standard else None)
    problems += _compare_recall(100, recall_at_100, standard.recall_at_100 if standard else None)
    return IndexCheck(recall_at_10, recall_at_100, tuple(problems))


def _compare_recall(k: int, recall: float | None, before: float | None) -> list[str]:
    floor = max(MIN_RECALL, (before or 0.0) - MAX_RECALL_LOSS)
    if recall is None or recall >= floor:
        return []
    return [f"expected recall@{k} of at least {floor:.3f} against exact search, got {recall:.3f}"]


def _compare_tracks(index: TrackIndex, catalog: CatalogSnapshot) -> list[str]:
    problems = []
    for word, ids in (
        ("lacks", np.setdiff1d(catalog.track_ids, index.track_ids)),
        ("holds foreign", np.setdiff1d(index.track_ids, catalog.track_ids)),
    ):
        if len(ids):
            problems.append(f"it {word} {len(ids)} tracks, such as {ids[:_N_NAMED].tolist()}")
    if problems:
        return problems
    rows = np.linspace(0, len(catalog.track_ids) - 1, min(_N_COMPARED_VECTORS, len(catalog.track_ids))).astype(int)
    ids = catalog.track_ids[rows]
    is_other = ~np.isclose(index.get_embeddings(ids), catalog.embeddings[rows], atol=1e-6).all(axis=1)
    if is_other.any():
        return [f"{int(is_other.sum())} of {len(ids)} tracks have another embedding, such as {int(ids[is_other][0])}"]
    return []


def _compare_origin(metadata: IndexMetadata, catalog: CatalogSnapshot) -> list[str]:
    expected, found = (catalog.model, catalog.revision), (metadata.model, metadata.revision)
    return [] if expected == found else [f"expected model and revision {expected}, got {found}"]


def _measure(index: TrackIndex, catalog: CatalogSnapshot, queries: np.ndarray, k: int) -> float | None:
    k = min(k, len(catalog.track_ids))
    if k == 0 or not len(queries):
        return None
    found = [index.search(query, k)[1] for query in queries]
    exact = [search_exactly(catalog.embeddings, query.astype(np.float32), k)[1] for query in queries]
    return round(measure_recall(found, exact), 4)
