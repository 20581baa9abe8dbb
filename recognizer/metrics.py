"""What a recognizer is measured by: right labels, honest confidence, useful doubt.

Labels are integers, the column of the label in a posterior. A metric that is undefined on its input is nan.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

FloatArray = npt.NDArray[np.floating[Any]]
IntArray = npt.NDArray[np.integer[Any]]
BoolArray = npt.NDArray[np.bool_]

# Below this a probability is taken for this, so that one sure mistake costs much, not infinitely much.
SMALLEST_PROBABILITY = 1e-12


def accuracy(truth: IntArray, predicted: IntArray) -> float:
    """Compute the share of clips whose label is right.

    Args:
        truth: shape (n_clips,), labels as integers.
        predicted: shape (n_clips,), labels as integers.

    Returns:
        A value in [0, 1]; nan without clips.

    Raises:
        ValueError: if the two differ in length.

    Example:
        >>> accuracy(np.array([0, 1, 1, 3]), np.array([0, 1, 2, 3]))
        0.75
    """
    _check_lengths("truth", truth, "predicted", predicted)
    return float(np.mean(truth == predicted)) if len(truth) else float("nan")


def uar(truth: IntArray, predicted: IntArray) -> float:
    """Compute the unweighted average recall: the mean of the recalls of all labels that occur in the truth.

    Args:
        truth: shape (n_clips,), labels as integers.
        predicted: shape (n_clips,), labels as integers.

    Returns:
        A value in [0, 1]; nan without clips.

    Raises:
        ValueError: if the two differ in length.

    Example:
        >>> uar(np.array([0, 0, 0, 0, 1]), np.array([0, 0, 0, 1, 1]))
        0.875

    Source: Schuller, Steidl and Batliner (2009), Interspeech, who made it the measure of emotion challenges.
    """
    confusion = confusion_matrix(truth, predicted)
    n_true = confusion.sum(axis=1)
    occurs = n_true > 0
    return float(np.mean(np.diag(confusion)[occurs] / n_true[occurs])) if occurs.any() else float("nan")


def macro_f1(truth: IntArray, predicted: IntArray) -> float:
    """Compute the plain mean of F1 over all labels that occur in the truth or in the predictions.

    Args:
        truth: shape (n_clips,), labels as integers.
        predicted: shape (n_clips,), labels as integers.

    Returns:
        A value in [0, 1]; nan without clips.

    Raises:
        ValueError: if the two differ in length.

    Example:
        >>> macro_f1(np.array([0, 0, 1, 1]), np.array([0, 0, 0, 1]))
        0.7333333333333334
    """
    confusion = confusion_matrix(truth, predicted)
    n_named = confusion.sum(axis=0) + confusion.sum(axis=1)
    occurs = n_named > 0
    return float(np.mean(2 * np.diag(confusion)[occurs] / n_named[occurs])) if occurs.any() else float("nan")


def confusion_matrix(truth: IntArray, predicted: IntArray, n_labels: int | None = None) -> npt.NDArray[np.int64]:
    """Count clips by true label (rows) and predicted label (columns).

    Args:
        truth: shape (n_clips,), labels as integers from 0.
        predicted: shape (n_clips,), labels as integers from 0.
        n_labels: how many labels there are; without it, as many as the largest one named asks for.

    Returns:
        Counts, shape (n_labels, n_labels).

    Raises:
        ValueError: if the two differ in length, or a label is not below `n_labels`.
    """
    _check_lengths("truth", truth, "predicted", predicted)
    n_needed = int(max(truth.max(), predicted.max())) + 1 if len(truth) else 0
    n_labels = n_needed if n_labels is None else n_labels
    if n_needed > n_labels:
        raise ValueError(f"label {n_needed - 1} given, expected labels below {n_labels}")
    counts = np.zeros((n_labels, n_labels), dtype=np.int64)
    np.add.at(counts, (truth, predicted), 1)
    return counts


def roc_auc_ovr(truth: IntArray, posteriors: FloatArray) -> float:
    """Compute the area under the ROC curve, one label against the rest, averaged plainly over labels.

    The area is the chance that a clip of the label gets a larger probability for it than a clip of another label; ties
    count half. Labels that no clip has, or that all clips have, are left out of the mean.

    Args:
        truth: shape (n_clips,), labels as integers.
        posteriors: shape (n_clips, n_labels); only the order within a column matters.

    Returns:
        A value in [0, 1], 0.5 by chance; nan if no label has clips on both sides.

    Raises:
        ValueError: if the two differ in length.

    Source: Hanley and McNeil (1982), Radiology 143(1), for the equality with the rank statistic.
    """
    _check_lengths("truth", truth, "posteriors", posteriors)
    areas = [_roc_auc(truth == label, posteriors[:, label]) for label in range(posteriors.shape[1])]
    defined = [area for area in areas if not np.isnan(area)]
    return float(np.mean(defined)) if defined else float("nan")


def ece(truth: IntArray, posteriors: FloatArray, *, n_bins: int = 15) -> float:
    """Compute the expected calibration error over equally wide bins of the confidence.

    In each bin the mean confidence is held against the share of right labels; the absolute differences are averaged,
    weighted by the clips in the bin. Bins are (0, 1/n], ..., ((n-1)/n, 1].

    Args:
        truth: shape (n_clips,), labels as integers.
        posteriors: shape (n_clips, n_labels), rows sum to 1.
        n_bins: number of bins.

    Returns:
        A value in [0, 1], 0 for perfect calibration; nan without clips.

    Raises:
        ValueError: if the two differ in length.

    Example:
        >>> ece(np.array([0, 0]), np.array([[0.75, 0.25], [0.25, 0.75]]))
        0.25

    Source: Guo et al. (2017), ICML, equation 3.
    """
    _check_lengths("truth", truth, "posteriors", posteriors)
    if not len(truth):
        return float("nan")
    confidence = posteriors.max(axis=1)
    gap = confidence - (posteriors.argmax(axis=1) == truth)
    bins = np.clip(np.ceil(confidence * n_bins).astype(np.int64) - 1, 0, n_bins - 1)
    return float(np.abs(np.bincount(bins, weights=gap, minlength=n_bins)).sum() / len(truth))


def nll(truth: IntArray, posteriors: FloatArray) -> float:
    """Compute the mean negative logarithm (natural) of the probability given to the true label.

    Args:
        truth: shape (n_clips,), labels as integers.
        posteriors: shape (n_clips, n_labels); probabilities below 1e-12 count as 1e-12.

    Returns:
        A value from 0 up; nan without clips.

    Raises:
        ValueError: if the two differ in length.
    """
    _check_lengths("truth", truth, "posteriors", posteriors)
    if not len(truth):
        return float("nan")
    of_truth = posteriors[np.arange(len(truth)), truth]
    return float(-np.log(np.maximum(of_truth, SMALLEST_PROBABILITY)).mean())


def brier(truth: IntArray, posteriors: FloatArray) -> float:
    """Compute the mean squared distance between posterior and truth, summed over all labels.

    Args:
        truth: shape (n_clips,), labels as integers.
        posteriors: shape (n_clips, n_labels), rows sum to 1.

    Returns:
        A value in [0, 2]; nan without clips.

    Raises:
        ValueError: if the two differ in length.

    Example:
        >>> brier(np.array([0]), np.array([[0.5, 0.5]]))
        0.5

    Source: Brier (1950), Monthly Weather Review 78(1); the original form over all labels.
    """
    _check_lengths("truth", truth, "posteriors", posteriors)
    if not len(truth):
        return float("nan")
    return float(((posteriors - np.eye(posteriors.shape[1])[truth]) ** 2).sum(axis=1).mean())


def risk_coverage_curve(is_correct: BoolArray, sureness: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Compute the share of wrong labels among the k surest clips, for every k from 1 to all.

    Clips of equal sureness can't be told apart: each counts as their mean error, so the curve doesn't depend on order.

    Args:
        is_correct: shape (n_clips,).
        sureness: shape (n_clips,), anything that is larger where the label is more to be trusted, such as the margin.

    Returns:
        Selective coverage k / n_clips and risk, each of shape (n_clips,).

    Raises:
        ValueError: if the two differ in length.

    Source: Geifman and El-Yaniv (2017), NeurIPS.
    """
    _check_lengths("is_correct", is_correct, "sureness", sureness)
    n_clips = len(is_correct)
    _, group, group_size = np.unique(-sureness, return_inverse=True, return_counts=True)
    n_wrong = np.bincount(group, weights=~is_correct, minlength=len(group_size))
    error_by_rank = np.repeat(n_wrong / group_size, group_size)
    k = np.arange(1, n_clips + 1)
    return k / n_clips, np.cumsum(error_by_rank) / k


def aurc(is_correct: BoolArray, sureness: FloatArray) -> float:
    """Compute the area under the risk-coverage curve: the mean risk over coverages 1/n, 2/n, ..., 1; lower is better.

    Args:
        is_correct: shape (n_clips,).
        sureness: shape (n_clips,), larger where the label is more to be trusted; ties as in `risk_coverage_curve`.

    Returns:
        A value in [0, 1]; nan without clips.

    Raises:
        ValueError: if the two differ in length.

    Example:
        >>> aurc(np.array([True, False]), np.array([2.0, 1.0]))
        0.25

    Source: Geifman, Uziel and El-Yaniv (2019), ICLR, equation 3.
    """
    _, risks = risk_coverage_curve(is_correct, sureness)
    return float(risks.mean()) if len(risks) else float("nan")


def _roc_auc(is_positive: BoolArray, ranking: FloatArray) -> float:
    n_positive = int(is_positive.sum())
    n_negative = len(is_positive) - n_positive
    if not n_positive or not n_negative:
        return float("nan")
    rank_sum = rankdata(ranking)[is_positive].sum()
    return float((rank_sum - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def _check_lengths(first_name: str, first: npt.NDArray[Any], second_name: str, second: npt.NDArray[Any]) -> None:
    if len(first) != len(second):
        raise ValueError(f"{first_name} and {second_name} differ in length: {len(first)} != {len(second)}")
