"""Retrieval: rank a whole catalog for pure and mixed moods, and measure every system on the same queries."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, permutations
from typing import TYPE_CHECKING, Final

import numpy as np

from recommender.affect import LABELS
from recommender.evaluation.baselines import ABLATIONS, BASELINES, OURS, RANDOM, RANKERS
from recommender.evaluation.metrics import (
    catalog_coverage,
    gini,
    intra_list_diversity,
    mood_mix_kl,
    ndcg_at_k,
    novelty,
    precision_at_k,
    reciprocal_rank,
)
from recommender.evaluation.results import Comparison, Figure, ProtocolResult
from recommender.evaluation.significance import correct_by_holm, paired_permutation_p
from recommender.evaluation.splits import resample_groups

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from recommender.evaluation.baselines import Ranker
    from recommender.evaluation.datasets import RatedTracks
    from recommender.evaluation.results import Query

PURE_QUERIES: Final[tuple[Query, ...]] = tuple({label: 1.0} for label in LABELS)
# Every ordered pair, six parts to four.
MIXED_QUERIES: Final[tuple[Query, ...]] = tuple({a: 0.6, b: 0.4} for a, b in permutations(LABELS, 2))
PLAYLIST_LENGTH: Final = 20
_RELEVANT_QUANTILE: Final = 0.75
# Chance is averaged over so many shuffles per query.
_N_SHUFFLES: Final = 20

METRICS: Final = ("ndcg_at_10", "ndcg_at_20", "precision_at_5", "mrr")
COMPARED: Final = "ndcg_at_10"
READINGS: Final = {
    "ndcg_at_10": "gain of the first ten places over that of the ideal order, linear gain, log2 discount; 1 is ideal",
    "ndcg_at_20": "the same over twenty places",
    "precision_at_5": "share of the first five places in the most relevant quarter of the catalog",
    "mrr": (
        "mean of one over the rank of the first track from that quarter; resampled catalogs hold fewer distinct "
        "tracks, so its interval lies a little low"
    ),
    "ndcg_at_10_pure": "nDCG@10, mean over the four pure moods alone",
    "ndcg_at_10_mixed": "nDCG@10, mean over mixtures alone",
    **{f"ndcg_at_10_{label}": f"nDCG@10 when all is {label}" for label in LABELS},
    "ndcg_at_10_within_folds": "nDCG@10 when each fold's tracks are ranked on their own, mean over folds and queries",
    "from_random_to_ideal": "share of the way from random order to the ideal one that nDCG@10 covers",
    "catalog_coverage": "share of the catalog that comes in any of the playlists of twenty",
    "gini": "how unequally tracks come in them: 0 equally, towards 1 a few alone",
    "intra_list_diversity": "mean of one less the cosine between predicted affect of two tracks of a playlist",
    "artist_repetition": "share of neighbors in a playlist by the same artist",
    "mood_mix_kl": "nats between the mood asked for and the mix of rated moods in the playlist; 0 is the same mix",
    "novelty": "bits of surprise in a track of a playlist, by its share of all likes; higher is less known",
}


@dataclass(frozen=True, slots=True)
class _Ranked:
    """One query with its truth and one system's orders for it.

    Attributes:
        query: the posterior.
        relevance: posterior-weighted mean rating, shape (n_tracks,).
        is_relevant: whether a track lies in the top quartile of relevance, shape (n_tracks,).
        orders: one, or several shuffles whose figures are averaged.
    """

    query: Query
    relevance: np.ndarray
    is_relevant: np.ndarray
    orders: tuple[np.ndarray, ...]

    def measure(self, counts: np.ndarray | None = None) -> np.ndarray:
        """Compute METRICS with each track coming `counts` times, once where None; shape (4,)."""
        orders = self.orders if counts is None else [np.repeat(order, counts[order]) for order in self.orders]
        values = [_measure(self.relevance[order], self.is_relevant[order]) for order in orders]
        return np.asarray(np.mean(values, axis=0))


def _measure(relevance: np.ndarray, is_relevant: np.ndarray) -> list[float]:
    return [
        ndcg_at_k(relevance, 10),
        ndcg_at_k(relevance, 20),
        precision_at_k(is_relevant, 5),
        reciprocal_rank(is_relevant),
    ]


def measure_retrieval(  # noqa: PLR0913 (what it measures, and how surely)
    name: str,
    tracks: RatedTracks,
    queries: Sequence[Query],
    *,
    note: str = "",
    alternatives: Mapping[str, Ranker] | None = None,
    seed: int = 0,
    n_resamples: int = 500,
) -> ProtocolResult:
    """Rank the whole catalog for every query by every system.

    A track's relevance is its posterior-weighted mean rating. Metrics are averaged over queries; intervals are
    percentiles of a bootstrap over artists, in which a drawn artist's tracks come as often as it was drawn, in the
    ranking as in the ideal order.

    Args:
        name: what the report calls the protocol.
        tracks: the catalog and its ratings.
        queries: posteriors.
        note: what the figures are and are not.
        alternatives: more systems by name; those named like one of ours are left out.
        seed: of shuffles, resamples and permutations.
        n_resamples: of the bootstrap.
    """
    rng = np.random.default_rng(seed)
    resamples = resample_groups(tracks.artists, n_resamples, rng)
    figures, scores = {}, {}
    rankers = dict(alternatives or {}) | dict(RANKERS)
    others = [name for name in rankers if name not in RANKERS]
    for system in (*RANKERS, *others):
        ranked = [_rank(rankers[system], tracks, query, rng, n_orders=_count_orders(system)) for query in queries]
        scores[system] = np.array([one.measure() for one in ranked])
        figures[system] = _measure_lists(ranked, scores[system], resamples) | _measure_playlists(tracks, ranked)
    for of_system in figures.values():
        of_system["from_random_to_ideal"] = _progress(of_system, figures[RANDOM])
    ndcg_by_system = {system: values[:, 0] for system, values in scores.items()}
    n_artists = len(set(tracks.artists))
    return ProtocolResult(
        name=name,
        scope=f"{len(tracks)} tracks by {n_artists} artists, {len(queries)} moods",
        note=f"{note} Intervals: 95 % percentile bootstrap over artists.".strip(),
        readings=READINGS,
        figures=figures,
        plotted=("ndcg_at_10", "precision_at_5", "mood_mix_kl"),
        comparisons={
            name: comparison
            for family in (BASELINES, ABLATIONS, others)
            for name, comparison in compare_with_ours(ndcg_by_system, family, rng).items()
        },
        per_query=tuple(_per_query(i, query, scores) for i, query in enumerate(queries)),
    )


def _count_orders(system: str) -> int:
    return _N_SHUFFLES if system == RANDOM else 1


def _rank(ranker: Ranker, tracks: RatedTracks, query: Query, rng: np.random.Generator, *, n_orders: int) -> _Ranked:
    relevance = tracks.ratings @ np.array([query.get(label, 0.0) for label in LABELS])
    is_relevant = find_relevant(relevance)
    return _Ranked(query, relevance, is_relevant, tuple(ranker(tracks, query, rng) for _ in range(n_orders)))


def find_relevant(relevance: np.ndarray) -> np.ndarray:
    """Tell which tracks lie in the most relevant quarter and are relevant at all; bool, shape (n_tracks,)."""
    return np.asarray((relevance >= np.quantile(relevance, _RELEVANT_QUANTILE)) & (relevance > 0))


def _measure_lists(ranked: Sequence[_Ranked], scores: np.ndarray, resamples: np.ndarray) -> dict[str, Figure]:
    draws = np.array([[one.measure(counts) for one in ranked] for counts in resamples])  # (resample, query, metric)
    parts = _parts_of([one.query for one in ranked])
    columns = {metric: (np.arange(len(ranked)), column) for column, metric in enumerate(METRICS)}
    columns |= {f"{COMPARED}_{part}": (rows, 0) for part, rows in parts.items() if len(rows)}
    return {metric: _bound(scores[rows, column], draws[:, rows, column]) for metric, (rows, column) in columns.items()}


def _parts_of(queries: Sequence[Query]) -> dict[str, np.ndarray]:
    sure = [next(iter(query)) if len(query) == 1 else None for query in queries]
    parts = {label: np.flatnonzero([label == one for one in sure]) for label in LABELS}
    mixed = np.flatnonzero([one is None for one in sure])
    return {"pure": np.flatnonzero([one is not None for one in sure]), "mixed": mixed, **parts}


def _bound(scores: np.ndarray, draws: np.ndarray) -> Figure:
    # A resample may leave nothing relevant to one query; that query says nothing about it then.
    is_known = np.isfinite(draws).any(axis=1)
    low, high = np.percentile(np.nanmean(draws[is_known], axis=1), [2.5, 97.5])
    return Figure(float(scores.mean()), float(low), float(high))


def _measure_playlists(tracks: RatedTracks, ranked: Sequence[_Ranked]) -> dict[str, Figure]:
    playlists = [(one.query, one.orders[0][:PLAYLIST_LENGTH]) for one in ranked]
    rows_of = [rows for _, rows in playlists]
    values = measure_spread(tracks, rows_of) | {
        "ndcg_at_10_within_folds": _within_folds(tracks, ranked),
        "mood_mix_kl": float(np.mean([_mix_kl(tracks, query, rows) for query, rows in playlists])),
    }
    return {metric: Figure(value) for metric, value in values.items()}


def measure_spread(tracks: RatedTracks, playlists: Sequence[np.ndarray]) -> dict[str, float]:
    """Measure what playlists are worth beside their relevance: spread, diversity, repetition, novelty.

    Args:
        tracks: the catalog.
        playlists: positions in it.
    """
    counts = np.bincount(np.concatenate(playlists), minlength=len(tracks))
    values = {
        "catalog_coverage": catalog_coverage([rows.tolist() for rows in playlists], len(tracks)),
        "gini": gini(counts),
        "intra_list_diversity": float(np.mean([intra_list_diversity(tracks.affect_sd[rows]) for rows in playlists])),
        "artist_repetition": float(np.mean([_artist_repetition(tracks, rows) for rows in playlists])),
    }
    if tracks.liked is not None and tracks.liked.sum() > 0:
        shares = tracks.liked / tracks.liked.sum()
        values["novelty"] = float(np.mean([novelty(shares[rows]) for rows in playlists]))
    return values


def _within_folds(tracks: RatedTracks, ranked: Sequence[_Ranked]) -> float:
    values = [
        ndcg_at_k(one.relevance[order[tracks.folds[order] == part]], 10)
        for one in ranked
        for part in np.unique(tracks.folds)
        for order in one.orders
    ]
    return float(np.nanmean(values))


def _artist_repetition(tracks: RatedTracks, rows: np.ndarray) -> float:
    artists = [tracks.artists[row] for row in rows]
    return float(np.mean([before == after for before, after in pairwise(artists)]))


def _mix_kl(tracks: RatedTracks, query: Query, rows: np.ndarray) -> float:
    mix = tracks.ratings[rows].mean(axis=0)
    posterior = {label: query.get(label, 0.0) for label in LABELS}
    return mood_mix_kl(posterior, dict(zip(LABELS, mix.tolist(), strict=True)))


def _progress(figures: Mapping[str, Figure], of_random: Mapping[str, Figure]) -> Figure:
    floor = of_random[COMPARED].value
    return Figure((figures[COMPARED].value - floor) / (1.0 - floor) if floor < 1.0 else float("nan"))


def compare_with_ours(
    scores: Mapping[str, np.ndarray], family: Sequence[str], rng: np.random.Generator
) -> dict[str, Comparison]:
    """Compare ours with a family of systems by paired permutation over queries, corrected by Holm."""
    ours = scores[OURS]
    p_by_name = {name: paired_permutation_p(ours, scores[name], rng) for name in family}
    p_holm = correct_by_holm(p_by_name)
    return {
        name: Comparison(COMPARED, float((ours - scores[name]).mean()), p_by_name[name], p_holm[name])
        for name in family
    }


def _per_query(i: int, query: Query, scores: Mapping[str, np.ndarray]) -> dict[str, str | float]:
    name = describe_query(query)
    row: dict[str, str | float] = {"query": name, "unit": name}
    for system, values in scores.items():
        row |= {f"{system}.{metric}": float(values[i, column]) for column, metric in enumerate(METRICS)}
    return row


def describe_query(query: Query) -> str:
    """Write a posterior as the command line takes it, such as `happy=0.6 sad=0.4`."""
    return " ".join(f"{label}={query[label]:g}" for label in LABELS if query.get(label))
