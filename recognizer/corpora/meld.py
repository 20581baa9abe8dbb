"""MELD: lines of the television series Friends, with music, laughter and overlapping voices.

- Citation: Poria, Hazarika, Majumder, Naik, Cambria and Mihalcea (2019), MELD, ACL.
- License: GPL-3.0 for the annotations; the recordings stay their owners'. Homepage: https://affective-meld.github.io
- Layout: `train_sent_emo.csv`, `dev_sent_emo.csv`, `test_sent_emo.csv`, and the clips `dia0_utt0` as WAV, FLAC or the
  published MP4 in `train_splits`, `dev_splits_complete`, `output_repeated_splits_test` (or `train`, `dev`, `test`).
- Labels: joy -> happy, sadness -> sad, anger -> angry, neutral; surprise, fear and disgust are left out.
- Dialogue numbers start anew in each part, so the part belongs to the identifier: `train/dia0_utt0`.
- The published parts share their speakers (six of them speak most lines): split by speaker for figures on new voices.
- `dia125_utt3` of train cannot be decoded and `dia110_utt7` of dev was never published; both are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from recognizer.corpora.errors import CorpusFileError
from recognizer.corpora.tables import find_first, iter_rows
from recognizer.corpora.utterance import Sex, Utterance, check_folder, sort_utterances

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from recognizer.labels import Label

NAME: Final = "meld"
LABEL_BY_EMOTION: Final[dict[str, Label]] = {"joy": "happy", "sadness": "sad", "anger": "angry", "neutral": "neutral"}
LEFT_OUT: Final = frozenset({"surprise", "fear", "disgust"})
FOLDERS_BY_PART: Final = {
    "train": ("train_splits", "train/train_splits", "train"),
    "dev": ("dev_splits_complete", "dev/dev_splits_complete", "dev"),
    "test": ("output_repeated_splits_test", "test/output_repeated_splits_test", "test"),
}
UNUSABLE: Final = frozenset({"train/dia125_utt3", "dev/dia110_utt7"})
# The table does not tell; of the many guests only the six main characters are certain.
SEX_BY_SPEAKER: Final[dict[str, Sex]] = {
    "Chandler": "male",
    "Joey": "male",
    "Monica": "female",
    "Phoebe": "female",
    "Rachel": "female",
    "Ross": "male",
}

_SUFFIXES: Final = (".wav", ".flac", ".mp4")
_COLUMNS: Final = ("Speaker", "Emotion", "Dialogue_ID", "Utterance_ID")


def load(folder: Path) -> list[Utterance]:
    """Load the lines of the four labels of every part that is there, sorted by part and clip name.

    Args:
        folder: holds the three tables and the folders of clips; a part without its table is passed over.

    Raises:
        CorpusFileError: no table is there, a clip is missing or broken, or an emotion is unknown.
        CorpusError: there is no line of the four labels.
    """
    check_folder(NAME, folder, expected="train_sent_emo.csv and its clips")
    tables = {part: folder / f"{part}_sent_emo.csv" for part in FOLDERS_BY_PART}
    present = {part: table for part, table in tables.items() if table.is_file()}
    if not present:
        raise CorpusFileError(NAME, tables["train"], "expected at least one of the three tables, there is none")
    return sort_utterances(NAME, (line for part in present for line in _iter_part(folder, part, present[part])))


def _iter_part(folder: Path, part: str, table: Path) -> Iterator[Utterance]:
    clips = find_first(folder, FOLDERS_BY_PART[part])
    if clips is None:
        raise CorpusFileError(
            NAME, folder / FOLDERS_BY_PART[part][0], "expected the clips of this part, none are there"
        )
    for line, row in iter_rows(NAME, table, columns=_COLUMNS):
        name = f"dia{row['Dialogue_ID']}_utt{row['Utterance_ID']}"
        utterance_id = f"{part}/{name}"
        label = _find_label(table, line, row["Emotion"])
        if label and utterance_id not in UNUSABLE:
            yield Utterance(
                corpus=NAME,
                utterance_id=utterance_id,
                path=find_first(clips, [name + suffix for suffix in _SUFFIXES]) or clips / f"{name}.wav",
                speaker_id=row["Speaker"],
                label=label,
                sex=SEX_BY_SPEAKER.get(row["Speaker"]),
            )


def _find_label(table: Path, line: int, emotion: str) -> Label | None:
    if emotion in LEFT_OUT:
        return None
    if emotion not in LABEL_BY_EMOTION:
        known = sorted(LEFT_OUT | LABEL_BY_EMOTION.keys())
        raise CorpusFileError(NAME, table, f"line {line}: unknown emotion {emotion!r}, expected one of {known}")
    return LABEL_BY_EMOTION[emotion]
