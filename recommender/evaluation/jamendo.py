"""MTG-Jamendo: mood and theme tags as the truth, on the official splits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

from catalog.analysis.embeddings import AFFECT_AXES
from recommender.affect import LABELS
from recommender.errors import EvaluationDataError
from recommender.evaluation.baselines import OURS, RANDOM, RANKERS
from recommender.evaluation.datasets import RatedTracks, predicted_row
from recommender.evaluation.metrics import ndcg_at_k, precision_at_k, reciprocal_rank
from recommender.evaluation.results import Figure, ProtocolResult
from recommender.evaluation.retrieval import PURE_QUERIES
from recommender.evaluation.splits import resample_groups
from recommender.evaluation.tables import read_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from catalog.queries import TrackFacts

JAMENDO: Final = "jamendo"
TAGS_BY_LABEL: Final = {
    "happy": {"happy", "fun", "funny", "party", "upbeat", "uplifting", "positive"},
    "sad": {"sad", "melancholic"},
    # No tag says angry; these are nearest.
    "angry": {"dark", "heavy", "horror"},
    "neutral": {"calm", "relaxing", "meditative", "soft", "mellow"},
}
METRICS: Final = ("ndcg_at_10", "precision_at_5", "mrr")
READINGS: Final = {
    "ndcg_at_10": "nDCG@10, gain 1 for a track that bears a tag of the mood and 0 for others, mean over four moods",
    "precision_at_5": "share of the first five places with such a tag",
    "mrr": "mean of one over the rank of the first track with such a tag",
}
_NOTE: Final = (
    "The official split 0, its test part ranked, baselines learning from its other parts. Tag look-up knows genre and "
    "instrument tags, never the mood tags that judge. A track without a mood tag counts as not of the mood, though "
    "nobody may have asked, so figures lie low. "
)
_NOT_RUN: Final = (
    "No track of the test part is in this catalog with an analysis, so our recommender was not run: import the audio, "
    "analyze it, and run the protocol again. "
)
_LEARNED, _TESTED = 0, 1
_N_SHUFFLES: Final = 20
_PATH_TAIL: Final = re.compile(r"(\d+/\d+)(?:\.\w+)*$")


def evaluate_jamendo(
    tags_path: Path, catalog: Sequence[TrackFacts] = (), *, seed: int = 0, n_resamples: int = 500
) -> ProtocolResult:
    """Rank the test part for the four moods.

    Args:
        tags_path: the tags, one row a track, with `path`, `artist_id`, `mood_theme`, `genre`, `instrument`, `split0`.
        catalog: a user's own tracks; those whose path ends like a `path` of the table and that are analyzed are ranked
            by our recommender too, and then all systems rank these alone.
        seed: of shuffles and resamples.
        n_resamples: of the bootstrap over artists.

    Raises:
        EvaluationDataError: the table is missing or of another kind, or no track of the test part bears a mood.
    """
    tracks, is_ours = _load(tags_path, catalog)
    systems = (*((OURS,) if is_ours.any() else ()), "tag-look-up", "genre-look-up", RANDOM)
    ranked = np.flatnonzero((tracks.folds == _TESTED) & (is_ours if is_ours.any() else True))
    if not tracks.ratings[ranked].any(axis=0).all():
        raise EvaluationDataError(f"expected tracks of every mood in the test part of {str(tags_path)!r}")
    rng = np.random.default_rng(seed)
    artists = [tracks.artists[row] for row in ranked.tolist()]
    resamples = resample_groups(artists, n_resamples, rng)
    figures = {system: _measure(system, tracks, ranked, resamples, rng) for system in systems}
    return ProtocolResult(
        name=JAMENDO,
        scope=f"{len(ranked)} test tracks by {len(set(artists))} artists, {len(PURE_QUERIES)} moods",
        note=_NOTE + ("" if is_ours.any() else _NOT_RUN) + "Intervals: 95 % bootstrap over artists.",
        readings=READINGS,
        figures=figures,
        plotted=METRICS,
    )


def _load(path: Path, catalog: Sequence[TrackFacts]) -> tuple[RatedTracks, np.ndarray]:
    columns = ("path", "artist_id", "mood_theme", "genre", "instrument", "split0")
    rows = [row for row in read_rows(path, columns) if row["split0"]]
    analyzed = {_tail(track.path): track for track in catalog if track.path and track.shares}
    found = [analyzed.get(_tail(row["path"])) for row in rows]
    tags = [frozenset(f"{row['genre']}|{row['instrument']}".split("|")) - {""} for row in rows]
    moods = [set(row["mood_theme"].split("|")) for row in rows]
    tracks = RatedTracks(
        track_ids=np.arange(len(rows)),
        titles=("",) * len(rows),
        artists=tuple(row["artist_id"] for row in rows),
        genres=tuple(row["genre"].split("|")[0] for row in rows),
        tags=tuple(tags),
        folds=np.array([_TESTED if row["split0"] == "test" else _LEARNED for row in rows]),
        ratings=np.array([[float(bool(mood & TAGS_BY_LABEL[label])) for label in LABELS] for mood in moods]),
        liked=None,
        predicted=np.array([predicted_row(track) if track else [0.0] * len(AFFECT_AXES) for track in found]),
    )
    if not len(tracks):
        raise EvaluationDataError(f"expected rows with a split in {str(path)!r}, got none")
    return tracks, np.array([track is not None for track in found])


def _tail(path: str | None) -> str:
    """Keep what a path and a file fetched from it share, such as `48/948`."""
    match = _PATH_TAIL.search(path or "")
    return match.group(1) if match else ""


def _measure(
    system: str, tracks: RatedTracks, ranked: np.ndarray, resamples: np.ndarray, rng: np.random.Generator
) -> dict[str, Figure]:
    candidates = _only(tracks, ranked) if system in {OURS, RANDOM} else tracks
    position_by_row = dict(zip(ranked.tolist(), range(len(ranked)), strict=True))
    n_orders = _N_SHUFFLES if system == RANDOM else 1
    values, draws = [], []
    for query, label in zip(PURE_QUERIES, LABELS, strict=True):
        is_relevant = tracks.ratings[ranked, LABELS.index(label)] > 0
        orders = [RANKERS[system](candidates, query, rng) for _ in range(n_orders)]
        if candidates is tracks:
            known = [[position_by_row.get(row, -1) for row in order.tolist()] for order in orders]
            orders = [np.array([position for position in order if position >= 0]) for order in known]
        values.append(np.mean([_score(is_relevant[order]) for order in orders], axis=0))
        draws.append([_score(is_relevant[_repeat(orders[i % n_orders], counts)]) for i, counts in enumerate(resamples)])
    lows, highs = np.nanpercentile(np.nanmean(draws, axis=0), [2.5, 97.5], axis=0)
    rows = zip(METRICS, np.mean(values, axis=0), lows, highs, strict=True)
    return {metric: Figure(float(value), float(low), float(high)) for metric, value, low, high in rows}


def _repeat(order: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return np.repeat(order, counts[order])


def _only(tracks: RatedTracks, rows: np.ndarray) -> RatedTracks:
    kept = rows.tolist()
    return RatedTracks(
        track_ids=tracks.track_ids[rows],
        titles=tuple(tracks.titles[row] for row in kept),
        artists=tuple(tracks.artists[row] for row in kept),
        genres=tuple(tracks.genres[row] for row in kept),
        tags=tuple(tracks.tags[row] for row in kept),
        folds=tracks.folds[rows],
        ratings=tracks.ratings[rows],
        liked=None,
        predicted=tracks.predicted[rows],
    )


def _score(is_relevant: np.ndarray) -> list[float]:
    return [ndcg_at_k(is_relevant.astype(np.float64), 10), precision_at_k(is_relevant, 5), reciprocal_rank(is_relevant)]
