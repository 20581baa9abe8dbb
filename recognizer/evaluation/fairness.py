"""Does the recognizer serve women and men, low and high voices alike?

Differences between the best- and the worst-served group, against the bounds of the ser-tests suite (Derington et al.,
2023, arXiv:2312.06270).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from recognizer import metrics
from recognizer.labels import LABELS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from recognizer.evaluation.predictions import Predictions

PITCH_BOUNDS_HZ: Final = (145.0, 190.0)
PITCH_GROUPS: Final = ("low", "middle", "high")
MIN_PER_GROUP: Final = 10


@dataclass(frozen=True)
class FairnessBounds:
    """How far groups may lie apart."""

    uar: float
    recall: float


BOUNDS_BY_ATTRIBUTE: Final = {"sex": FairnessBounds(0.075, 0.175), "pitch": FairnessBounds(0.075, 0.225)}


@dataclass(frozen=True)
class FairnessLine:
    """One figure compared between groups.

    Attributes:
        attribute: `sex` or `pitch`.
        figure: `uar` or `recall_<label>`.
        by_group: the figure for each group with at least `MIN_PER_GROUP` utterances to say something about it.
        n_speakers: of each of these groups: what a few voices say may be theirs alone.
        difference: largest less smallest; nan with fewer than two groups.
        bound: what is still fair.
    """

    attribute: str
    figure: str
    by_group: Mapping[str, float]
    n_speakers: Mapping[str, int]
    difference: float
    bound: float

    @property
    def is_passed(self) -> bool | None:
        """Whether the groups lie close enough; None if there were not two to compare."""
        return None if np.isnan(self.difference) else self.difference <= self.bound


def measure_by_sex(predictions: Predictions) -> tuple[FairnessLine, ...]:
    """Compare women and men, as far as the corpus tells."""
    return tuple(_iter_lines("sex", predictions, np.array([row.sex or "" for row in predictions.rows])))


def measure_by_pitch(predictions: Predictions, pitch_hz_by_speaker: Mapping[str, float]) -> tuple[FairnessLine, ...]:
    """Compare low (to 145 Hz), middle and high (over 190 Hz) voices.

    Args:
        predictions: with speakers named `corpus/speaker`.
        pitch_hz_by_speaker: median pitch of each; speakers without one are left out.
    """
    groups = [name_pitch_group(pitch_hz_by_speaker.get(speaker, float("nan"))) for speaker in predictions.speakers]
    return tuple(_iter_lines("pitch", predictions, np.array(groups)))


def name_pitch_group(pitch_hz: float) -> str:
    """Return low, middle or high; an empty string for nan."""
    if np.isnan(pitch_hz):
        return ""
    return PITCH_GROUPS[int(np.searchsorted(PITCH_BOUNDS_HZ, pitch_hz, side="left"))]


def _iter_lines(attribute: str, predictions: Predictions, groups: NDArray[np.str_]) -> Iterator[FairnessLine]:
    bounds = BOUNDS_BY_ATTRIBUTE[attribute]
    truth, predicted = predictions.truth, predictions.predicted
    names = [str(group) for group in np.unique(groups) if group]
    in_group = {name: groups == name for name in names if np.sum(groups == name) >= MIN_PER_GROUP}
    shared = [index for index in range(len(LABELS)) if all(np.any(truth[rows] == index) for rows in in_group.values())]
    # A group without a label would be compared on fewer recalls than the others.
    comparable = np.isin(truth, shared)
    speakers = np.array(predictions.speakers)
    figures = {
        "uar": {
            name: metrics.uar(truth[rows & comparable], predicted[rows & comparable]) for name, rows in in_group.items()
        }
    }
    for index, label in enumerate(LABELS):
        with_label = {name: rows & (truth == index) for name, rows in in_group.items()}
        figures[f"recall_{label}"] = {
            name: float(np.mean(predicted[rows] == index))
            for name, rows in with_label.items()
            if np.sum(rows) >= MIN_PER_GROUP
        }
    for figure, by_group in figures.items():
        n_speakers = {name: len(np.unique(speakers[in_group[name]])) for name in by_group}
        bound = bounds.uar if figure == "uar" else bounds.recall
        yield FairnessLine(attribute, figure, by_group, n_speakers, _spread(by_group), bound)


def _spread(by_group: Mapping[str, float]) -> float:
    values = [value for value in by_group.values() if not np.isnan(value)]
    return max(values) - min(values) if len(values) > 1 else float("nan")
