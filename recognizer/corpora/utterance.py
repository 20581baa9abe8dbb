"""One recording of a speech corpus, and the checks every loader runs on what it found."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, get_args

from recognizer.corpora.errors import CorpusFileError
from recognizer.errors import CorpusError
from recognizer.labels import LABELS, Label

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

Sex = Literal["female", "male"]
SEXES: Final[tuple[Sex, ...]] = get_args(Sex)

_LFS_POINTER: Final = b"version https://git-lfs"
_POINTER_MAX_BYTES: Final = 1024
_ROUNDING: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Utterance:
    """A corpus recording with what the corpus says about it.

    Attributes:
        corpus: name of the corpus in the registry.
        utterance_id: unique within the corpus, the same wherever the corpus lies.
        path: the audio file.
        speaker_id: unique within the corpus.
        label: the intended emotion, unless the loader was asked for the perceived one.
        sex: as the corpus states it; None where it does not.
        statement: which sentence or keyword was spoken; None where each recording has its own.
        soft_label: share of the raters' votes per label, over all four labels, summing to 1; None without raters.
        duration_s: as the corpus's own table states it; None where only decoding would tell.
    """

    corpus: str
    utterance_id: str
    path: Path
    speaker_id: str
    label: Label
    sex: Sex | None = None
    statement: str | None = None
    soft_label: Mapping[str, float] | None = None
    duration_s: float | None = None

    def __post_init__(self) -> None:
        """Refuse what no metric or split could use.

        Raises:
            ValueError: an unknown label or sex, an empty identifier, a soft label that is no distribution.
        """
        where = f"utterance {self.utterance_id!r} of {self.corpus!r}"
        if not self.utterance_id or not self.speaker_id:
            raise ValueError(f"{where} lacks an identifier: speaker {self.speaker_id!r}")
        if self.label not in LABELS:
            raise ValueError(f"{where} has the label {self.label!r}, expected one of {LABELS}")
        if self.sex is not None and self.sex not in SEXES:
            raise ValueError(f"{where} has the sex {self.sex!r}, expected one of {SEXES} or None")
        if self.soft_label is not None and not _is_distribution(self.soft_label):
            raise ValueError(f"{where} has the soft label {dict(self.soft_label)!r}, expected shares that sum to 1")


def _is_distribution(shares: Mapping[str, float]) -> bool:
    return (
        set(shares) == set(LABELS)
        and all(share >= 0 for share in shares.values())
        and abs(sum(shares.values()) - 1) <= _ROUNDING
    )


def share_votes(counts: Mapping[str, int]) -> dict[str, float] | None:
    """Turn vote counts into shares over the four labels.

    Args:
        counts: votes per label; votes for anything but the four labels must be left out by the caller.

    Returns:
        Shares summing to 1 in the order of `LABELS`, or None if nobody voted for any of them.
    """
    total = sum(counts.get(label, 0) for label in LABELS)
    if total == 0:
        return None
    return {label: counts.get(label, 0) / total for label in LABELS}


def sort_utterances(corpus: str, utterances: Iterable[Utterance]) -> list[Utterance]:
    """Order by identifier and make sure that the files are there.

    Raises:
        CorpusFileError: a file is missing, empty, or a Git LFS pointer instead of audio.
        CorpusError: there is nothing of the four labels, or two recordings share an identifier.
    """
    ordered = sorted(utterances, key=lambda utterance: utterance.utterance_id)
    if not ordered:
        raise CorpusError(f"corpus {corpus!r}: expected recordings labeled {', '.join(LABELS)}, found none")
    for earlier, later in itertools.pairwise(ordered):
        if earlier.utterance_id == later.utterance_id:
            raise CorpusError(
                f"corpus {corpus!r}: {str(earlier.path)!r} and {str(later.path)!r} share the identifier "
                f"{later.utterance_id!r}, expected each once"
            )
    for utterance in ordered:
        check_audio_file(corpus, utterance.path)
    return ordered


def check_audio_file(corpus: str, path: Path) -> None:
    """Refuse a file that cannot hold audio, without decoding it.

    Raises:
        CorpusFileError: it is missing, empty, or a Git LFS pointer.
    """
    if not path.is_file():
        raise CorpusFileError(corpus, path, "the corpus names this recording, but there is no such file")
    size = path.stat().st_size
    if size == 0:
        raise CorpusFileError(corpus, path, "expected audio, the file is empty")
    if size <= _POINTER_MAX_BYTES and path.read_bytes().startswith(_LFS_POINTER):
        raise CorpusFileError(corpus, path, "expected audio, came a Git LFS pointer; run 'git lfs pull' in the corpus")


def check_folder(corpus: str, folder: Path, *, expected: str) -> None:
    """Refuse a folder that is not there.

    Args:
        corpus: name for the message.
        folder: what the caller was given.
        expected: what should lie in it, for the message.

    Raises:
        CorpusFileError: it is missing or no folder.
    """
    if not folder.is_dir():
        raise CorpusFileError(corpus, folder, f"expected a folder with {expected}, there is none")


def parse_duration_s(corpus: str, path: Path, text: str | None) -> float | None:
    """Read a duration of a table; an empty cell means that it is not known.

    Raises:
        CorpusFileError: the text is no positive number.
    """
    if not text:
        return None
    try:
        duration_s = float(text)
    except ValueError as error:
        raise CorpusFileError(corpus, path, f"expected a duration in seconds, came {text!r}") from error
    if not math.isfinite(duration_s) or duration_s <= 0:
        raise CorpusFileError(corpus, path, f"expected a positive duration in seconds, came {text!r}")
    return duration_s
