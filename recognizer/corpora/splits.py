"""Speaker-independent splits: the published folds, folds of our own, and the check that no voice is on two sides."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

from recognizer.corpora.errors import SplitFileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from recognizer.corpora.utterance import Utterance

PUBLISHED_SPLITS: Final = ("ravdess-4", "cremad-4")
FORMAT: Final = 1


@dataclass(frozen=True)
class Partition:
    """What one fold trains on and what it is tested on.

    Attributes:
        name: the fold's name.
        train: utterances for training and for every choice; validation and calibration are taken from them.
        test: utterances that nothing was fitted to.
    """

    name: str
    train: tuple[Utterance, ...]
    test: tuple[Utterance, ...]


class Split(Protocol):
    """Whatever can divide a corpus, fold by fold."""

    @property
    def name(self) -> str:
        """Name for reports, such as `ravdess-4`."""

    def iter_partitions(self, utterances: Sequence[Utterance]) -> Iterator[Partition]:
        """Yield each fold's training and test utterances."""


@dataclass(frozen=True)
class Fold:
    """The speakers whom one fold is tested on; it trains on everybody else."""

    name: str
    test_speakers: tuple[str, ...]


@dataclass(frozen=True)
class SpeakerSplit:
    """Cross-validation folds given by their test speakers, each speaker tested at most once.

    Attributes:
        name: name for reports.
        corpus: the corpus whose speakers are meant.
        folds: in order.
    """

    name: str
    corpus: str
    folds: tuple[Fold, ...]

    def __post_init__(self) -> None:
        """Refuse folds that share a speaker.

        Raises:
            ValueError: there is no fold, one is empty, or a speaker is tested twice.
        """
        if not self.folds or any(not fold.test_speakers for fold in self.folds):
            raise ValueError(f"split {self.name!r}: expected folds that each have test speakers")
        check_speakers_are_disjoint({fold.name: fold.test_speakers for fold in self.folds})

    def iter_partitions(self, utterances: Sequence[Utterance]) -> Iterator[Partition]:
        """Yield each fold's training and test utterances, in the order given.

        Raises:
            ValueError: a fold has nobody to be tested on, or nobody to train on.
        """
        for fold in self.folds:
            held_out = frozenset(fold.test_speakers)
            train = tuple(utterance for utterance in utterances if utterance.speaker_id not in held_out)
            test = tuple(utterance for utterance in utterances if utterance.speaker_id in held_out)
            if not train or not test:
                raise ValueError(
                    f"split {self.name!r}, fold {fold.name!r}: {len(train)} utterances to train on and {len(test)} of "
                    f"the speakers {', '.join(fold.test_speakers)}, expected some of both"
                )
            yield Partition(fold.name, train, test)


def check_speakers_are_disjoint(speakers_by_part: Mapping[str, Iterable[str]]) -> None:
    """Make sure that no speaker is in two parts.

    Args:
        speakers_by_part: for each part (train, validation, test, or a fold) its speakers, repeated or not.

    Raises:
        ValueError: somebody is in two parts; the message names both and the speakers.
    """
    part_by_speaker: dict[str, str] = {}
    for part, speakers in speakers_by_part.items():
        shared = sorted(speaker for speaker in set(speakers) if speaker in part_by_speaker)
        if shared:
            raise ValueError(
                f"speakers {', '.join(shared)} are in {part_by_speaker[shared[0]]!r} and in {part!r}, "
                "expected each in one part"
            )
        part_by_speaker.update(dict.fromkeys(speakers, part))


def group_folds(speaker_ids: Sequence[str], n_folds: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Deal speakers into folds of about equal size.

    Speakers are shuffled, then dealt from the most to the least recorded to the fold that is smallest so far.

    Args:
        speaker_ids: one per utterance.
        n_folds: at least 2 and at most the number of speakers.
        rng: decides among equals.

    Returns:
        Shape (n_utterances,), the fold of each utterance from 0; every fold has a speaker, every speaker one fold.

    Raises:
        ValueError: there are fewer speakers than folds, or fewer than two folds.
    """
    speakers, member = np.unique(np.asarray(speaker_ids, dtype=np.str_), return_inverse=True)
    if not 2 <= n_folds <= len(speakers):  # noqa: PLR2004 - one fold would train on nobody
        raise ValueError(
            f"expected two folds or more and as many speakers, came {n_folds} folds and {len(speakers)} speakers"
        )
    n_utterances = np.bincount(member, minlength=len(speakers))
    shuffled = rng.permutation(len(speakers))
    dealt = shuffled[np.argsort(-n_utterances[shuffled], kind="stable")]
    fold_by_speaker = np.empty(len(speakers), dtype=np.int64)
    fold_sizes = np.zeros(n_folds, dtype=np.int64)
    for speaker in dealt:
        smallest = int(np.argmin(fold_sizes))
        fold_by_speaker[speaker] = smallest
        fold_sizes[smallest] += n_utterances[speaker]
    return fold_by_speaker[member]


def split_by_speaker(
    speaker_ids: Sequence[str], *, test_fraction: float, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Hold out a share of the speakers.

    Args:
        speaker_ids: one per utterance.
        test_fraction: share of the speakers, in (0, 1), rounded, at least one held out and one kept.
        rng: draws the speakers.

    Returns:
        Shape (n_utterances,), True where the utterance's speaker is held out.

    Raises:
        ValueError: the fraction is out of range, or there is but one speaker.
    """
    if not 0 < test_fraction < 1:
        raise ValueError(f"expected a test fraction between 0 and 1, came {test_fraction}")
    speakers = np.unique(np.asarray(speaker_ids, dtype=np.str_))
    if len(speakers) < 2:  # noqa: PLR2004 - one on each side
        raise ValueError(f"expected at least two speakers to split, came {len(speakers)}")
    n_test = min(max(round(test_fraction * len(speakers)), 1), len(speakers) - 1)
    return np.isin(np.asarray(speaker_ids, dtype=np.str_), rng.permutation(speakers)[:n_test])


def load_published_split(name: str) -> SpeakerSplit:
    """Load one of the splits that others measure by.

    Raises:
        ValueError: there is none of this name.
    """
    if name not in PUBLISHED_SPLITS:
        raise ValueError(f"unknown split {name!r}, expected one of {PUBLISHED_SPLITS}")
    text = (resources.files("recognizer.corpora") / "published_splits" / f"{name}.json").read_text(encoding="utf-8")
    return _parse(json.loads(text))


def load_speaker_split(path: Path) -> SpeakerSplit:
    """Load folds by their test speakers from a JSON file.

    Args:
        path: `{"format": 1, "name", "corpus", "folds": [{"name", "test_speakers": [...]}]}`.

    Raises:
        SplitFileError: the file is missing, no JSON, lacks a key, or its folds share a speaker.
    """
    try:
        return _parse(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SplitFileError(path, f"expected format {FORMAT} with name, corpus and folds, {error!r}") from error


def _parse(content: Any) -> SpeakerSplit:  # noqa: ANN401 - whatever JSON holds
    if content["format"] != FORMAT:
        raise ValueError(f"format {content['format']!r}")
    return SpeakerSplit(
        name=str(content["name"]),
        corpus=str(content["corpus"]),
        folds=tuple(
            Fold(str(fold["name"]), tuple(str(speaker) for speaker in fold["test_speakers"]))
            for fold in content["folds"]
        ),
    )
