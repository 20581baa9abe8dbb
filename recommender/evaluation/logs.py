"""A user's own evidence: ratings of tracks of their catalog, and logs of what was played and what became of it.

`ratings.csv`, one row per rating: `listener`, `track_id` (of the catalog), `rating` (1 to 5), and the mood the listener
was in when they rated, `happy`, `sad`, `angry`, `neutral` (probabilities that sum to 1).

`logs.csv`, one row per track shown: `listener`, `playlist_id`, `track_id`, `propensity` (how likely the policy that was
live was to put this track in this place, above 0 up to 1), `reward` (what became of it, 0 to 1, such as 1 for played to
the end or liked, 0 for skipped), `candidate` (how likely the policy to be judged is to put it there, 0 to 1). For the
doubly robust estimate also `expected_reward` (what a model expected of this track) and `candidate_reward` (what the
model expects of the candidate's choice there, averaged over its choices).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from recommender.affect import LABELS
from recommender.errors import EvaluationDataError, InvalidPosteriorError
from recommender.evaluation.baselines import OURS, RANDOM, rank_by_mood_query, rank_by_recommender
from recommender.evaluation.bootstrap import bound_mean, compare_by_unit
from recommender.evaluation.datasets import RatedTracks, predicted_row
from recommender.evaluation.metrics import ndcg_at_k, precision_at_k, reciprocal_rank
from recommender.evaluation.results import Figure, ProtocolResult
from recommender.evaluation.retrieval import PLAYLIST_LENGTH, measure_spread
from recommender.evaluation.tables import read_rows, to_numbers
from recommender.space import validate_posterior

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from catalog.queries import TrackFacts

RATINGS: Final = "ratings"
RATINGS_FILE: Final = "ratings.csv"
LOGS_FILE: Final = "logs.csv"
METRICS: Final = ("ndcg_at_10", "precision_at_5", "mrr")
COMPARED: Final = "ndcg_at_10"
READINGS: Final = {
    "ndcg_at_10": "gain of the first ten places over that of the ideal order; a rating of 1 is worth 0, of 5 1",
    "precision_at_5": "share of the first five places that the listener rated 4 or 5",
    "mrr": "mean of one over the rank of the first track rated 4 or 5",
    "catalog_coverage": "share of the catalog that comes in any of the playlists of twenty",
    "gini": "how unequally tracks come in them: 0 equally, towards 1 a few alone",
    "intra_list_diversity": "mean of one less the cosine between predicted affect of two tracks of a playlist",
    "artist_repetition": "share of neighbors in a playlist by the same artist",
}
_NOTE: Final = (
    "Every listener and mood is a query over the whole analyzed catalog, never over sampled candidates; a track the "
    "listener did not rate in that mood counts as worth nothing, though it may please, so figures lie low and weigh "
    "systems against each other only. Popularity is the mean rating by the other listeners. Intervals: 95 % bootstrap "
    "over listeners; tests swap whole listeners."
)
_LIKED: Final = 4.0
_N_SHUFFLES: Final = 20
# How many average ratings a track's mean is drawn towards: one enthusiast makes nothing popular.
_POPULARITY_CAUTION: Final = 3


def evaluate_ratings(
    path: Path, catalog: Sequence[TrackFacts], *, seed: int = 0, n_resamples: int = 500
) -> ProtocolResult:
    """Rank the catalog for every listener and mood that ratings are from.

    Args:
        path: `ratings.csv`, laid out as this module says.
        catalog: tracks to rank; those not analyzed are left out.
        seed: of shuffles, resamples and permutations.
        n_resamples: of the bootstrap over listeners.

    Raises:
        EvaluationDataError: the table is of another kind, a rating is out of range, a track is unknown, a mood is no
            distribution, all ratings are equal, or there is one listener alone.
    """
    tracks = _take_analyzed(catalog)
    columns = ("track_id", "rating", *LABELS)
    rows = read_rows(path, ("listener", *columns))
    values = to_numbers(rows, columns, path)
    listeners = [row["listener"] for row in rows]
    _check_ratings(path, values, listeners, tracks)
    queries = _group(values, listeners, tracks)
    scores = {system: _score(system, tracks, queries, seed) for system in (OURS, "mood-query", "popularity", RANDOM)}
    units = [listener for listener, _ in queries]
    figures = {
        system: {
            metric: bound_mean(of_system[:, column], units, n_resamples, np.random.default_rng([seed, 1]))
            for column, metric in enumerate(METRICS)
        }
        for system, of_system in scores.items()
    }
    moods = [dict(zip(LABELS, mood, strict=True)) for _, mood in queries]
    playlists = [rank_by_recommender(tracks, mood, np.random.default_rng(seed))[:PLAYLIST_LENGTH] for mood in moods]
    figures[OURS] |= {metric: Figure(value) for metric, value in measure_spread(tracks, playlists).items()}
    rng = np.random.default_rng(seed)
    compared = {system: of_system[:, METRICS.index(COMPARED)] for system, of_system in scores.items()}
    pairs = {name: (compared[OURS], compared[name]) for name in ("popularity", RANDOM, "mood-query")}
    return ProtocolResult(
        name=RATINGS,
        scope=f"{len(rows)} ratings by {len(set(units))} listeners, {len(queries)} queries, {len(tracks)} tracks",
        note=_NOTE,
        readings=READINGS,
        figures=figures,
        plotted=METRICS,
        comparisons=compare_by_unit(COMPARED, pairs, units, rng),
        per_query=tuple(
            {"query": f"{listener} {mood}", "unit": listener}
            | {f"{system}.{COMPARED}": float(of_system[i]) for system, of_system in compared.items()}
            for i, (listener, mood) in enumerate(queries)
        ),
    )


def _take_analyzed(catalog: Sequence[TrackFacts]) -> RatedTracks:
    known = [track for track in catalog if track.shares]
    if not known:
        raise EvaluationDataError("expected analyzed tracks in the catalog, got none; import and analyze music first")
    return RatedTracks(
        track_ids=np.array([track.track_id for track in known], dtype=np.int64),
        titles=tuple(track.title for track in known),
        artists=tuple(track.artist for track in known),
        genres=tuple(track.genre or "" for track in known),
        tags=(frozenset(),) * len(known),
        folds=np.zeros(len(known), dtype=np.int64),
        ratings=np.zeros((len(known), len(LABELS))),
        liked=None,
        predicted=np.array([predicted_row(track) for track in known]),
    )


def _check_ratings(path: Path, values: np.ndarray, listeners: Sequence[str], tracks: RatedTracks) -> None:
    where = repr(str(path))
    ratings = values[:, 1]
    is_out = (ratings < 1) | (ratings > 5)  # noqa: PLR2004 (the scale)
    if is_out.any():
        line = int(np.flatnonzero(is_out)[0]) + 2
        raise EvaluationDataError(f"expected ratings from 1 to 5 in {where}, got {ratings[is_out][0]:g} in line {line}")
    unknown = sorted(set(values[:, 0].astype(int).tolist()) - set(tracks.track_ids.tolist()))
    if unknown:
        raise EvaluationDataError(f"expected analyzed tracks of the catalog in {where}, got the ids {unknown[:5]}")
    if len(set(listeners)) < 2:  # noqa: PLR2004 (people are compared)
        raise EvaluationDataError(
            f"expected ratings by at least two listeners in {where}, got {len(set(listeners))}: neither popularity nor "
            "an interval is defined"
        )
    if np.ptp(ratings) == 0:
        raise EvaluationDataError(f"expected ratings that differ in {where}, all are {ratings[0]:g}")
    for line, mood in enumerate(values[:, 2:].tolist(), start=2):
        try:
            validate_posterior(dict(zip(LABELS, mood, strict=True)))
        except InvalidPosteriorError as error:
            raise EvaluationDataError(f"{where}, line {line}: {error}") from error


_Queries = dict[tuple[str, tuple[float, ...]], np.ndarray]


def _group(values: np.ndarray, listeners: Sequence[str], tracks: RatedTracks) -> _Queries:
    """Gather by listener and mood what each track was rated, shape (n_tracks,), nan where it was not."""
    row_by_id = {track_id: row for row, track_id in enumerate(tracks.track_ids.tolist())}
    queries: _Queries = {}
    for listener, (track_id, rating, *mood) in zip(listeners, values.tolist(), strict=True):
        given = queries.setdefault((listener, tuple(mood)), np.full(len(tracks), np.nan))
        given[row_by_id[int(track_id)]] = rating
    return queries


def _score(system: str, tracks: RatedTracks, queries: _Queries, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.array([_score_one(system, tracks, queries, key, rng) for key in queries])


def _score_one(
    system: str, tracks: RatedTracks, queries: _Queries, key: tuple[str, tuple[float, ...]], rng: np.random.Generator
) -> np.ndarray:
    listener, mood = key
    posterior = dict(zip(LABELS, mood, strict=True))
    given = np.nan_to_num(queries[key], nan=1.0)
    if system == RANDOM:
        orders = [rng.permutation(len(tracks)) for _ in range(_N_SHUFFLES)]
    elif system == "popularity":
        others = [ratings for (other, _), ratings in queries.items() if other != listener]
        orders = [np.argsort(-_popularity(np.array(others)), kind="stable")]
    else:
        rank = rank_by_recommender if system == OURS else rank_by_mood_query
        orders = [rank(tracks, posterior, rng)]
    return np.asarray(np.mean([_measure(given[order]) for order in orders], axis=0))


def _popularity(ratings: np.ndarray) -> np.ndarray:
    is_rated = np.isfinite(ratings)
    average = float(ratings[is_rated].mean())
    sums = np.where(is_rated, ratings, 0.0).sum(axis=0)
    return np.asarray((sums + _POPULARITY_CAUTION * average) / (is_rated.sum(axis=0) + _POPULARITY_CAUTION))


def _measure(ratings: np.ndarray) -> list[float]:
    is_liked = ratings >= _LIKED
    return [ndcg_at_k((ratings - 1.0) / 4.0, 10), precision_at_k(is_liked, 5), reciprocal_rank(is_liked)]
