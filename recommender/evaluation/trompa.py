"""TROMPA: do valence and arousal as half of the listeners felt them find the music that the other half calls sad?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from recommender.affect import LABELS, expected_affect
from recommender.errors import EvaluationDataError
from recommender.evaluation.metrics import ndcg_at_k, precision_at_k
from recommender.evaluation.results import Figure, ProtocolResult
from recommender.evaluation.retrieval import MIXED_QUERIES, PURE_QUERIES, find_relevant
from recommender.evaluation.tables import read_rows, to_numbers

if TYPE_CHECKING:
    from pathlib import Path

    from recommender.evaluation.results import Query

TROMPA: Final = "trompa"
WORDS_BY_LABEL: Final = {"happy": {"joy"}, "sad": {"sadness"}, "angry": {"anger", "tension"}, "neutral": {"peace"}}
SYSTEMS: Final = ("half-of-raters", "nearest-valence-arousal", "nearest-spotify", "popularity", "random")
METRICS: Final = ("ndcg_at_10", "precision_at_5")
READINGS: Final = {
    "ndcg_at_10": "gain of the first ten places over that of the ideal order, by the share of the judging half's words",
    "precision_at_5": "share of the first five places in the most relevant quarter of the catalog",
}
_NOTE: Final = (
    "The audio is not public, so our affect model is not in this protocol. It measures the map from a mood to a place "
    "in the plane of valence and arousal alone: people are split at random into halves, tracks lie where one half felt "
    "them (or where Spotify's valence and energy put them), and the words that the other half chose judge. Half of the "
    "raters, ranking by their own words, are the ceiling: three or four people a track. Means over 20 splits; "
    "intervals: 95 % bootstrap over tracks, each with halves of its own."
)
_COLUMNS: Final = ("externalID", "userId", "valenceValue", "arousalValue", "moodValue", "favSong")
_N_SPLITS: Final = 20


@dataclass(frozen=True, eq=False)
class Annotations:
    """One row per person and track.

    Attributes:
        tracks: row of the catalog, shape (n,).
        people: code of the person, shape (n,).
        felt: valence and arousal, each -1 or 1, shape (n, 2).
        words: whether the word chosen stands for each label, shape (n, 4).
        is_favorite: whether the person counts it among their favorites, shape (n,).
        spotify: valence and energy of each track within [-1, 1], shape (n_tracks, 2), nan where unknown.
    """

    tracks: np.ndarray
    people: np.ndarray
    felt: np.ndarray
    words: np.ndarray
    is_favorite: np.ndarray
    spotify: np.ndarray


def load_trompa(annotations_path: Path, tracks_path: Path) -> Annotations:
    """Load what people said of tracks.

    Raises:
        EvaluationDataError: a table or column is missing, a number is none, or fewer than four people annotated.
    """
    rows = read_rows(annotations_path, _COLUMNS)
    names = sorted({row["externalID"] for row in rows})
    people = sorted({row["userId"] for row in rows})
    if len(people) < 4:  # noqa: PLR2004 (two halves of more than one)
        raise EvaluationDataError(f"expected at least four people in {str(annotations_path)!r}, got {len(people)}")
    row_by_name = {name: row for row, name in enumerate(names)}
    code_by_person = {person: code for code, person in enumerate(people)}
    spotify = np.full((len(names), 2), np.nan)
    for row in read_rows(tracks_path, ("cdr_track_num", "valence", "energy")):
        if row["cdr_track_num"] in row_by_name and row["valence"] and row["energy"]:
            spotify[row_by_name[row["cdr_track_num"]]] = [2 * float(row["valence"]) - 1, 2 * float(row["energy"]) - 1]
    return Annotations(
        tracks=np.array([row_by_name[row["externalID"]] for row in rows]),
        people=np.array([code_by_person[row["userId"]] for row in rows]),
        felt=to_numbers(rows, ("valenceValue", "arousalValue"), annotations_path),
        words=np.array([[row["moodValue"] in WORDS_BY_LABEL[label] for label in LABELS] for row in rows]),
        is_favorite=to_numbers(rows, ("favSong",), annotations_path)[:, 0],
        spotify=spotify,
    )


def evaluate_trompa(
    annotations_path: Path, tracks_path: Path, *, seed: int = 0, n_resamples: int = 500
) -> ProtocolResult:
    """Rank the tracks that both halves annotated for pure and mixed moods.

    Raises:
        EvaluationDataError: see `load_trompa`.
    """
    annotations = load_trompa(annotations_path, tracks_path)
    rng = np.random.default_rng(seed)
    once = np.ones(len(annotations.spotify), dtype=np.int64)
    values = np.nanmean([_measure_split(annotations, once, rng) for _ in range(_N_SPLITS)], axis=0)
    n_tracks = len(once)
    draws = [
        _measure_split(annotations, rng.multinomial(n_tracks, np.full(n_tracks, 1 / n_tracks)), rng)
        for _ in range(n_resamples)
    ]
    lows, highs = np.nanpercentile(draws, [2.5, 97.5], axis=0)
    figures = {
        system: {
            metric: Figure(float(values[row, column]), float(lows[row, column]), float(highs[row, column]))
            for column, metric in enumerate(METRICS)
        }
        for row, system in enumerate(SYSTEMS)
    }
    return ProtocolResult(
        name=TROMPA,
        scope=f"{n_tracks} tracks, {len(annotations.tracks)} annotations by {annotations.people.max() + 1} people",
        note=_NOTE,
        readings=READINGS,
        figures=figures,
        plotted=METRICS,
    )


def _measure_split(annotations: Annotations, counts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Score all systems on one split of the people; shape (n_systems, n_metrics)."""
    is_judge = (rng.permutation(annotations.people.max() + 1) % 2 == 0)[annotations.people]
    words, n_known = _mean_by_track(annotations, annotations.words.astype(float), ~is_judge)
    felt, _ = _mean_by_track(annotations, annotations.felt, ~is_judge)
    liked, _ = _mean_by_track(annotations, annotations.is_favorite[:, None], ~is_judge)
    truth, n_judged = _mean_by_track(annotations, annotations.words.astype(float), is_judge)
    rows = np.flatnonzero((n_known > 0) & (n_judged > 0) & (counts > 0))
    scores = [
        _measure_query(query, words[rows], felt[rows], annotations.spotify[rows], liked[rows, 0], truth[rows], rng)
        for query in PURE_QUERIES + MIXED_QUERIES
    ]
    repeats = counts[rows]
    by_query = [_score(order_by_system, relevance, repeats) for order_by_system, relevance in scores]
    return np.asarray(np.nanmean(by_query, axis=0))


def _measure_query(  # noqa: PLR0913, PLR0917 (one system an argument)
    query: Query,
    words: np.ndarray,
    felt: np.ndarray,
    spotify: np.ndarray,
    liked: np.ndarray,
    truth: np.ndarray,
    rng: np.random.Generator,
) -> tuple[list[np.ndarray], np.ndarray]:
    weights = np.array([query.get(label, 0.0) for label in LABELS])
    place = expected_affect(query)
    target = np.array([place.valence, place.arousal])
    # Votes tie often; ties go by chance, not by the order of a file.
    tie_break = 1e-9 * rng.random(len(truth))
    by_system = (
        words @ weights,
        -np.linalg.norm(felt - target, axis=1),
        np.nan_to_num(-np.linalg.norm(spotify - target, axis=1), nan=-9.0),
        liked,
        np.zeros(len(truth)),
    )
    return [np.argsort(-(scores + tie_break)) for scores in by_system], truth @ weights


def _score(orders: list[np.ndarray], relevance: np.ndarray, repeats: np.ndarray) -> list[list[float]]:
    is_relevant = find_relevant(relevance)
    repeated = [np.repeat(order, repeats[order]) for order in orders]
    return [[ndcg_at_k(relevance[order], 10), precision_at_k(is_relevant[order], 5)] for order in repeated]


def _mean_by_track(annotations: Annotations, values: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    n_tracks = len(annotations.spotify)
    counts = np.bincount(annotations.tracks[mask], minlength=n_tracks)
    sums = np.array([np.bincount(annotations.tracks[mask], column[mask], minlength=n_tracks) for column in values.T]).T
    return sums / np.maximum(counts, 1)[:, None], counts
