"""Indian EmoSpeech Command Dataset: keywords in Indian English and Hindi, recorded by many people on their own phones.

- Citation: Banga, Upadhyay, Agarwal, Sharma and Mukherjee (2019), Indian EmoSpeech Command Dataset, arXiv:1910.13801.
- License: CC BY-NC-SA 4.0. Homepage: https://github.com/RakshakTeam/emospeech-dataset-v1
- Layout: a folder per place, `House/bacho-safe-calm-20190709085906-<hash of the speaker>.wav`; or one flat folder
  with a table beside it, see `sidecar`. The table is preferred where both are there.
- Labels: angry, happy, calm -> neutral; fearful is left out, and there is no sad.
- One hash stands for everybody unknown, so those recordings are left out: no split could keep them apart. Background
  recordings without a keyword have no emotion and are left out too.
- Labels and devices are noisy: the closest to real microphones, not a clean ruler.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from recognizer.corpora.errors import CorpusFileError
from recognizer.corpora.sidecar import find_sidecar, iter_sidecar
from recognizer.corpora.utterance import Utterance, check_folder, sort_utterances

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from recognizer.labels import Label

NAME: Final = "emospeech"
LABEL_BY_EMOTION: Final[dict[str, Label]] = {"angry": "angry", "happy": "happy", "calm": "neutral"}
LEFT_OUT: Final = frozenset({"fearful", "None"})
UNKNOWN_SPEAKER: Final = "d14a028c2a3a"

_SPEAKER_LENGTH: Final = 12  # of 56 hexadecimal digits: enough to tell a hundred people apart
_FIELDS: Final = re.compile(
    r"(?P<keyword>\w+)-(?P<place>[\w ]+)-(?P<emotion>\w+)-(?P<time>[^-]+)-(?P<speaker>[0-9a-f]+)"
)
_SUFFIXES: Final = frozenset({".wav", ".flac", ".opus"})


def load(folder: Path) -> list[Utterance]:
    """Load the recordings of known speakers and our labels, sorted by place and file name.

    Args:
        folder: holds a folder per place, or has its table beside it.

    Raises:
        CorpusFileError: a recording is missing or broken, a name or emotion does not follow the published scheme.
        CorpusError: there is no recording of our labels, or one is named twice.
    """
    check_folder(NAME, folder, expected="a folder per place, or recordings with a table beside them")
    table = find_sidecar(folder)
    found = _iter_published(folder) if table is None else _iter_flat(folder, table)
    return sort_utterances(NAME, found)


def _iter_flat(folder: Path, table: Path) -> Iterator[Utterance]:
    for row in iter_sidecar(NAME, table):
        label = _find_label(table, row.emotion)
        if label and row.speaker_id != UNKNOWN_SPEAKER:
            yield Utterance(
                corpus=NAME,
                utterance_id=_identify(folder, row.path),
                path=row.path,
                speaker_id=row.speaker_id,
                label=label,
                statement=row.statement,
                duration_s=row.duration_s,
            )


def _iter_published(folder: Path) -> Iterator[Utterance]:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in _SUFFIXES:
            continue
        match = _FIELDS.fullmatch(path.stem)
        if match is None:
            raise CorpusFileError(NAME, path, "expected a name such as bacho-safe-angry-1562907046662-<hash>")
        label = _find_label(path, match["emotion"])
        speaker_id = match["speaker"][:_SPEAKER_LENGTH]
        if label and speaker_id != UNKNOWN_SPEAKER:
            yield Utterance(
                corpus=NAME,
                utterance_id=_identify(folder, path),
                path=path,
                speaker_id=speaker_id,
                label=label,
                statement=match["keyword"],
            )


def _identify(folder: Path, path: Path) -> str:
    # The place belongs to the name: one moment can have been kept under two places.
    inside = path.relative_to(folder) if path.is_relative_to(folder) else path.relative_to(path.parent)
    return inside.with_suffix("").as_posix()


def _find_label(where: Path, emotion: str) -> Label | None:
    if emotion in LEFT_OUT:
        return None
    if emotion not in LABEL_BY_EMOTION:
        known = sorted(LEFT_OUT | LABEL_BY_EMOTION.keys())
        raise CorpusFileError(NAME, where, f"unknown emotion {emotion!r}, expected one of {known}")
    return LABEL_BY_EMOTION[emotion]
