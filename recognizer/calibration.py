"""How much to believe the model: temperature, the margin below which it rather abstains, and conformal sets."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.special import log_softmax, softmax

if TYPE_CHECKING:
    import numpy.typing as npt

    from recognizer.metrics import BoolArray, FloatArray, IntArray

# How often the set of labels that a bundle gives shall hold the truth.
CONFORMAL_LEVEL = 0.9

# Wide enough for any network that learned something; at a bound the fit says that it did not.
TEMPERATURE_RANGE = (0.05, 20.0)


# Among clips of voices not trained on, one in a thousand lies further out than the quantile, ...
_DISTANCE_QUANTILE = 0.999
# ... and a stranger's microphone may carry a clip this much further before it counts as unlike anything heard.
_DISTANCE_SLACK = 1.15


@dataclass(frozen=True, kw_only=True)
class Confidence:
    """How much to believe a model, fitted on speakers of neither training nor test.

    Attributes:
        temperature: divides the network's logits, > 0; near 1 where the network divides by its own, one for each kind
            of voice.
        margin_threshold: the recognizer abstains where the two largest logits differ by less, >= 0.
        conformal_quantile: how improbable a label may be, 1 - p in [0, 1], to stay in the set that holds the truth for
            `CONFORMAL_LEVEL` of the recordings; None where it was not fitted.
        largest_distance: the recognizer abstains where `compute_distance` gives more, > 0; None where it was not
            fitted.
    """

    temperature: float
    margin_threshold: float
    conformal_quantile: float | None = None
    largest_distance: float | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.temperature) and self.temperature > 0):
            raise ValueError(f"expected a temperature above 0, got {self.temperature!r}")
        if not (math.isfinite(self.margin_threshold) and self.margin_threshold >= 0):
            raise ValueError(f"expected a margin threshold of 0 or more, got {self.margin_threshold!r}")
        if self.conformal_quantile is not None and not 0 <= self.conformal_quantile <= 1:
            raise ValueError(f"expected a conformal quantile within [0, 1], got {self.conformal_quantile!r}")
        if self.largest_distance is not None and not self.largest_distance > 0:
            raise ValueError(f"expected a largest distance above 0, got {self.largest_distance!r}")


@dataclass(frozen=True, kw_only=True)
class Calibration(Confidence):
    """Confidence in one set of weights, void for any other.

    Attributes:
        model_sha256: hash of the weights this was fitted for.
        fitted_on: the recordings it was fitted on, in words.
    """

    model_sha256: str
    fitted_on: str


def compute_distance(statistics: FloatArray) -> FloatArray:
    """Compute how far statistics lie from those of the training set, in its standard deviations.

    Args:
        statistics: shape (..., d), standardized, of no known voice.

    Returns:
        Root mean square over the last axis, shape (...): near 1 for clips like those trained on.
    """
    distance: FloatArray = np.sqrt(np.square(np.asarray(statistics, dtype=np.float64)).mean(axis=-1))
    return distance


def fit_largest_distance(distances: FloatArray) -> float:
    """Choose the distance beyond which a clip counts as unlike anything heard.

    Args:
        distances: shape (n_clips,), of voices not trained on, altered recordings among them.
    """
    return float(_DISTANCE_SLACK * np.quantile(distances, _DISTANCE_QUANTILE))


def apply_temperature(logits: FloatArray, temperature: float) -> FloatArray:
    """Turn logits into a posterior: softmax(logits / temperature).

    Args:
        logits: shape (..., n_labels).
        temperature: > 0; above 1 the posterior gets flatter. The order of the labels stays.

    Returns:
        Posterior, same shape, float64; sums to 1 over the last axis.

    Source: Guo et al. (2017), ICML, equation 9.
    """
    posterior: FloatArray = softmax(np.asarray(logits, dtype=np.float64) / temperature, axis=-1)
    return posterior


def fit_temperature(logits: FloatArray, truth: IntArray) -> float:
    """Find the temperature with the least negative log-likelihood.

    Args:
        logits: shape (n_clips, n_labels), as the network gives them.
        truth: shape (n_clips,), labels as integers.

    Returns:
        A temperature within `TEMPERATURE_RANGE`.

    Raises:
        ValueError: without clips, or if the two differ in length.
    """
    if not len(logits) or len(logits) != len(truth):
        raise ValueError(f"expected as many logits as labels and at least one, got {len(logits)} and {len(truth)}")
    rows = np.arange(len(truth))
    wide = np.asarray(logits, dtype=np.float64)

    def compute_nll(log_temperature: float) -> float:
        return float(-log_softmax(wide / np.exp(log_temperature), axis=-1)[rows, truth].mean())

    # Convex in 1 / temperature, so it has a single valley in the logarithm too.
    low, high = TEMPERATURE_RANGE
    fit = minimize_scalar(compute_nll, bounds=(math.log(low), math.log(high)), method="bounded")
    return float(np.exp(fit.x))


def fit_temperatures(logits: FloatArray, shares: FloatArray, truth: IntArray) -> FloatArray:
    """Find a temperature for each kind of recording, where some kinds are heard better than others.

    Args:
        logits: shape (n_clips, n_labels), before any temperature.
        shares: shape (n_clips, n_kinds), how far each clip is of each kind; rows sum to 1. Its temperature is the mean
            over kinds.
        truth: shape (n_clips,), labels as integers.

    Returns:
        Shape (n_kinds,), within `TEMPERATURE_RANGE`, with the least negative log-likelihood; 1 for a kind without
        clips.
    """
    rows = np.arange(len(truth))
    wide = np.asarray(logits, dtype=np.float64)

    def compute_nll(log_temperatures: FloatArray) -> float:
        temperatures = shares @ np.exp(log_temperatures)
        return float(-log_softmax(wide / temperatures[:, np.newaxis], axis=-1)[rows, truth].mean())

    low, high = np.log(TEMPERATURE_RANGE)
    fit = minimize(compute_nll, np.zeros(shares.shape[1]), method="L-BFGS-B", bounds=[(low, high)] * shares.shape[1])
    temperatures: FloatArray = np.exp(fit.x)
    return temperatures


def compute_margin(logits: FloatArray) -> FloatArray:
    """Compute the difference of the two largest logits.

    The recognizer abstains on it, before `Confidence.temperature`, because it orders clips by trust better than the
    largest probability: AURC .0507 against .0550 (.0634 after temperature) for a fine-tuned XLSR-53 on four labels of
    RAVDESS, whose logits had no other temperature. A mixture of committees, as it ships, divides by the temperatures of
    each kind of voice within the network: its margins come after those.

    Args:
        logits: shape (..., n_labels), at least two labels, as the network gives them.

    Returns:
        Margins, >= 0, shape (...).
    """
    largest_two = np.sort(logits, axis=-1)[..., -2:]
    margin: FloatArray = largest_two[..., 1] - largest_two[..., 0]
    return margin


def choose_margin_threshold(
    margins: FloatArray, is_correct: BoolArray, *, target_accuracy: float, min_coverage: float = 0.0
) -> float:
    """Find the lowest margin from which on the answers are right as often as wanted.

    A clip is answered if its margin is at least the threshold.

    Args:
        margins: shape (n_clips,), of clips that served neither training nor test.
        is_correct: shape (n_clips,).
        target_accuracy: share of the answered clips that should be right, in [0, 1].
        min_coverage: share of the clips that must be answered, whatever the accuracy.

    Returns:
        0 if all clips may be answered. If no threshold reaches the target, the largest one that keeps `min_coverage`.

    Raises:
        ValueError: without clips, or if the two differ in length.
    """
    if not len(margins) or len(margins) != len(is_correct):
        raise ValueError(f"expected as many margins as answers and at least one, got {len(margins)}, {len(is_correct)}")
    chosen = 0.0
    for threshold in (0.0, *np.unique(margins)):
        is_answered = margins >= threshold
        if is_answered.mean() < min_coverage:
            break
        chosen = float(threshold)
        if is_correct[is_answered].mean() >= target_accuracy:
            break
    return chosen


def fit_conformal_quantile(posteriors: FloatArray, truth: IntArray, *, miscoverage: float) -> float:
    """Find how improbable a label may be to stay in the set, so that sets hold the truth often enough.

    Args:
        posteriors: shape (n_clips, n_labels), calibrated, of clips that served neither training nor test.
        truth: shape (n_clips,), labels as integers.
        miscoverage: share of new clips whose set may miss the truth, in (0, 1).

    Returns:
        The bound on 1 - p, in [0, 1]; 1, so that sets hold every label, if there are too few clips for the promise.

    Source: Sadinle, Lei and Wasserman (2019), JASA 114(525); finite-sample rank as in Angelopoulos and Bates (2023).
    """
    n_clips = len(truth)
    rank = math.ceil((n_clips + 1) * (1 - miscoverage))
    if rank > n_clips:
        return 1.0
    nonconformity = np.sort(1 - posteriors[np.arange(n_clips), truth])
    return float(nonconformity[rank - 1])


def build_conformal_sets(posteriors: FloatArray, quantile: float) -> npt.NDArray[np.bool_]:
    """Say which labels can't be ruled out.

    Args:
        posteriors: shape (n_clips, n_labels), calibrated.
        quantile: from `fit_conformal_quantile`.

    Returns:
        Shape (n_clips, n_labels). The most probable label is always in, so no set is empty; coverage only gains by it.
    """
    is_in: npt.NDArray[Any] = (1 - posteriors) <= quantile
    is_in[np.arange(len(posteriors)), posteriors.argmax(axis=1)] = True
    return is_in
