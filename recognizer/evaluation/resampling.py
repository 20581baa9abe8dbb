"""Every figure of a report on thousands of resamples at once.

A resample of speakers is a row of counts, how often each speaker was drawn. What predictions add up to by speaker
(confusion, surprise, ranks) is computed once; a resample is then a matrix product instead of a pass over all rows. The
definitions are those of `recognizer.metrics`, which the tests hold this against.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from recognizer.intervals import Interval
from recognizer.labels import LABELS
from recognizer.metrics import SMALLEST_PROBABILITY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from recognizer.evaluation.predictions import Predictions

    FloatArray = NDArray[np.float64]

SELECTIVE_COVERAGES: Final = (0.8, 0.7)
N_BINS: Final = 15
LEVEL: Final = 0.95

# Rows of resamples held at a time while walking down the sureness: few enough for the cache.
_CHUNK: Final = 32


def draw_counts(n_speakers: int, *, n_resamples: int, seed: int = 0) -> FloatArray:
    """Draw speakers with replacement.

    Args:
        n_speakers: at least one.
        n_resamples: how often.
        seed: of the draws.

    Returns:
        Shape (1 + n_resamples, n_speakers), how often each speaker counts; first everybody once, for the figure itself.
    """
    draws = np.random.default_rng(seed).integers(n_speakers, size=(n_resamples, n_speakers))
    counts = np.ones((1 + n_resamples, n_speakers))
    counts[1:] = 0
    np.add.at(counts, (np.arange(1, 1 + n_resamples)[:, None], draws), 1)
    return counts


def make_interval(figures: FloatArray, n_speakers: int) -> Interval:
    """Turn a figure on all resamples into the figure with its percentile interval.

    Args:
        figures: shape (1 + n_resamples,), see `draw_counts`; resamples where it is nan are left out.
        n_speakers: one speaker says nothing about how speakers differ: no bounds then.
    """
    drawn = figures[1:][~np.isnan(figures[1:])]
    if n_speakers < 2 or not len(drawn):  # noqa: PLR2004 - a pair is what differs
        return Interval(float(figures[0]), float("nan"), float("nan"))
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(figures[0]), float(low), float(high))


def resample_figures(predictions: Predictions, speakers: NDArray[np.str_], counts: FloatArray) -> dict[str, FloatArray]:
    """Compute every figure of a report on every resample, for each seed of training, and average over seeds.

    Args:
        predictions: of these speakers alone.
        speakers: shape (n_speakers,), sorted, named as in `Predictions.speakers`.
        counts: shape (n_resamples, n_speakers), see `draw_counts`.

    Returns:
        Figures by name in the order of a report, each of shape (n_resamples,); nan where one is not defined.
    """
    by_seed = [_resample_seed(predictions, seed, speakers, counts) for seed in np.unique(predictions.seeds)]
    return {name: np.mean([figures[name] for figures in by_seed], axis=0) for name in by_seed[0]}


def resample_uar(predictions: Predictions, speakers: NDArray[np.str_], counts: FloatArray) -> FloatArray:
    """Compute the UAR alone, see `resample_figures`."""
    number = np.searchsorted(speakers, predictions.speakers)
    rows_by_seed = [np.flatnonzero(predictions.seeds == seed) for seed in np.unique(predictions.seeds)]
    uars = [_uar(_sum_confusion(predictions, rows, number, counts)) for rows in rows_by_seed]
    return np.asarray(np.mean(uars, axis=0), dtype=np.float64)


def resample_mean(values: FloatArray, number: NDArray[np.int64], counts: FloatArray) -> FloatArray:
    """Compute a mean over rows on every resample.

    Args:
        values: shape (n_rows,).
        number: shape (n_rows,), the speaker of each row, as a column of `counts`.
        counts: shape (n_resamples, n_speakers).
    """
    sums, sizes = (np.bincount(number, weights, counts.shape[1]) for weights in (values, np.ones(len(values))))
    return _divide(counts @ sums, counts @ sizes)


def _resample_seed(
    predictions: Predictions, seed: int, speakers: NDArray[np.str_], counts: FloatArray
) -> dict[str, FloatArray]:
    rows = np.flatnonzero(predictions.seeds == seed)
    number = np.searchsorted(speakers, predictions.speakers)
    confusion = _sum_confusion(predictions, rows, number, counts)
    truth, posteriors, number = predictions.truth[rows], predictions.posteriors[rows], number[rows]
    is_wrong = predictions.predicted[rows] != truth
    aurc, accuracy_at = _walk_down_sureness(is_wrong, predictions.margins[rows], number, counts)
    right = np.diagonal(confusion, axis1=1, axis2=2)
    recalls = _divide(right, confusion.sum(axis=2))
    surprise = -np.log(np.maximum(posteriors[np.arange(len(rows)), truth], SMALLEST_PROBABILITY))
    distance = ((posteriors - np.eye(len(LABELS))[truth]) ** 2).sum(axis=1)
    return {
        "accuracy": _divide(right.sum(axis=1), confusion.sum(axis=(1, 2))),
        "macro_f1": _mean_of_defined(_divide(2 * right, confusion.sum(axis=1) + confusion.sum(axis=2))),
        "uar": _uar(confusion),
        "roc_auc": _roc_auc(truth, posteriors, number, counts),
        "ece": _ece(truth, posteriors, number, counts),
        "aurc": aurc,
        "nll": resample_mean(surprise, number, counts),
        "brier": resample_mean(distance, number, counts),
        **{f"accuracy_at_{round(100 * coverage)}": accuracy_at[coverage] for coverage in SELECTIVE_COVERAGES},
        **{f"recall_{label}": recalls[:, index] for index, label in enumerate(LABELS) if np.any(truth == index)},
    }


def _sum_confusion(
    predictions: Predictions, rows: NDArray[np.int64], number: NDArray[np.int64], counts: FloatArray
) -> FloatArray:
    """Sum confusion over the speakers drawn; shape (n_resamples, 4, 4), rows truth."""
    by_speaker = np.zeros((counts.shape[1], len(LABELS), len(LABELS)))
    np.add.at(by_speaker, (number[rows], predictions.truth[rows], predictions.predicted[rows]), 1)
    return np.tensordot(counts, by_speaker, axes=1)


def _uar(confusion: FloatArray) -> FloatArray:
    return _mean_of_defined(_divide(np.diagonal(confusion, axis1=1, axis2=2), confusion.sum(axis=2)))


def _ece(truth: NDArray[np.int64], posteriors: FloatArray, number: NDArray[np.int64], counts: FloatArray) -> FloatArray:
    confidence = posteriors.max(axis=1)
    bins = np.clip(np.ceil(confidence * N_BINS).astype(np.int64) - 1, 0, N_BINS - 1)
    gaps = np.zeros((counts.shape[1], N_BINS))
    np.add.at(gaps, (number, bins), confidence - (posteriors.argmax(axis=1) == truth))
    n_rows = counts @ np.bincount(number, minlength=counts.shape[1])
    return _divide(np.abs(counts @ gaps).sum(axis=1), n_rows)


def _roc_auc(
    truth: NDArray[np.int64], posteriors: FloatArray, number: NDArray[np.int64], counts: FloatArray
) -> FloatArray:
    """Average the areas of all labels with clips on both sides, by how often speakers' clips outrank each other's."""
    areas = []
    for label in range(len(LABELS)):
        is_positive = truth == label
        n_positive, n_negative = (
            counts @ np.bincount(number[chosen], minlength=counts.shape[1]) for chosen in (is_positive, ~is_positive)
        )
        outranked = _count_outranked(posteriors[:, label], is_positive, number, counts.shape[1])
        areas.append(_divide(((counts @ outranked) * counts).sum(axis=1), n_positive * n_negative))
    return _mean_of_defined(np.stack(areas, axis=1))


def _count_outranked(
    ranking: FloatArray, is_positive: NDArray[np.bool_], number: NDArray[np.int64], n_speakers: int
) -> FloatArray:
    """Count pairs in which a positive of one speaker (rows) outranks a negative of another; ties count half."""
    values, place = np.unique(ranking, return_inverse=True)
    at_place = np.zeros((len(values), n_speakers))
    np.add.at(at_place, (place[~is_positive], number[~is_positive]), 1)
    below = np.cumsum(at_place, axis=0) - at_place / 2
    outranked = np.zeros((n_speakers, n_speakers))
    np.add.at(outranked, number[is_positive], below[place[is_positive]])
    return outranked


def _walk_down_sureness(
    is_wrong: NDArray[np.bool_], margins: FloatArray, number: NDArray[np.int64], counts: FloatArray
) -> tuple[FloatArray, dict[float, FloatArray]]:
    """Compute AURC and the accuracy at each of `SELECTIVE_COVERAGES`, shape (n_resamples,) each."""
    order = np.argsort(-margins, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(margins[order]) != 0])
    total = int((counts @ np.bincount(number, minlength=counts.shape[1])).max())
    harmonic = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, total + 1))])
    walked = [
        _walk_chunk(counts[at : at + _CHUNK, number[order]], is_wrong[order], starts, harmonic)
        for at in range(0, len(counts), _CHUNK)
    ]
    return (
        np.concatenate([aurc for aurc, _ in walked]),
        {
            coverage: np.concatenate([accuracies[coverage] for _, accuracies in walked])
            for coverage in SELECTIVE_COVERAGES
        },
    )


def _walk_chunk(
    weights: FloatArray, is_wrong: NDArray[np.bool_], starts: NDArray[np.int64], harmonic: FloatArray
) -> tuple[FloatArray, dict[float, FloatArray]]:
    """Walk down recordings sorted by sureness, each as often as its speaker was drawn; equals share their mean error.

    Within a group of equals the risk after j of them is (wrong before + j e) / (before + j), which sums to
    n e + (wrong before - e before) (H(before + n) - H(before)) with harmonic numbers H.
    """
    n_at, wrong_at = weights, weights * is_wrong
    if len(starts) < weights.shape[1]:
        n_at, wrong_at = (np.add.reduceat(each, starts, axis=1) for each in (n_at, wrong_at))
    n_after = np.cumsum(n_at, axis=1)
    n_before = n_after - n_at
    wrong_before = np.cumsum(wrong_at, axis=1) - wrong_at
    error = np.divide(wrong_at, n_at, out=np.zeros_like(n_at), where=n_at > 0)
    steps = np.diff(harmonic[n_after.astype(np.int64)], axis=1, prepend=0.0)
    total = n_after[:, -1]
    aurc = _divide((wrong_at + (wrong_before - error * n_before) * steps).sum(axis=1), total)

    def measure_at(coverage: float) -> FloatArray:
        n_answered = np.ceil(coverage * total - 1e-9)
        at = (np.arange(len(total)), (n_after < n_answered[:, None]).sum(axis=1))
        return 1 - _divide(wrong_before[at] + (n_answered - n_before[at]) * error[at], n_answered)

    return aurc, {coverage: measure_at(coverage) for coverage in SELECTIVE_COVERAGES}


def _mean_of_defined(values: FloatArray) -> FloatArray:
    """Average each row over what is not nan; nan where nothing is left."""
    is_defined = ~np.isnan(values)
    return _divide(np.where(is_defined, values, 0).sum(axis=1), is_defined.sum(axis=1))


def _divide(above: FloatArray, below: NDArray[np.floating] | NDArray[np.int64]) -> FloatArray:
    """Divide; nan where nothing is below."""
    nothing = np.full(np.broadcast_shapes(above.shape, below.shape), np.nan)
    divided: FloatArray = np.divide(above, below, out=nothing, where=np.asarray(below) > 0)
    return divided
