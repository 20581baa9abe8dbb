"""Run a protocol and write its figures, as JSON and as a table to read."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from recommender.evaluation.datasets import load_demo, load_emotify
from recommender.evaluation.protocols import MIXED_QUERIES, PURE_QUERIES, ProtocolResult, measure_retrieval

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from catalog.queries import TrackFacts

EMOTIFY_RETRIEVAL: Final = "emotify-retrieval"
DEMO: Final = "demo"
HOW_TO_READ: Final = {
    "ndcg_at_10": "gain of the first ten places over that of the ideal order, linear gain, log2 discount; 1 is ideal",
    "ndcg_at_20": "the same over twenty places",
    "ndcg_at_10_within_folds": "nDCG@10 when each fold's tracks are ranked on their own, mean over folds and queries",
    "precision_at_5": "share of the first five places in the most relevant quarter of the catalog",
    "mrr": (
        "mean of one over the rank of the first track from that quarter; resampled catalogs hold fewer distinct "
        "tracks, so its interval lies a little low"
    ),
    "from_random_to_ideal": "share of the way from random order to the ideal one that nDCG@10 covers",
    "catalog_coverage": "share of the catalog that comes in any of the playlists of twenty",
    "gini": "how unequally tracks come in them: 0 equally, towards 1 a few alone",
    "intra_list_diversity": "mean of one less the cosine between predicted affect of two tracks of a playlist",
    "artist_repetition": "share of neighbors in a playlist by the same artist",
    "mood_mix_kl": "nats between the mood asked for and the mix of rated moods in the playlist; 0 is the same mix",
}
_NOTES: Final = {
    EMOTIFY_RETRIEVAL: (
        "Every prediction comes from a model that saw none of the track's artist. Relevance is the posterior-weighted "
        "mean rating. Popularity knows the ratings of the tracks it ranks, which a new track has not. Two halves of "
        "the raters correlate at .82 joyful, .65 sadness, .70 tension, .77 calm, which bounds what any system reaches."
    ),
    DEMO: (
        "A sanity check: relevance is the one mood our own composer meant, not what people hear. It shows that the "
        "parts fit together, not that the music pleases. Four moods are too few for a p below .125."
    ),
}


def evaluate_emotify(
    ratings_path: Path, predictions_path: Path, *, seed: int = 0, n_resamples: int = 500
) -> ProtocolResult:
    """Measure retrieval on Emotify: four pure and twelve mixed moods.

    Raises:
        EvaluationDataError: ratings or predictions are missing or not what they should be.
    """
    tracks = load_emotify(ratings_path, predictions_path)
    queries = PURE_QUERIES + MIXED_QUERIES
    return measure_retrieval(EMOTIFY_RETRIEVAL, tracks, queries, seed=seed, n_resamples=n_resamples)


def evaluate_demo(tracks: Sequence[TrackFacts], *, seed: int = 0, n_resamples: int = 500) -> ProtocolResult:
    """Measure retrieval on the demo library: the four moods it was composed for.

    Args:
        tracks: the catalog with the analyzed demo library in it.
        seed: of all chance.
        n_resamples: of the bootstrap.

    Raises:
        EvaluationDataError: the demo library is missing or not analyzed.
    """
    return measure_retrieval(DEMO, load_demo(tracks), PURE_QUERIES, seed=seed, n_resamples=n_resamples)


def build_report(results: Sequence[ProtocolResult]) -> dict[str, Any]:
    """Arrange results as `protocols.<name>.<system>.<metric>` = {value, low, high}, with how to read them.

    Returns:
        Plain values for JSON, rounded to four places; null where a figure or an interval is not defined.
    """
    return {
        "how_to_read": HOW_TO_READ,
        "notes": {result.name: _note(result) for result in results},
        "protocols": {
            result.name: {
                system: {metric: _plain(asdict(figure)) for metric, figure in figures.items()}
                for system, figures in result.figures.items()
            }
            for result in results
        },
        "comparisons": {
            result.name: {name: _plain(asdict(comparison)) for name, comparison in result.comparisons.items()}
            for result in results
        },
        "queries": {result.name: _per_query(result) for result in results},
    }


def write_report(report: dict[str, Any], path: Path) -> None:
    """Write a report as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def format_table(result: ProtocolResult) -> str:
    """Lay the main figures out for a terminal."""
    metrics = ("ndcg_at_10", "ndcg_at_20", "precision_at_5", "mrr")
    lines = [f"{result.name}: {result.n_tracks} tracks, {result.n_artists} artists, {len(result.queries)} moods"]
    lines.append(f"{'system':<26}" + "".join(f"{metric:<22}" for metric in metrics) + "p against ours (Holm)")
    for system, figures in result.figures.items():
        cells = "".join(f"{_cell(figures[metric]):<22}" for metric in metrics)
        comparison = result.comparisons.get(system)
        lines.append(f"{system:<26}{cells}" + (f"{comparison.p_holm:.4f}" if comparison else "-"))
    return "\n".join(line.rstrip() for line in lines)


def _cell(figure: Any) -> str:  # noqa: ANN401 (a Figure with its interval)
    return f"{figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}]"


def _note(result: ProtocolResult) -> str:
    scope = f"{result.n_tracks} tracks by {result.n_artists} artists, {len(result.queries)} moods. "
    return scope + _NOTES.get(result.name, "") + " Intervals: 95 % percentile bootstrap over artists."


def _per_query(result: ProtocolResult) -> list[dict[str, Any]]:
    return [
        {
            "posterior": dict(query),
            "ndcg_at_10": _plain({name: values[i] for name, values in result.ndcg_by_query.items()}),
        }
        for i, query in enumerate(result.queries)
    ]


def _plain(values: dict[str, float | None]) -> dict[str, float | None]:
    return {
        name: None if value is None or not math.isfinite(value) else round(value, 4) for name, value in values.items()
    }
