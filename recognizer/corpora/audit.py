"""Looks for what makes figures too good: the same voice or the same sound on both sides, and labels told by habit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from recognizer.corpora.completeness import MAX_NAMED, Shortfall, find_shortfall
from recognizer.corpora.fingerprints import Fingerprint, iter_nearly_identical, take_fingerprint
from recognizer.corpora.shortcuts import Shortcut, measure_shortcut
from recognizer.labels import LABELS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from recognizer.corpora import CorpusInfo
    from recognizer.corpora.splits import Partition, Split
    from recognizer.corpora.utterance import Utterance


@dataclass(frozen=True)
class DuplicatePair:
    """Two recordings of the same sound.

    Attributes:
        first: identifier of the earlier one.
        second: identifier of the later one.
        similarity: correlation of their fingerprints, 1 for identical samples.
        is_identical: the decoded samples are the same.
        labels_agree: they carry the same label.
    """

    first: str
    second: str
    similarity: float
    is_identical: bool
    labels_agree: bool

    def describe(self) -> str:
        """Say it in a sentence."""
        likeness = "identical audio" if self.is_identical else f"nearly identical audio ({self.similarity:.3f})"
        labels = "the same label" if self.labels_agree else "different labels"
        return f"{likeness} under {labels}: {self.first}, {self.second}"


@dataclass(frozen=True)
class Leak:
    """Something that a fold has on both sides.

    Attributes:
        fold: the fold's name.
        kind: what it is.
        subjects: speakers, or pairs of recordings (training first), sorted.
    """

    fold: str
    kind: Literal["speaker", "utterance", "identical audio", "nearly identical audio"]
    subjects: tuple[str, ...]

    def describe(self) -> str:
        """Say it in a sentence, naming the first few."""
        named = ", ".join(self.subjects[:MAX_NAMED])
        more = f" and {len(self.subjects) - MAX_NAMED} more" if len(self.subjects) > MAX_NAMED else ""
        return f"fold {self.fold}: {self.kind} on both sides ({len(self.subjects)}): {named}{more}"


@dataclass(frozen=True)
class AuditReport:
    """What an audit found.

    Attributes:
        n_utterances: recordings looked at.
        duplicates: the same sound twice in the corpus, on whichever side.
        leaks: what a fold has on both sides; empty without a split.
        shortcuts: what duration and level alone tell; empty with one speaker or label.
        shortfall: how it differs from the complete corpus; None if it does not, or nobody knows.
    """

    n_utterances: int
    duplicates: tuple[DuplicatePair, ...]
    leaks: tuple[Leak, ...]
    shortcuts: tuple[Shortcut, ...]
    shortfall: Shortfall | None = None

    @property
    def is_clean(self) -> bool:
        """Whether no fold has anything on both sides."""
        return not self.leaks

    def list_findings(self) -> list[str]:
        """Say each finding in a sentence."""
        return [
            *([self.shortfall.describe()] if self.shortfall else []),
            *(pair.describe() for pair in self.duplicates),
            *(leak.describe() for leak in self.leaks),
            *(shortcut.describe() for shortcut in self.shortcuts),
        ]


def audit_corpus(
    utterances: Sequence[Utterance],
    decode: Callable[[Path], NDArray[np.float32]],
    *,
    split: Split | None = None,
    info: CorpusInfo | None = None,
    rng: np.random.Generator,
) -> AuditReport:
    """Decode everything and look for leaks, duplicates and shortcuts.

    Args:
        utterances: of one corpus, at least one.
        decode: file -> waveform at 16 kHz; its errors travel on, they name the broken file.
        split: whose folds to check.
        info: the corpus in the registry, to tell whether it is complete.
        rng: for the shuffles behind the shortcuts' p-values.

    Raises:
        ValueError: the split does not fit these recordings.
    """
    partitions = tuple(split.iter_partitions(utterances)) if split else ()  # before what takes minutes: it may not fit
    fingerprints = [take_fingerprint(decode(utterance.path)) for utterance in utterances]
    duplicates = tuple(iter_duplicates(utterances, fingerprints))
    leaks = tuple(iter_leaks(partitions, duplicates))
    return AuditReport(
        n_utterances=len(utterances),
        duplicates=duplicates,
        leaks=leaks,
        shortcuts=measure_shortcuts(utterances, fingerprints, rng),
        shortfall=find_shortfall(info, utterances) if info else None,
    )


def iter_duplicates(utterances: Sequence[Utterance], fingerprints: Sequence[Fingerprint]) -> Iterator[DuplicatePair]:
    """Yield each pair of recordings that hold the same sound, in the order of the corpus."""
    by_digest: dict[str, list[int]] = {}
    for index, fingerprint in enumerate(fingerprints):
        by_digest.setdefault(fingerprint.digest, []).append(index)
    identical = {
        (first, second): 1.0
        for indices in by_digest.values()
        for position, first in enumerate(indices)
        for second in indices[position + 1 :]
    }
    similar = {(first, second): similarity for first, second, similarity in iter_nearly_identical(fingerprints)}
    for first, second in sorted(similar | identical):
        yield DuplicatePair(
            first=utterances[first].utterance_id,
            second=utterances[second].utterance_id,
            similarity=identical.get((first, second)) or similar[first, second],
            is_identical=(first, second) in identical,
            labels_agree=utterances[first].label == utterances[second].label,
        )


def iter_leaks(partitions: Iterable[Partition], duplicates: Sequence[DuplicatePair] = ()) -> Iterator[Leak]:
    """Yield what each fold has on both sides."""
    for partition in partitions:
        yield from _iter_shared(partition)
        train = {utterance.utterance_id for utterance in partition.train}
        test = {utterance.utterance_id for utterance in partition.test}
        for kind, is_identical in (("identical audio", True), ("nearly identical audio", False)):
            pairs = [pair for pair in duplicates if pair.is_identical == is_identical]
            crossing = {_orient(pair, train) for pair in pairs if _crosses(pair, train, test)}
            if crossing:
                yield Leak(partition.name, kind, tuple(sorted(crossing)))  # type: ignore[arg-type]


def measure_shortcuts(
    utterances: Sequence[Utterance], fingerprints: Sequence[Fingerprint], rng: np.random.Generator
) -> tuple[Shortcut, ...]:
    """Measure what duration and level alone tell; nothing where there is one speaker or one label."""
    speakers = [utterance.speaker_id for utterance in utterances]
    truth = np.array([LABELS.index(utterance.label) for utterance in utterances], dtype=np.int64)
    if len(set(speakers)) == 1 or len(np.unique(truth)) == 1:
        return ()
    features = {
        "duration": np.array([fingerprint.duration_s for fingerprint in fingerprints]),
        "level": np.array([fingerprint.level_db for fingerprint in fingerprints]),
    }
    return tuple(measure_shortcut(name, values, truth, speakers, rng) for name, values in features.items())


def _iter_shared(partition: Partition) -> Iterator[Leak]:
    sides = (partition.train, partition.test)
    speakers = set.intersection(*({utterance.speaker_id for utterance in side} for side in sides))
    if speakers:
        yield Leak(partition.name, "speaker", tuple(sorted(speakers)))
    repeated = set.intersection(*({utterance.utterance_id for utterance in side} for side in sides))
    if repeated:
        yield Leak(partition.name, "utterance", tuple(sorted(repeated)))


def _crosses(pair: DuplicatePair, train: set[str], test: set[str]) -> bool:
    return (pair.first in train and pair.second in test) or (pair.second in train and pair.first in test)


def _orient(pair: DuplicatePair, train: set[str]) -> str:
    first, second = (pair.first, pair.second) if pair.first in train else (pair.second, pair.first)
    return f"{first} = {second}"
