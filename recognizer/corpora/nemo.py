"""nEMO: nine Polish actors, 90 sentences, six emotions, studio sound.

- Citation: Christop (2024), nEMO: Dataset of Emotional Speech in Polish, LREC-COLING.
- License: CC BY-NC-SA 4.0. Homepage: https://github.com/amu-cai/nEMO
- Layout: `data.tsv` (columns `file_id`, `emotion`, `speaker_id`, `gender`) beside `samples/EB0_anger_1.wav`; or one
  flat folder with a table beside it, see `sidecar`. The table is preferred where both are there.
- Labels: anger -> angry, happiness -> happy, sadness -> sad, neutral; fear and surprised are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from recognizer.corpora.errors import CorpusFileError
from recognizer.corpora.sidecar import find_sidecar, iter_sidecar
from recognizer.corpora.tables import iter_rows
from recognizer.corpora.utterance import SEXES, Sex, Utterance, check_folder, sort_utterances

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from recognizer.labels import Label

NAME: Final = "nemo"
LABEL_BY_EMOTION: Final[dict[str, Label]] = {
    "anger": "angry",
    "angry": "angry",
    "happiness": "happy",
    "happy": "happy",
    "neutral": "neutral",
    "sad": "sad",
    "sadness": "sad",
}
LEFT_OUT: Final = frozenset({"fear", "fearful", "surprised"})
# From the published table: the flat layout does not tell.
SEX_BY_SPEAKER: Final[dict[str, Sex]] = {
    "EB0": "female",
    "IC0": "female",
    "KD0": "female",
    "KS0": "male",
    "MK0": "female",
    "MP0": "male",
    "SM0": "male",
    "TP0": "male",
    "WR0": "male",
}


def load(folder: Path) -> list[Utterance]:
    """Load the recordings of the four labels, sorted by file name.

    Args:
        folder: holds `data.tsv` and `samples`, or has its table beside it.

    Raises:
        CorpusFileError: a table or recording is missing or broken, or an emotion is unknown.
        CorpusError: there is no recording of the four labels, or one is named twice.
    """
    check_folder(NAME, folder, expected="data.tsv and samples")
    table = find_sidecar(folder)
    found = _iter_published(folder) if table is None else _iter_flat(table)
    return sort_utterances(NAME, found)


def _iter_flat(table: Path) -> Iterator[Utterance]:
    for row in iter_sidecar(NAME, table):
        if label := _find_label(table, row.line, row.emotion):
            yield Utterance(
                corpus=NAME,
                utterance_id=row.path.stem,
                path=row.path,
                speaker_id=row.speaker_id,
                label=label,
                sex=SEX_BY_SPEAKER.get(row.speaker_id),
                statement=row.statement,
                duration_s=row.duration_s,
            )


def _iter_published(folder: Path) -> Iterator[Utterance]:
    table = folder / "data.tsv"
    for line, row in iter_rows(NAME, table, columns=("file_id", "emotion", "speaker_id", "gender"), delimiter="\t"):
        label = _find_label(table, line, row["emotion"])
        if row["gender"] not in SEXES:
            raise CorpusFileError(NAME, table, f"line {line}: expected a gender of {SEXES}, came {row['gender']!r}")
        if label:
            path = folder / "samples" / row["file_id"]
            yield Utterance(
                corpus=NAME,
                utterance_id=path.stem,
                path=path,
                speaker_id=row["speaker_id"],
                label=label,
                sex=row["gender"],
                statement=path.stem.rsplit("_", 1)[-1],
            )


def _find_label(table: Path, line: int, emotion: str) -> Label | None:
    if emotion in LEFT_OUT:
        return None
    if emotion not in LABEL_BY_EMOTION:
        known = sorted(LEFT_OUT | LABEL_BY_EMOTION.keys())
        raise CorpusFileError(NAME, table, f"line {line}: unknown emotion {emotion!r}, expected one of {known}")
    return LABEL_BY_EMOTION[emotion]
