"""Journeys between all pairs of moods: how small their steps are, and whether they get on, against plain ways."""

from __future__ import annotations

from itertools import pairwise, permutations
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.stats import rankdata

from recommender.affect import LABELS
from recommender.evaluation.baselines import OURS, build_index, name_tracks
from recommender.evaluation.bootstrap import bound_mean, compare_by_unit
from recommender.evaluation.results import Figure, ProtocolResult
from recommender.journey_measures import measure_journey, plan_by_interpolation, shuffle_between_ends
from recommender.journeys import load_travel_space, place_mood, plan_journey

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from recommender.evaluation.datasets import RatedTracks
    from recommender.evaluation.results import Comparison
    from recommender.journeys import TravelSpace

INTERPOLATION: Final = "interpolation"
SHUFFLED: Final = "random-order"
N_STEPS: Final = 10
METRICS: Final = (
    "mean_step",
    "largest_step",
    "monotone_progress",
    "way_covered",
    "mean_off_way",
    "felt_turn",
    "artist_repetition",
)
COMPARED: Final = ("mean_step", "largest_step", "monotone_progress")
READINGS: Final = {
    "mean_step": "distance between neighbors, in standard deviations of the catalog; lower is smoother",
    "largest_step": "the largest jump of a journey; lower is smoother",
    "monotone_progress": "share of steps that do not go back on the way; 1 is steady",
    "way_covered": "how far the last track lies beyond the first, as a share of the way; 1 covers it",
    "mean_off_way": "distance between a track and its even place on the way, in standard deviations; lower is nearer",
    "felt_turn": (
        "rank correlation between place in the playlist and how much more people felt the target than the start; it "
        "knows nothing of our predictions; 1 is a turn that people feel at every step"
    ),
    "artist_repetition": "share of neighbors by the same artist",
}
_NOTE: Final = (
    "All twelve ordered pairs of sure moods, ten tracks each. Interpolation takes the track nearest to each even place "
    "on the way; random order shuffles our own tracks between the same ends, so it differs in order alone. Steps count "
    "predicted affect; timbre is left at its average, as out-of-fold timbre is not kept. Intervals: 95 % bootstrap "
    "over the pairs; tests are paired."
)
_N_SHUFFLES: Final = 20


def measure_journeys(name: str, tracks: RatedTracks, *, seed: int = 0, n_resamples: int = 500) -> ProtocolResult:
    """Plan journeys between all ordered pairs of moods, by ours and the plain ways.

    Args:
        name: what the report calls the protocol.
        tracks: the catalog, with what people felt.
        seed: of shuffles, resamples and permutations.
        n_resamples: of the bootstrap.
    """
    rng = np.random.default_rng(seed)
    pairs = list(permutations(LABELS, 2))
    scores = _score_pairs(tracks, pairs, rng)
    names = [f"{start} to {end}" for start, end in pairs]
    comparisons: dict[str, Comparison] = {}
    for metric in COMPARED:
        column = METRICS.index(metric)
        against = {
            f"{other}, {metric}": (scores[OURS][:, column], scores[other][:, column])
            for other in (INTERPOLATION, SHUFFLED)
        }
        comparisons |= compare_by_unit(metric, against, names, rng)
    return ProtocolResult(
        name=name,
        scope=f"{len(pairs)} journeys of {N_STEPS} tracks, {len(tracks)} tracks by {len(set(tracks.artists))} artists",
        note=_NOTE,
        readings=READINGS,
        figures=_figures(scores, names, n_resamples, rng),
        plotted=("mean_step", "largest_step", "monotone_progress", "felt_turn"),
        comparisons=comparisons,
        per_query=tuple(_row(i, name_of_pair, scores) for i, name_of_pair in enumerate(names)),
    )


def _score_pairs(
    tracks: RatedTracks, pairs: Sequence[tuple[str, str]], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    index, load_facts = build_index(tracks), name_tracks(tracks)
    space = load_travel_space(index, load_facts, np.arange(len(tracks)))
    scores: dict[str, list[np.ndarray]] = {OURS: [], INTERPOLATION: [], SHUFFLED: []}
    for pair in pairs:
        start, end = (place_mood({label: 1.0}) for label in pair)
        k = min(N_STEPS, len(tracks))
        ours = [step.track_id for step in plan_journey(index, load_facts, {pair[0]: 1.0}, {pair[1]: 1.0}, k=k)]
        plans = {
            OURS: [ours],
            INTERPOLATION: [plan_by_interpolation(space, start, end, k)],
            SHUFFLED: [shuffle_between_ends(ours, rng) for _ in range(_N_SHUFFLES)],
        }
        for system, journeys in plans.items():
            values = [_measure(tracks, space, journey, pair) for journey in journeys]
            scores[system].append(np.mean(values, axis=0))
    return {system: np.array(rows) for system, rows in scores.items()}


def _measure(tracks: RatedTracks, space: TravelSpace, journey: Sequence[int], pair: tuple[str, str]) -> np.ndarray:
    start, end = (place_mood({label: 1.0}) for label in pair)
    measures = measure_journey(space, journey, start, end)
    rows = np.array(journey)
    turn = tracks.ratings[rows, LABELS.index(pair[1])] - tracks.ratings[rows, LABELS.index(pair[0])]
    artists = [tracks.artists[row] for row in journey]
    repeats = np.mean([one == other for one, other in pairwise(artists)])
    return np.array(
        [
            measures.mean_step,
            measures.largest_step,
            measures.monotone_progress,
            measures.way_covered,
            measures.mean_off_way,
            _correlate_ranks(turn),
            repeats,
        ]
    )


def _correlate_ranks(turn: np.ndarray) -> float:
    """Spearman with the place in the playlist; nan where nothing turns."""
    if np.ptp(turn) == 0:
        return float("nan")
    return float(np.corrcoef(rankdata(turn), np.arange(len(turn)))[0, 1])


def _figures(
    scores: Mapping[str, np.ndarray], names: Sequence[str], n_resamples: int, rng: np.random.Generator
) -> dict[str, dict[str, Figure]]:
    return {
        system: {
            metric: bound_mean(values[:, column], names, n_resamples, rng) for column, metric in enumerate(METRICS)
        }
        for system, values in scores.items()
    }


def _row(i: int, name: str, scores: Mapping[str, np.ndarray]) -> dict[str, str | float]:
    row: dict[str, str | float] = {"query": name, "unit": name}
    for system, values in scores.items():
        row |= {f"{system}.{metric}": float(values[i, column]) for column, metric in enumerate(METRICS)}
    return row
