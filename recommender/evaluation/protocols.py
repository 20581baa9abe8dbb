"""Retrieval protocols: rank a whole catalog for pure and mixed moods, and measure every system on the same queries."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, permutations
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from recommender.affect import LABELS
from recommender.evaluation.baselines import ABLATIONS, BASELINES, OURS, RANDOM, RANKERS
from recommender.evaluation.metrics import (
    catalog_coverage,
    gini,
    intra_list_diversity,
    mood_mix_kl,
    ndcg_at_k,
    precision_at_k,
    reciprocal_rank,
)
from recommender.evaluation.significance import correct_by_holm, paired_permutation_p
from recommender.evaluation.splits import resample_groups

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from recommender.evaluation.datasets import RatedTracks

    Query: TypeAlias = Mapping[str, float]

PURE_QUERIES: Final[tuple[Query, ...]] = tuple({label: 1.0} for label in LABELS)
# Every ordered pair, six parts to four.
MIXED_QUERIES: Final[tuple[Query, ...]] = tuple({a: 0.6, b: 0.4} for a, b in permutations(LABELS, 2))
PLAYLIST_LENGTH: Final = 20
_RELEVANT_QUANTILE: Final = 0.75
# Chance is averaged over so many shuffles per query.
_N_SHUFFLES: Final = 20


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value and its 95 % interval; None where no interval is defined."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Our system against a baseline: difference of mean nDCG@10 over queries, and how likely chance makes it."""

    difference: float
    p: float
    p_holm: float


@dataclass(frozen=True, slots=True)
class ProtocolResult:
    """All figures of one protocol.

    Attributes:
        name: such as `emotify-retrieval`.
        n_tracks: size of the catalog that was ranked.
        n_artists: independent units of the intervals.
        queries: posteriors ranked for.
        figures: by system and metric.
        ndcg_by_query: nDCG@10 by system, one value per query.
        comparisons: ours against each baseline.
    """

    name: str
    n_tracks: int
    n_artists: int
    queries: tuple[Query, ...]
    figures: dict[str, dict[str, Figure]]
    ndcg_by_query: dict[str, list[float]]
    comparisons: dict[str, Comparison]


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


METRICS: Final = ("ndcg_at_10", "ndcg_at_20", "precision_at_5", "mrr")


def _measure(relevance: np.ndarray, is_relevant: np.ndarray) -> list[float]:
    return [
        ndcg_at_k(relevance, 10),
        ndcg_at_k(relevance, 20),
        precision_at_k(is_relevant, 5),
        reciprocal_rank(is_relevant),
    ]


def measure_retrieval(
    name: str, tracks: RatedTracks, queries: Sequence[Query], *, seed: int = 0, n_resamples: int = 500
) -> ProtocolResult:
    """Rank the whole catalog for every query by every system.

    A track's relevance is its posterior-weighted mean rating. Metrics are averaged over queries; intervals are
    percentiles of a bootstrap over artists, in which a drawn artist's tracks come as often as it was drawn, in the
    ranking as in the ideal order.

    Args:
        name: what the report calls the protocol.
        tracks: the catalog and its ratings.
        queries: posteriors.
        seed: of shuffles, resamples and permutations.
        n_resamples: of the bootstrap.
    """
    rng = np.random.default_rng(seed)
    resamples = resample_groups(tracks.artists, n_resamples, rng)
    figures, ndcg_by_query = {}, {}
    for system in RANKERS:
        ranked = [_rank(system, tracks, query, rng) for query in queries]
        figures[system] = _measure_lists(ranked, resamples) | _measure_playlists(tracks, ranked)
        ndcg_by_query[system] = [float(one.measure()[0]) for one in ranked]
    for of_system in figures.values():
        of_system["from_random_to_ideal"] = _progress(of_system, figures[RANDOM])
    comparisons = _compare(ndcg_by_query, BASELINES, rng) | _compare(ndcg_by_query, ABLATIONS, rng)
    n_artists = len(set(tracks.artists))
    return ProtocolResult(name, len(tracks), n_artists, tuple(queries), figures, ndcg_by_query, comparisons)


def _rank(system: str, tracks: RatedTracks, query: Query, rng: np.random.Generator) -> _Ranked:
    relevance = tracks.ratings @ np.array([query.get(label, 0.0) for label in LABELS])
    is_relevant = (relevance >= np.quantile(relevance, _RELEVANT_QUANTILE)) & (relevance > 0)
    n_orders = _N_SHUFFLES if system == RANDOM else 1
    return _Ranked(query, relevance, is_relevant, tuple(RANKERS[system](tracks, query, rng) for _ in range(n_orders)))


def _measure_lists(ranked: Sequence[_Ranked], resamples: np.ndarray) -> dict[str, Figure]:
    values = np.mean([one.measure() for one in ranked], axis=0)
    # A resample may leave nothing relevant to one query; that query says nothing about it then.
    draws = [np.nanmean([one.measure(counts) for one in ranked], axis=0) for counts in resamples]
    lows, highs = np.percentile(draws, [2.5, 97.5], axis=0)
    rows = zip(METRICS, values, lows, highs, strict=True)
    return {metric: Figure(float(value), float(low), float(high)) for metric, value, low, high in rows}


def _measure_playlists(tracks: RatedTracks, ranked: Sequence[_Ranked]) -> dict[str, Figure]:
    playlists = [(one.query, one.orders[0][:PLAYLIST_LENGTH]) for one in ranked]
    rows_of = [rows for _, rows in playlists]
    counts = np.bincount(np.concatenate(rows_of), minlength=len(tracks))
    values = {
        "ndcg_at_10_within_folds": _within_folds(tracks, ranked),
        "catalog_coverage": catalog_coverage([rows.tolist() for rows in rows_of], len(tracks)),
        "gini": gini(counts),
        "intra_list_diversity": float(np.mean([intra_list_diversity(tracks.affect_sd[rows]) for rows in rows_of])),
        "artist_repetition": float(np.mean([_artist_repetition(tracks, rows) for rows in rows_of])),
        "mood_mix_kl": float(np.mean([_mix_kl(tracks, query, rows) for query, rows in playlists])),
    }
    return {metric: Figure(value) for metric, value in values.items()}


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
    floor = of_random["ndcg_at_10"].value
    return Figure((figures["ndcg_at_10"].value - floor) / (1.0 - floor) if floor < 1.0 else float("nan"))


def _compare(
    ndcg_by_query: Mapping[str, list[float]], family: Sequence[str], rng: np.random.Generator
) -> dict[str, Comparison]:
    ours = np.array(ndcg_by_query[OURS])
    others = {name: np.array(ndcg_by_query[name]) for name in family}
    p_by_name = {name: paired_permutation_p(ours, other, rng) for name, other in others.items()}
    p_holm = correct_by_holm(p_by_name)
    return {
        name: Comparison(float((ours - other).mean()), p_by_name[name], p_holm[name]) for name, other in others.items()
    }
