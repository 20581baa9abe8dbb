"""How well anything could rank: one half of the people who rated the tracks, judged by the other half."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from recommender.affect import LABELS
from recommender.errors import EvaluationDataError
from recommender.evaluation.baselines import OURS, RANDOM, RANKERS
from recommender.evaluation.datasets import FEELING_BY_LABEL
from recommender.evaluation.metrics import ndcg_at_k
from recommender.evaluation.results import Figure, ProtocolResult
from recommender.evaluation.retrieval import MIXED_QUERIES, PURE_QUERIES
from recommender.evaluation.splits import resample_groups
from recommender.evaluation.tables import read_rows, to_numbers

if TYPE_CHECKING:
    from pathlib import Path

    from recommender.evaluation.datasets import RatedTracks

EMOTIFY_CEILING: Final = "emotify-ceiling"
HALF: Final = "half-of-raters"
READINGS: Final = {
    "ndcg_at_10": "nDCG@10 by the ratings of people whose ratings the system did not see; 1 cannot be reached",
    "from_random_to_raters": "share of the way from random order to what half of the raters reach",
}
_N_SPLITS: Final = 40


def measure_ceiling(
    tracks: RatedTracks, annotations_path: Path, *, seed: int = 0, n_resamples: int = 500
) -> ProtocolResult:
    """Rank by one random half of each track's raters and judge by the other; judge ours by the same halves.

    Args:
        tracks: Emotify with our out-of-fold predictions.
        annotations_path: one row per listener and track, a column per feeling that is 0 or 1.
        seed: of halves and resamples.
        n_resamples: of the bootstrap over artists, each with halves of its own.

    Raises:
        EvaluationDataError: the annotations are missing, or a track has fewer than two raters.
    """
    votes = _load_votes(tracks, annotations_path)
    rng = np.random.default_rng(seed)
    queries = np.array([[query.get(label, 0.0) for label in LABELS] for query in PURE_QUERIES + MIXED_QUERIES])
    ours = [RANKERS[OURS](tracks, query, rng) for query in PURE_QUERIES + MIXED_QUERIES]
    once = np.ones(len(tracks), dtype=np.int64)
    values = np.mean([_measure_split(votes, queries, ours, once, rng) for _ in range(_N_SPLITS)], axis=0)
    resamples = resample_groups(tracks.artists, n_resamples, rng)
    draws = np.array([_measure_split(votes, queries, ours, counts, rng) for counts in resamples])
    return ProtocolResult(
        name=EMOTIFY_CEILING,
        scope=f"{len(tracks)} tracks by {len(set(tracks.artists))} artists, {len(queries)} moods",
        note=(
            "Each track's raters are split at random into halves; a system is judged by one half, and the other half "
            f"is a system of its own. Values are means over {_N_SPLITS} splits. All raters together would rank better "
            "than half of them, so this ceiling lies a little low. Intervals: 95 % bootstrap over artists and halves."
        ),
        readings=READINGS,
        figures=_figures(values, draws),
        plotted=("ndcg_at_10",),
        findings=(_describe(values),),
    )


def _figures(values: np.ndarray, draws: np.ndarray) -> dict[str, dict[str, Figure]]:
    bounds = np.percentile(draws, [2.5, 97.5], axis=0)
    figures = {
        system: {"ndcg_at_10": Figure(float(values[i]), float(bounds[0, i]), float(bounds[1, i]))}
        for i, system in enumerate((OURS, HALF, RANDOM))
    }
    low, high = np.percentile(_progress(draws.T), [2.5, 97.5])
    figures[OURS]["from_random_to_raters"] = Figure(float(_progress(values)), float(low), float(high))
    return figures


def _progress(values: np.ndarray) -> np.ndarray:
    ours, half, chance = values
    return np.asarray((ours - chance) / (half - chance))


def _load_votes(tracks: RatedTracks, path: Path) -> list[np.ndarray]:
    columns = tuple(FEELING_BY_LABEL[label] for label in LABELS)
    rows = read_rows(path, ("track_id", *columns))
    votes = to_numbers(rows, ("track_id", *columns), path)
    by_track = [votes[votes[:, 0] == track_id, 1:] for track_id in tracks.track_ids.tolist()]
    if any(len(of_track) < 2 for of_track in by_track):  # noqa: PLR2004 (two halves)
        raise EvaluationDataError(f"expected at least two raters of each track in {str(path)!r}")
    return by_track


def _measure_split(
    votes: list[np.ndarray],
    queries: np.ndarray,
    ours: list[np.ndarray],
    counts: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    halves = [_split(of_track, rng) for of_track in votes]
    known, judging = (np.array([half[i] for half in halves]) @ queries.T for i in range(2))  # (track, query)
    scores = []
    for column, order in enumerate(ours):
        orders = (order, np.argsort(-known[:, column], kind="stable"), rng.permutation(len(votes)))
        scores.append([ndcg_at_k(judging[np.repeat(one, counts[one]), column], 10) for one in orders])
    return np.asarray(np.nanmean(scores, axis=0))


def _split(votes: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    shuffled = votes[rng.permutation(len(votes))]
    middle = len(votes) // 2
    return shuffled[:middle].mean(axis=0), shuffled[middle:].mean(axis=0)


def _describe(values: np.ndarray) -> str:
    share = float(_progress(values))
    return f"Ours covers {share:.0%} of the way from random order to what half of the raters reach for the other half."
