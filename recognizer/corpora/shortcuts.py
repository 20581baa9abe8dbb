"""Can something silly tell the label: how long a recording is, or how loud?

A figure on such a corpus may measure the habit of the recording session and not the emotion.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from recognizer import metrics
from recognizer.corpora.splits import group_folds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

N_BINS: Final = 12
N_FOLDS: Final = 5
N_PERMUTATIONS: Final = 200
SIGNIFICANCE: Final = 0.01
# Below this a shortcut exists but could explain little of any model's figure.
WORTH_A_WARNING: Final = 0.10


@dataclass(frozen=True)
class Shortcut:
    """What one number tells about the label.

    Attributes:
        feature: `duration` or `level`.
        uar: of guessing from it alone, on speakers not used for the guess.
        chance: mean UAR with labels shuffled within each speaker.
        p_value: share of shuffles that do as well, counting the real one.
        n_labels: labels that occur.
    """

    feature: str
    uar: float
    chance: float
    p_value: float
    n_labels: int

    @property
    def is_worth_a_warning(self) -> bool:
        """Whether the number tells more than chance would, and noticeably so."""
        return self.p_value <= SIGNIFICANCE and self.uar - self.chance >= WORTH_A_WARNING

    def describe(self) -> str:
        """Say it in a sentence, as a shortcut only where it is worth a warning."""
        verdict = "a shortcut to the label" if self.is_worth_a_warning else "no shortcut worth a warning"
        return (
            f"{self.feature} alone is {verdict}: UAR {self.uar:.3f}, chance {self.chance:.3f} (p = {self.p_value:.3f})"
        )


def measure_shortcut(
    feature: str,
    values: NDArray[np.float64],
    truth: NDArray[np.int64],
    speakers: Sequence[str],
    rng: np.random.Generator,
) -> Shortcut:
    """Guess the label from one number, cross-validated over speakers.

    The guess is the label that is most over-represented among the training recordings in the same of twelve bins of
    equal count, so that any relation is found, not only a straight one.

    Args:
        feature: name for the report.
        values: shape (n_utterances,).
        truth: shape (n_utterances,), labels as integers.
        speakers: shape (n_utterances,); at least two.
        rng: deals the folds and shuffles.

    Raises:
        ValueError: there is but one speaker.
    """
    names = np.asarray(speakers, dtype=np.str_)
    folds = group_folds(speakers, min(N_FOLDS, len(np.unique(names))), rng)
    edges = np.quantile(values, np.linspace(0, 1, N_BINS + 1)[1:-1])
    bins = np.searchsorted(edges, values, side="right")
    uar = _cross_validate(bins, truth, folds)
    shuffled = [_cross_validate(bins, _shuffle_within(truth, names, rng), folds) for _ in range(N_PERMUTATIONS)]
    as_good = sum(figure >= uar for figure in shuffled)
    return Shortcut(
        feature=feature,
        uar=uar,
        chance=float(np.mean(shuffled)),
        p_value=(1 + as_good) / (1 + N_PERMUTATIONS),
        n_labels=len(np.unique(truth)),
    )


def _cross_validate(bins: NDArray[np.int64], truth: NDArray[np.int64], folds: NDArray[np.int64]) -> float:
    n_labels = int(truth.max()) + 1
    predicted = np.empty_like(truth)
    for fold in np.unique(folds):
        train = folds != fold
        counts = np.zeros((N_BINS, n_labels))
        np.add.at(counts, (bins[train], truth[train]), 1)
        share = counts / np.maximum(counts.sum(axis=0), 1)
        predicted[~train] = share.argmax(axis=1)[bins[~train]]
    return metrics.uar(truth, predicted)


def _shuffle_within(truth: NDArray[np.int64], names: NDArray[np.str_], rng: np.random.Generator) -> NDArray[np.int64]:
    # Two stable sorts by speaker, one of them shuffled first, pair each recording with another of the same speaker.
    order = np.argsort(names, kind="stable")
    chance = rng.permutation(len(names))
    other = chance[np.argsort(names[chance], kind="stable")]
    shuffled = np.empty_like(truth)
    shuffled[order] = truth[other]
    return shuffled
