"""From predictions to figures: everything a report says about one protocol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from recognizer import metrics
from recognizer.corpora.splits import PUBLISHED_SPLITS, load_published_split
from recognizer.evaluation.resampling import (
    N_BINS,
    SELECTIVE_COVERAGES,
    draw_counts,
    make_interval,
    resample_figures,
)
from recognizer.labels import LABELS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from recognizer.evaluation.predictions import Predictions
    from recognizer.intervals import Interval

METRICS: Final = ("accuracy", "macro_f1", "uar", "roc_auc", "ece", "aurc", "nll", "brier")
N_RESAMPLES: Final = 2000


@dataclass(frozen=True)
class ReliabilityBin:
    """Utterances whose confidence lies in (low, high].

    Attributes:
        low: lower end, in [0, 1].
        high: upper end, in [0, 1].
        n_utterances: how many there are, repeated for each seed.
        confidence: their mean confidence; nan in an empty bin.
        accuracy: share of them that is right; nan in an empty bin.
    """

    low: float
    high: float
    n_utterances: int
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class GroupFigures:
    """Figures of one speaker or one sex.

    Attributes:
        name: the speaker, with the corpus, or the sex.
        n_utterances: without repeats over seeds.
        accuracy: mean over seeds.
        uar: mean over seeds, over the labels that the group has.
        coverage: share answered at the margin that answers 80 % of all utterances.
    """

    name: str
    n_utterances: int
    accuracy: float
    uar: float
    coverage: float


@dataclass(frozen=True)
class ProtocolResult:
    """All figures of one protocol.

    Attributes:
        name: such as `ravdess-4`.
        n_utterances: without repeats over seeds.
        n_speakers: how many voices the intervals are drawn over.
        n_seeds: trainings that figures are averaged over.
        figures: `METRICS`, then `accuracy_at_80`, `accuracy_at_70` and `recall_<label>`, each with its interval.
        confusion: shape (4, 4), rows truth, columns predicted, counts summed over seeds.
        reliability: bins of the calibrated confidence.
        coverages: shape (n_utterances * n_seeds,), rising to 1.
        risks: shape as `coverages`, share of wrong labels among those answered.
        by_speaker: sorted by accuracy, worst first.
        by_sex: female and male where known.
    """

    name: str
    n_utterances: int
    n_speakers: int
    n_seeds: int
    figures: dict[str, Interval]
    confusion: NDArray[np.int64]
    reliability: tuple[ReliabilityBin, ...]
    coverages: NDArray[np.float64]
    risks: NDArray[np.float64]
    by_speaker: tuple[GroupFigures, ...]
    by_sex: tuple[GroupFigures, ...]


def measure_protocol(
    name: str, predictions: Predictions, *, seed: int = 0, n_resamples: int = N_RESAMPLES
) -> ProtocolResult:
    """Compute every figure of a protocol.

    Each figure is computed for each seed of training and averaged; intervals are percentile bootstraps over speakers,
    each resample drawing the same speakers for all seeds and for all figures.

    Args:
        name: the protocol's name.
        predictions: out-of-fold predictions of one corpus or several.
        seed: of the resampling.
        n_resamples: how often to draw speakers.
    """
    is_right = predictions.predicted == predictions.truth
    coverages, risks = metrics.risk_coverage_curve(is_right, predictions.margins)
    n_seeds = len(np.unique(predictions.seeds))
    return ProtocolResult(
        name=name,
        n_utterances=len(predictions.rows) // n_seeds,
        n_speakers=len(np.unique(predictions.speakers)),
        n_seeds=n_seeds,
        figures=measure_figures(predictions, seed=seed, n_resamples=n_resamples),
        confusion=metrics.confusion_matrix(predictions.truth, predictions.predicted, len(LABELS)),
        reliability=bin_reliability(predictions),
        coverages=np.asarray(coverages, dtype=np.float64),
        risks=np.asarray(risks, dtype=np.float64),
        by_speaker=tuple(sorted(_measure_groups(predictions, predictions.speakers), key=lambda group: group.accuracy)),
        by_sex=_measure_groups(predictions, np.array([row.sex or "" for row in predictions.rows])),
    )


def measure_figures(predictions: Predictions, *, seed: int = 0, n_resamples: int = N_RESAMPLES) -> dict[str, Interval]:
    """Compute the figures of a protocol with their intervals, see `measure_protocol`."""
    speakers = np.unique(predictions.speakers)
    counts = draw_counts(len(speakers), n_resamples=n_resamples, seed=seed)
    resampled = resample_figures(predictions, speakers, counts)
    return {name: make_interval(values, len(speakers)) for name, values in resampled.items()}


def bin_reliability(predictions: Predictions, *, n_bins: int = N_BINS) -> tuple[ReliabilityBin, ...]:
    """Sort utterances into equally wide bins (low, high] of their calibrated confidence."""
    confidence = predictions.posteriors.max(axis=1)
    is_right = predictions.posteriors.argmax(axis=1) == predictions.truth
    number = np.clip(np.ceil(confidence * n_bins).astype(np.int64) - 1, 0, n_bins - 1)
    return tuple(
        ReliabilityBin(
            low=bin_ / n_bins,
            high=(bin_ + 1) / n_bins,
            n_utterances=int(np.sum(number == bin_)),
            confidence=_mean_or_nan(confidence[number == bin_]),
            accuracy=_mean_or_nan(is_right[number == bin_]),
        )
        for bin_ in range(n_bins)
    )


def follows_published_split(predictions: Predictions) -> str | None:
    """Return the published split whose folds these predictions keep to, or None.

    A name of a published protocol is earned: one corpus, every speaker tested in exactly the fold that the split says.
    """
    for name in PUBLISHED_SPLITS:
        split = load_published_split(name)
        fold_by_speaker = {speaker: fold.name for fold in split.folds for speaker in fold.test_speakers}
        if all(
            row.corpus == split.corpus and fold_by_speaker.get(row.speaker_id) == row.fold for row in predictions.rows
        ):
            return name
    return None


def _measure_groups(predictions: Predictions, groups: NDArray[np.str_]) -> tuple[GroupFigures, ...]:
    answered = predictions.margins >= np.quantile(predictions.margins, 1 - SELECTIVE_COVERAGES[0])
    seeds = np.unique(predictions.seeds)
    return tuple(
        GroupFigures(
            name=str(group),
            n_utterances=len(rows) // len(seeds),
            accuracy=float(np.mean(predictions.truth[rows] == predictions.predicted[rows])),
            uar=_average_uar(predictions, rows, seeds),
            coverage=float(answered[rows].mean()),
        )
        for group, rows in _iter_groups(groups)
    )


def _average_uar(predictions: Predictions, rows: NDArray[np.int64], seeds: NDArray[np.int64]) -> float:
    rows_by_seed = [rows[predictions.seeds[rows] == seed] for seed in seeds]
    return float(np.mean([metrics.uar(predictions.truth[each], predictions.predicted[each]) for each in rows_by_seed]))


def _iter_groups(groups: NDArray[np.str_]) -> Iterable[tuple[str, NDArray[np.int64]]]:
    for group in np.unique(groups):
        if group:
            yield str(group), np.flatnonzero(groups == group)


def _mean_or_nan(values: NDArray[np.floating] | NDArray[np.bool_]) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
