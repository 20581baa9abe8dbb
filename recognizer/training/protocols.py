"""Which clips a fold is tested on and which it may learn from: published folds, folds by speaker, left-out corpora."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from recognizer.corpora.splits import PUBLISHED_SPLITS, group_folds, load_published_split
from recognizer.training.errors import TrainingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recognizer.corpora.utterance import Utterance

LEAVE_ONE_OUT: Final = "leave-one-corpus-out"
GROUP_FOLDS: Final = "group-folds"
# Behind a protocol's name: the same folds, with so many percent of the voices to learn from.
LEARNING: Final = "-learning-"
N_GROUP_FOLDS: Final = 5


@dataclass(frozen=True, eq=False)
class FoldRows:
    """One fold of a protocol, as rows of a run's utterances.

    Attributes:
        protocol: name for reports, such as `ravdess-4`.
        fold: the fold's name.
        train: shape (n_train,), rows that training and every choice may use.
        test: shape (n_test,), rows of other speakers.
    """

    protocol: str
    fold: str
    train: np.ndarray
    test: np.ndarray


def name_test_corpora(protocol: str, corpora: Sequence[str]) -> tuple[str, ...]:
    """Name the corpora that a protocol measures on.

    Args:
        protocol: a published split, `leave-one-corpus-out-NAME`, or `group-folds`; `-learning-<percent>` may follow.
        corpora: those the run trains on.

    Raises:
        TrainingError: there is no such protocol.
    """
    protocol = _split_name(protocol)[0]
    if protocol in PUBLISHED_SPLITS:
        return (load_published_split(protocol).corpus,)
    if protocol.startswith(f"{LEAVE_ONE_OUT}-"):
        return (protocol.removeprefix(f"{LEAVE_ONE_OUT}-"),)
    if protocol == GROUP_FOLDS:
        return tuple(corpora)
    raise TrainingError(
        f"unknown protocol {protocol!r}, expected one of {', '.join(PUBLISHED_SPLITS)}, {GROUP_FOLDS}, "
        f"{LEAVE_ONE_OUT}-NAME, each with {LEARNING}PERCENT behind it if need be"
    )


def plan_folds(
    protocol: str, utterances: Sequence[Utterance], heard: np.ndarray, training_corpora: Sequence[str]
) -> list[FoldRows]:
    """Deal a run's clips into training and test, fold by fold.

    Args:
        protocol: as `name_test_corpora` takes it.
        utterances: all clips of the run.
        heard: shape (n_clips,), False for clips that serving would refuse.
        training_corpora: those the run trains on; a left-out corpus need not be among them.

    Raises:
        TrainingError: there is no such protocol, or too few speakers or nothing to train on is left.
    """
    tested = name_test_corpora(protocol, training_corpora)
    corpora = np.array([each.corpus for each in utterances])
    speakers = np.array([f"{each.corpus}/{each.speaker_id}" for each in utterances])
    is_candidate = heard & np.isin(corpora, list(training_corpora))
    is_measured = heard & np.isin(corpora, tested)
    base, share = _split_name(protocol)
    folds = []
    for name, is_test in _mark_tests(base, tested[0], corpora, speakers, is_measured):
        is_train = is_candidate & ~is_test & ~np.isin(speakers, speakers[is_test])
        is_train &= np.isin(speakers, _draw_voices(speakers[is_train], corpora[is_train], share))
        if not is_train.any() or not is_test.any():
            raise TrainingError(
                f"protocol {protocol!r}, fold {name!r}: {is_train.sum()} clips to train on and {is_test.sum()} to test "
                f"on of the corpora {', '.join(sorted(set(corpora)))}, expected some of both"
            )
        folds.append(FoldRows(protocol, name, np.flatnonzero(is_train), np.flatnonzero(is_test)))
    return folds


def _mark_tests(
    protocol: str, corpus: str, corpora: np.ndarray, speakers: np.ndarray, is_measured: np.ndarray
) -> list[tuple[str, np.ndarray]]:
    """Name the folds and mark the clips each is tested on."""
    if protocol in PUBLISHED_SPLITS:
        folds = load_published_split(protocol).folds
        return [
            (fold.name, is_measured & np.isin(speakers, [f"{corpus}/{speaker}" for speaker in fold.test_speakers]))
            for fold in folds
        ]
    if protocol == GROUP_FOLDS:
        n_speakers = len(np.unique(speakers[is_measured]))
        if n_speakers < N_GROUP_FOLDS:
            raise TrainingError(
                f"protocol {protocol!r}: expected {N_GROUP_FOLDS} speakers or more, got {n_speakers} in the corpora "
                f"{', '.join(sorted(set(corpora[is_measured])))}"
            )
        fold_of_clip = np.full(len(corpora), -1)
        # The same folds whatever the run's seed, so that its seeds can be averaged.
        fold_of_clip[is_measured] = group_folds(speakers[is_measured].tolist(), N_GROUP_FOLDS, np.random.default_rng(0))
        return [(f"g{fold + 1}", fold_of_clip == fold) for fold in range(N_GROUP_FOLDS)]
    return [(corpus, is_measured)]


def _split_name(protocol: str) -> tuple[str, float]:
    """Take the share of the voices off a protocol's name."""
    base, _, percent = protocol.partition(LEARNING)
    if not percent:
        return base, 1.0
    share = int(percent) / 100 if percent.isdecimal() else math.nan
    if not 0 < share <= 1:
        raise TrainingError(f"protocol {protocol!r}: expected 1 to 100 percent behind {LEARNING!r}, got {percent!r}")
    return base, share


def _draw_voices(speakers: np.ndarray, corpora: np.ndarray, share: float) -> np.ndarray:
    """Draw a share of each corpus's voices, at least two; a smaller share's voices are among a larger one's."""
    drawn = []
    for corpus in np.unique(corpora):
        voices = np.random.default_rng(0).permutation(np.unique(speakers[corpora == corpus]))
        drawn.append(voices[: max(2, round(share * len(voices)))])
    return np.concatenate(drawn) if drawn else speakers
