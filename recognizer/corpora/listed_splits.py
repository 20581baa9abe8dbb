"""Splits that list recordings one by one, as others publish them; nothing promises that their speakers are apart."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from recognizer.corpora.errors import SplitFileError
from recognizer.corpora.splits import Partition, Split, load_speaker_split

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from recognizer.corpora.utterance import Utterance

_PART: Final = re.compile(r".*_(train|valid|val|test)_(fold_\d+)\.jsonl?")  # published twice; read as .jsonl


@dataclass(frozen=True)
class ListedFold:
    """One fold by file names without suffix; recordings in neither list are left out."""

    name: str
    train: frozenset[str]
    test: frozenset[str]


@dataclass(frozen=True)
class ListedSplit:
    """Folds that name their recordings.

    Attributes:
        name: name for reports.
        folds: in order.
    """

    name: str
    folds: tuple[ListedFold, ...]

    def iter_partitions(self, utterances: Sequence[Utterance]) -> Iterator[Partition]:
        """Yield each fold's training and test utterances, in the order given.

        Raises:
            ValueError: a fold knows none of the recordings on one of its sides.
        """
        for fold in self.folds:
            train = tuple(utterance for utterance in utterances if utterance.path.stem in fold.train)
            test = tuple(utterance for utterance in utterances if utterance.path.stem in fold.test)
            if not train or not test:
                raise ValueError(
                    f"split {self.name!r}, fold {fold.name!r}: of {len(utterances)} recordings it has {len(train)} for "
                    f"training and {len(test)} for test, expected some of both"
                )
            yield Partition(fold.name, train, test)


def load_split(path: Path) -> Split:
    """Load a split by speakers or one that lists recordings.

    Args:
        path: a JSON file by speakers, see `load_speaker_split`; a JSON file of file names, `{"name", "folds": [{"name",
            "train": [...], "test": [...]}]}`; a folder in EmoBox's layout, `fold_1/<corpus>_train_fold_1.jsonl` beside
            `fold_1/<corpus>_test_fold_1.jsonl`, each line with the key `wav`; or a file of it, for all folds beside it.

    Raises:
        SplitFileError: it is none of these, or broken.
    """
    if path.is_dir():
        return _load_emobox(path)
    if _PART.fullmatch(path.name):
        return _load_emobox(path.parent)
    try:
        content = json.loads(_read_text(path))
        if any("test_speakers" in fold for fold in content["folds"]):
            return load_speaker_split(path)
        folds = tuple(
            ListedFold(str(fold["name"]), _take_stems(fold["train"]), _take_stems(fold["test"]))
            for fold in content["folds"]
        )
        if not folds:
            raise SplitFileError(path, "expected at least one fold, there is none")
        return ListedSplit(str(content["name"]), folds)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SplitFileError(path, f"expected JSON with name and folds, or a fold of EmoBox, {error!r}") from error


def _load_emobox(folder: Path) -> ListedSplit:
    stems: dict[str, dict[str, set[str]]] = {}
    for path in sorted(folder.rglob("*.jsonl")):
        if match := _PART.fullmatch(path.name):
            # What their recipes choose by is training material to whoever asks about the test side.
            side = "test" if match[1] == "test" else "train"
            stems.setdefault(match[2], {"train": set(), "test": set()})[side] |= _read_stems(path)
    if not stems or not all(sides["train"] and sides["test"] for sides in stems.values()):
        raise SplitFileError(folder, "expected <corpus>_train_fold_N.jsonl beside <corpus>_test_fold_N.jsonl")
    return ListedSplit(
        name=f"EmoBox {folder.name}",
        folds=tuple(
            ListedFold(name, frozenset(sides["train"]), frozenset(sides["test"])) for name, sides in stems.items()
        ),
    )


def _read_stems(path: Path) -> frozenset[str]:
    try:
        return _take_stems([json.loads(line)["wav"] for line in _read_text(path).splitlines() if line.strip()])
    except (ValueError, KeyError, TypeError) as error:
        raise SplitFileError(path, f"expected a JSON object with the key 'wav' on each line, {error!r}") from error


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise SplitFileError(path, error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise SplitFileError(path, f"expected text in UTF-8, {error}") from error


def _take_stems(names: Sequence[str]) -> frozenset[str]:
    return frozenset(PurePosixPath(name).stem for name in names)
