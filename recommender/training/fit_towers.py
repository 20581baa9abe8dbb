"""Fit the query models that ship, and measure every one out of fold: `emotitune train recommender`."""

from __future__ import annotations

import csv
import json
from itertools import permutations
from typing import TYPE_CHECKING, Final

import numpy as np

from catalog.training.emotify import split_by_artist
from catalog.training.training_set import N_INNER_FOLDS
from recommender.affect import LABELS
from recommender.evaluation.metrics import ndcg_at_k
from recommender.query_models import PRETRAINED_PATH, LinearQuery, MoodQuery, PlaneQuery, QueryModel
from recommender.space import contributions_to_relevance
from recommender.towers import ARRAYS
from recommender.training.emotify_space import OuterFold, PlacedTracks, load_placed_tracks
from recommender.training.linear_models import fit_prototypes, fit_ridge_map
from recommender.training.towers import N_STEPS, Moods, draw_moods, fit_towers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from recommender.towers import Towers

# The four moods, and every ordered pair at six parts to four.
QUERIES: Final[tuple[Mapping[str, float], ...]] = (
    *({label: 1.0} for label in LABELS),
    *({first: 0.6, second: 0.4} for first, second in permutations(LABELS, 2)),
)
PENALTIES: Final = (0.03, 0.1, 0.3)
# About half the standard error of nDCG@10 over 270 tracks: within it, the strongest penalty is as good and safer.
_TOLERANCE: Final = 0.01
SCORES_FILE: Final = "query_models_out_of_fold.csv"
FIGURES_FILE: Final = "query_models.json"


def fit_query_models(
    material_dir: Path,
    *,
    cache_dir: Path,
    out_path: Path = PRETRAINED_PATH,
    report_dir: Path | None = None,
    on_progress: Callable[[str, int, int], None] = lambda _name, _done, _total: None,
) -> dict[str, float]:
    """Measure every query model out of fold, then fit them on all tracks and write them as plain arrays.

    Args:
        material_dir: folder with Emotify's clips and ratings, and the public taggers' weights.
        cache_dir: where descriptors are kept between runs.
        out_path: the file of arrays that serving reads.
        report_dir: where the scores of each track by query go, and the figures; None writes neither.
        on_progress: called with the step, how much of it is done and how much there is.

    Returns:
        Mean nDCG@10 over the queries by query model.

    Raises:
        FileNotFoundError: the ratings, a clip or a tagger's weights are missing.
    """
    tracks, outer = load_placed_tracks(material_dir, cache_dir=cache_dir, on_progress=on_progress)
    return fit_placed_tracks(tracks, outer, out_path=out_path, report_dir=report_dir, on_progress=on_progress)


def fit_placed_tracks(  # noqa: PLR0913 (keywords of one act)
    tracks: PlacedTracks,
    outer: Sequence[OuterFold],
    *,
    out_path: Path,
    report_dir: Path | None = None,
    n_steps: int = N_STEPS,
    on_progress: Callable[[str, int, int], None] = lambda _name, _done, _total: None,
) -> dict[str, float]:
    """Do as `fit_query_models` does with tracks that have their place already.

    Args:
        tracks: all of them, to fit what is written.
        outer: folds that hold each track out once, to measure.
        out_path: as for `fit_query_models`.
        report_dir: as for `fit_query_models`.
        n_steps: of the towers' optimizer.
        on_progress: as for `fit_query_models`.
    """
    moods = draw_moods()
    scores_by_model: dict[str, np.ndarray] = {}
    for done, fold in enumerate(outer, start=1):
        is_test = np.isin(tracks.track_ids, fold.test.track_ids)
        for name, model in _fit_all(fold.train, moods, n_steps).items():
            scores_by_model.setdefault(name, np.zeros((len(tracks.folds), len(QUERIES))))
            scores_by_model[name][is_test] = score_tracks(model, fold.test.raw)
        on_progress("measure", done, len(outer))
    ndcg_by_model = {name: measure_ndcg(scores, tracks.ratings) for name, scores in scores_by_model.items()}
    if report_dir is not None:
        _write_scores(report_dir / SCORES_FILE, tracks, scores_by_model)
        _write_figures(report_dir / FIGURES_FILE, ndcg_by_model)
    _write_models(out_path, tracks, _fit_chosen(tracks, moods, n_steps))
    return {name: float(values.mean()) for name, values in ndcg_by_model.items()}


def choose_penalty(tracks: PlacedTracks, moods: Moods, *, n_steps: int = N_STEPS) -> float:
    """Choose how near the towers stay to the direction set by hand, by nDCG@10 on folds inside the tracks given.

    The strongest penalty wins that costs less than _TOLERANCE beside the best.
    """
    inner = split_by_artist(tracks.artists, N_INNER_FOLDS)
    means = []
    for penalty in PENALTIES:
        scores = np.zeros((len(inner), len(QUERIES)))
        for fold in range(N_INNER_FOLDS):
            towers = fit_towers(tracks.take(inner != fold), moods, penalty=penalty, n_steps=n_steps)
            scores[inner == fold] = score_tracks(towers, tracks.raw[inner == fold])
        means.append(measure_ndcg(scores, tracks.ratings).mean())
    return max(penalty for penalty, mean in zip(PENALTIES, means, strict=True) if mean >= max(means) - _TOLERANCE)


def score_tracks(model: QueryModel, raw: np.ndarray) -> np.ndarray:
    """Score tracks, shape (n, d), for all queries, shape (n, n_queries)."""
    queries = [model.build_query(query).astype(np.float64) for query in QUERIES]
    return np.column_stack([contributions_to_relevance(query, raw).sum(axis=1) for query in queries])


def measure_ndcg(scores: np.ndarray, ratings: np.ndarray) -> np.ndarray:
    """NDCG@10 by query; relevance is the posterior-weighted mean rating, shape (n_queries,)."""
    weights = np.array([[query.get(label, 0.0) for label in LABELS] for query in QUERIES])
    relevance = ratings @ weights.T
    orders = np.argsort(-scores, axis=0, kind="stable")
    return np.array([ndcg_at_k(relevance[orders[:, i], i], 10) for i in range(len(QUERIES))])


def _fit_all(tracks: PlacedTracks, moods: Moods, n_steps: int) -> dict[str, QueryModel]:
    return {
        "towers": _fit_chosen(tracks, moods, n_steps),
        "mood-query": MoodQuery(),
        "ridge-map": LinearQuery("ridge-map", fit_ridge_map(tracks)),
        "prototypes": LinearQuery("prototypes", fit_prototypes(tracks)),
        "nearest-valence-arousal": PlaneQuery(),
    }


def _fit_chosen(tracks: PlacedTracks, moods: Moods, n_steps: int) -> Towers:
    penalty = choose_penalty(tracks, moods, n_steps=n_steps)
    return fit_towers(tracks, moods, penalty=penalty, n_steps=n_steps)


def _name_query(query: Mapping[str, float]) -> str:
    return "+".join(f"{share:g} {label}" for label, share in query.items())


def _write_scores(path: Path, tracks: PlacedTracks, scores_by_model: Mapping[str, np.ndarray]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as table:
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(["system", "track_id", "fold", *(_name_query(query) for query in QUERIES)])
        for name, scores in scores_by_model.items():
            for track_id, fold, row in zip(tracks.track_ids, tracks.folds, scores.tolist(), strict=True):
                writer.writerow([name, track_id, fold, *(f"{score:.4f}" for score in row)])


def _write_figures(path: Path, ndcg_by_model: Mapping[str, np.ndarray]) -> None:
    report = {
        "how_to_read": (
            "nDCG@10 over Emotify's 300 clips for four pure and twelve mixed moods, linear gain. Every score comes "
            "from models (affect, embedding space, towers, ridge map, prototypes) that saw none of the clip's artist; "
            "how near the towers stay to the direction set by hand is chosen inside the training folds."
        ),
        "ndcg_at_10": {
            name: {
                "mean": round(float(values.mean()), 4),
                **{_name_query(query): round(float(value), 4) for query, value in zip(QUERIES, values, strict=True)},
            }
            for name, values in ndcg_by_model.items()
        },
    }
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def _write_models(path: Path, tracks: PlacedTracks, towers: Towers) -> None:
    arrays = {name: getattr(towers, name).astype(np.float32) for name in ARRAYS}
    arrays["ridge_map"] = fit_ridge_map(tracks).astype(np.float32)
    arrays["prototypes"] = fit_prototypes(tracks).astype(np.float32)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, allow_pickle=False, **arrays)
