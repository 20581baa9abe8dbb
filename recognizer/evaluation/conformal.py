"""How well conformal sets keep their promise on speakers that their threshold was not fitted on.

Each fold's threshold comes from the predictions of the other folds. Corpora left out are one such protocol together:
each corpus's threshold comes from the others, strangers like it, which promises nothing about this corpus.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from recognizer.calibration import build_conformal_sets, fit_conformal_quantile
from recognizer.evaluation.kept import LEFT_OUT
from recognizer.evaluation.resampling import draw_counts, make_interval, resample_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from recognizer.evaluation.predictions import Predictions
    from recognizer.intervals import Interval

LEVELS: Final = (0.8, 0.9, 0.95)
N_RESAMPLES: Final = 2000
MIN_CLIPS: Final = 10


@dataclass(frozen=True)
class ConformalFigures:
    """Sets of labels that ought to hold the truth so often.

    Attributes:
        level: what was promised.
        coverage: share of the sets that hold the truth.
        mean_size: labels in a set.
        single_share: share of the sets with one label alone.
        worst_speaker: whose sets hold the truth least often, with the corpus, of speakers with at least `MIN_CLIPS`
            recordings; empty if there is none.
        worst_coverage: how often theirs do; nan without such a speaker.
    """

    level: float
    coverage: Interval
    mean_size: Interval
    single_share: Interval
    worst_speaker: str
    worst_coverage: float


def measure_conformal(protocols: Mapping[str, Predictions]) -> dict[str, tuple[ConformalFigures, ...]]:
    """Measure the sets of every protocol that leaves speakers to fit a threshold on.

    Args:
        protocols: predictions by the protocol's name, each with nothing known of the voice.

    Returns:
        One entry for each of `LEVELS`, by the protocol's name; protocols of a single fold are left out, unless other
        corpora were left out too.
    """
    left_out = {name: each for name, each in protocols.items() if name.startswith(f"{LEFT_OUT}-")}
    measured = {}
    for name, predictions in protocols.items():
        folds = np.array([row.fold for row in predictions.rows])
        others = [other for other_name, other in left_out.items() if name in left_out and other_name != name]
        if len(np.unique(folds)) > 1 or others:
            measured[name] = tuple(_measure_level(predictions, folds, others, level) for level in LEVELS)
    return measured


def _measure_level(
    predictions: Predictions, folds: NDArray[np.str_], others: Sequence[Predictions], level: float
) -> ConformalFigures:
    sets = np.zeros(predictions.posteriors.shape, dtype=bool)
    for fold in np.unique(folds):
        for seed in np.unique(predictions.seeds):
            is_seed = predictions.seeds == seed
            fitted_on = [(predictions, is_seed & (folds != fold)), *((other, other.seeds == seed) for other in others)]
            quantile = fit_conformal_quantile(
                np.concatenate([each.posteriors[rows] for each, rows in fitted_on]),
                np.concatenate([each.truth[rows] for each, rows in fitted_on]),
                miscoverage=1 - level,
            )
            is_now = is_seed & (folds == fold)
            sets[is_now] = build_conformal_sets(predictions.posteriors[is_now], quantile)
    return _describe(sets, predictions, level)


def _describe(sets: NDArray[np.bool_], predictions: Predictions, level: float) -> ConformalFigures:
    speakers, number = np.unique(predictions.speakers, return_inverse=True)
    holds_truth = sets[np.arange(len(sets)), predictions.truth].astype(np.float64)
    sizes = sets.sum(axis=1).astype(np.float64)
    counts = draw_counts(len(speakers), n_resamples=N_RESAMPLES)

    def measure(values: NDArray[np.float64]) -> Interval:
        return make_interval(resample_mean(values, number, counts), len(speakers))

    n_clips = np.bincount(number)
    is_told = n_clips >= MIN_CLIPS * len(np.unique(predictions.seeds))
    by_speaker = np.where(is_told, np.bincount(number, holds_truth) / n_clips, np.inf)
    worst = int(by_speaker.argmin())
    return ConformalFigures(
        level=level,
        coverage=measure(holds_truth),
        mean_size=measure(sizes),
        single_share=measure((sizes == 1).astype(np.float64)),
        worst_speaker=str(speakers[worst]) if is_told.any() else "",
        worst_coverage=float(by_speaker[worst]) if is_told.any() else float("nan"),
    )
