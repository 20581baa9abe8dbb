"""Robustness on voices that were never heard: each clip by its fold's model, clean and through each condition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from recognizer.evaluation.resampling import draw_counts, make_interval, resample_mean
from recognizer.evaluation.robustness import CONDITIONS, REFUSED, Condition
from recognizer.labels import LABELS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from recognizer.evaluation.kept import KeptProtocol
    from recognizer.evaluation.predictions import Predictions
    from recognizer.intervals import Interval

N_RESAMPLES: Final = 2000


@dataclass(frozen=True)
class ConditionFigures:
    """How one condition went, with intervals over speakers.

    Attributes:
        name: the condition.
        n_utterances: how many recordings went through it.
        unchanged: share of predictions that stayed; a recording refused in this condition counts as changed.
        uar_drop: UAR clean less UAR in this condition, where what is refused is wrong.
        least_unchanged: bound, or None.
        largest_uar_drop: bound, or None.
    """

    name: str
    n_utterances: int
    unchanged: Interval
    uar_drop: Interval
    least_unchanged: float | None
    largest_uar_drop: float | None

    @property
    def is_passed(self) -> bool | None:
        """Whether the figures themselves keep every bound; None without a bound."""
        if self.least_unchanged is None and self.largest_uar_drop is None:
            return None
        stays = self.least_unchanged is None or self.unchanged.value >= self.least_unchanged
        return stays and (self.largest_uar_drop is None or self.uar_drop.value <= self.largest_uar_drop)


def measure_conditions(kept: KeptProtocol) -> tuple[ConditionFigures, ...]:
    """Measure each condition that was kept, in the order of `CONDITIONS`; empty where none was.

    Raises:
        PredictionsError: see `KeptFile.read`.
    """
    return tuple(
        _measure(condition, kept.predictions, kept.conditions[condition.slug].read(kept.predictions))
        for condition in CONDITIONS
        if condition.slug in kept.conditions
    )


def _measure(condition: Condition, protocol: Predictions, degraded: Predictions) -> ConditionFigures:
    """Compare by the seeds that both have; a clip without a prediction in the condition was refused there."""
    clean = protocol.select(np.isin(protocol.seeds, degraded.seeds))
    heard = {
        (row.corpus, row.utterance_id, row.seed): predicted
        for row, predicted in zip(degraded.rows, degraded.predicted.tolist(), strict=True)
    }
    predicted = np.array([heard.get((row.corpus, row.utterance_id, row.seed), REFUSED) for row in clean.rows])
    speakers, number = np.unique(clean.speakers, return_inverse=True)
    counts = draw_counts(len(speakers), n_resamples=N_RESAMPLES)
    stayed = resample_mean((predicted == clean.predicted).astype(np.float64), number, counts)
    uars = [_resample_uar(clean.truth, answers, number, counts) for answers in (clean.predicted, predicted)]
    return ConditionFigures(
        name=condition.name,
        n_utterances=len({(row.corpus, row.utterance_id) for row in clean.rows}),
        unchanged=make_interval(stayed, len(speakers)),
        uar_drop=make_interval(uars[0] - uars[1], len(speakers)),
        least_unchanged=condition.least_unchanged,
        largest_uar_drop=condition.largest_uar_drop,
    )


def _resample_uar(
    truth: NDArray[np.int64], predicted: NDArray[np.int64], number: NDArray[np.int64], counts: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Compute the UAR on every resample, over all seeds together, where an answer may be `REFUSED`."""
    present = [index for index in range(len(LABELS)) if np.any(truth == index)]
    recalls = [
        resample_mean((predicted[truth == index] == index).astype(np.float64), number[truth == index], counts)
        for index in present
    ]
    mean: NDArray[np.float64] = np.nanmean(recalls, axis=0)
    return mean
