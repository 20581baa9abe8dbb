"""A folder of kept predictions: which file measures a protocol, and which tells more about one.

`<name>.csv` measures a protocol. Beside it may lie what the same recipe said with clips of the voice known
(`<name>-known-<n>`), after a week of notes of one mood (`<name>-week-of-<label>`, `...-as-heard`), of the clips after
a condition of the robustness suite (`<name>-through-<condition>`) and trained on a part of the training speakers
(`<name>-learning-<percent>`); and, beside a protocol that the project knows, other systems on the same folds
(`ravdess-4-<system>`). All may be compressed, `.csv.gz`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from recognizer.corpora import CORPORA
from recognizer.corpora.splits import PUBLISHED_SPLITS
from recognizer.evaluation.errors import PredictionsError
from recognizer.evaluation.predictions import COMPRESSED_SUFFIX, Predictions, read_predictions
from recognizer.evaluation.protocols import follows_published_split
from recognizer.evaluation.robustness import CONDITIONS
from recognizer.labels import LABELS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

LEFT_OUT: Final = "leave-one-corpus-out"

_SUFFIX: Final = ".csv"
_VARIANT: Final = re.compile(
    rf"(?P<of>.+)-(known-(?P<n_known>\d+)|week-of-(?P<mood>{'|'.join(LABELS)})(?P<as_heard>-as-heard)?"
    rf"|learning-(?P<percent>\d+)|through-(?P<condition>{'|'.join(each.slug for each in CONDITIONS)}))"
)


@dataclass(frozen=True)
class Week:
    """Notes of one mood that were known of the voice, and whether what their mood explains was taken out."""

    label: str
    is_mood_taken_out: bool


@dataclass(frozen=True)
class KeptFile:
    """One corpus of a file that tells more about a protocol; read when it is asked for, since there may be many."""

    path: Path
    corpus: str

    def read(self, of: Predictions) -> Predictions:
        """Read the predictions.

        Args:
            of: the protocol's own.

        Raises:
            PredictionsError: they cannot be believed, or were made on other folds or speakers.
        """
        predictions = read_predictions(self.path).of_corpus(self.corpus)
        check_folds(self.path, predictions, of)
        if set(predictions.speakers) != set(of.speakers):
            n_found, n_expected = len(np.unique(predictions.speakers)), len(np.unique(of.speakers))
            raise PredictionsError(self.path, f"expected the protocol's {n_expected} speakers, came {n_found}")
        return predictions


@dataclass(frozen=True)
class KeptProtocol:
    """What is kept of one protocol, or of another system on its folds.

    Attributes:
        name: for reports, such as `ravdess-4` or `ravdess-4-fine-tuned`.
        predictions: with nothing known of the voice.
        system_of: the protocol whose folds another system was measured on; None for a protocol itself.
        known: by the number of known clips of the voice.
        weeks: after a week of one mood.
        learning: by the share of the training speakers, in percent.
        conditions: the same clips gone through a condition of the robustness suite, by its slug.
    """

    name: str
    predictions: Predictions
    system_of: str | None = None
    known: Mapping[int, KeptFile] = field(default_factory=dict)
    weeks: Mapping[Week, KeptFile] = field(default_factory=dict)
    learning: Mapping[int, KeptFile] = field(default_factory=dict)
    conditions: Mapping[str, KeptFile] = field(default_factory=dict)


def read_kept(path: Path) -> dict[str, KeptProtocol]:
    """Read a file of predictions, or all of a folder.

    Files that keep to a published split are named after it, such as `ravdess-4`; a file of several corpora counts as
    one protocol for each, `<name>-<corpus>`.

    Returns:
        By name: protocols that the project knows first, each followed by the other systems on its folds.

    Raises:
        PredictionsError: a file cannot be believed, bears the name of a published split without its folds, measures
            what another file measures too, speaks of what no file beside it measures, or there is none.
    """
    files = _list_files(path)
    variants = {stem: match for stem in files if len(files) > 1 and (match := _VARIANT.fullmatch(stem))}
    kept: dict[str, KeptProtocol] = {}
    stems = [stem for stem in files if stem not in variants]
    for stem in sorted(stems, key=_order):
        claimed = _find_claim(stem)
        system_of = claimed if claimed != stem and claimed in files else None
        of_stem = {other: match for other, match in variants.items() if match["of"] == stem}
        for entry in _read_file(files[stem], stem, system_of, [(files[other], of_stem[other]) for other in of_stem]):
            if entry.name in kept:
                raise PredictionsError(
                    files[stem], f"the protocol {entry.name!r} is measured by two files, expected one"
                )
            if system_of:
                check_folds(files[stem], entry.predictions, kept[system_of].predictions)
            kept[entry.name] = entry
    for stem, match in variants.items():
        if match["of"] not in stems:
            raise PredictionsError(files[stem], f"expected {match['of'] + _SUFFIX!r} beside it, there is none")
    return kept


def check_folds(path: Path, predictions: Predictions, of: Predictions) -> None:
    """Make sure that every speaker was tested in the fold of the protocol's own predictions.

    Raises:
        PredictionsError: one was not, or is unknown there.
    """
    expected = {(row.corpus, row.speaker_id): row.fold for row in of.rows}
    for row in predictions.rows:
        if expected.get((row.corpus, row.speaker_id)) != row.fold:
            fold = expected.get((row.corpus, row.speaker_id))
            raise PredictionsError(
                path, f"speaker {row.speaker_id!r} of {row.corpus!r} is tested in fold {row.fold!r}, expected {fold!r}"
            )


def _list_files(path: Path) -> dict[str, Path]:
    if not path.is_dir():
        return {_get_stem(path): path}
    files: dict[str, Path] = {}
    for file in sorted([*path.glob(f"*{_SUFFIX}"), *path.glob(f"*{_SUFFIX}{COMPRESSED_SUFFIX}")]):
        other = files.setdefault(_get_stem(file), file)
        if other != file:
            raise PredictionsError(file, f"expected one file of that name, there is {other.name!r} too")
    if not files:
        raise PredictionsError(path, "expected CSV files of predictions in this folder, there are none")
    return files


def _get_stem(path: Path) -> str:
    return path.name.removesuffix(COMPRESSED_SUFFIX).removesuffix(_SUFFIX)


def _find_claim(stem: str) -> str | None:
    """Find the protocol known to the project that a name begins with."""
    names = [*PUBLISHED_SPLITS, *(f"{LEFT_OUT}-{corpus}" for corpus in CORPORA)]
    return next((name for name in names if stem == name or stem.startswith(f"{name}-")), None)


def _order(stem: str) -> tuple[bool, bool, str]:
    # A protocol comes before the systems on its folds, since it is a prefix of their names.
    claimed = _find_claim(stem)
    return claimed is None, claimed not in PUBLISHED_SPLITS, stem


def _read_file(
    path: Path, stem: str, system_of: str | None, variants: list[tuple[Path, re.Match[str]]]
) -> Iterable[KeptProtocol]:
    predictions = read_predictions(path)
    for corpus in predictions.corpora:
        part = predictions.of_corpus(corpus)
        yield KeptProtocol(
            name=_name_protocol(path, stem if len(predictions.corpora) == 1 else f"{stem}-{corpus}", part),
            predictions=part,
            system_of=system_of,
            known={int(match["n_known"]): KeptFile(file, corpus) for file, match in variants if match["n_known"]},
            weeks={
                Week(match["mood"], is_mood_taken_out=not match["as_heard"]): KeptFile(file, corpus)
                for file, match in variants
                if match["mood"]
            },
            learning={int(match["percent"]): KeptFile(file, corpus) for file, match in variants if match["percent"]},
            conditions={match["condition"]: KeptFile(file, corpus) for file, match in variants if match["condition"]},
        )


def _name_protocol(path: Path, name: str, predictions: Predictions) -> str:
    published = follows_published_split(predictions)
    claimed = next((split for split in PUBLISHED_SPLITS if name == split or name.startswith(f"{split}-")), None)
    if claimed and claimed != published:
        raise PredictionsError(
            path, f"its name promises the split {claimed!r}, but its folds are not those of that split"
        )
    if claimed or not published:
        return name
    return published if name == predictions.corpora[0] else f"{published}-{name}"
