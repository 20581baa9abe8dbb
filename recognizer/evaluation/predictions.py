"""Predictions kept as a file, so that anyone can recompute every figure made from them.

A CSV table, one line for each utterance and seed: `utterance_id`, `corpus`, `speaker`, `sex` (or empty), `label`,
`fold`, `seed`, then `logit_happy` to `logit_neutral`, or `p_happy` to `p_neutral` where a model gives no logits. An
optional `temperature` turns logits into the calibrated posterior; doubt is always read from the logits as they stand.
Those of a mixture of committees are divided by the temperatures of each kind of voice already, so that the one here is
near 1.
Files whose name ends in `.gz` are compressed.
"""

from __future__ import annotations

import csv
import gzip
import io
import math
import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import IO, TYPE_CHECKING, Final

import numpy as np
from scipy.special import log_softmax

from recognizer.calibration import apply_temperature, compute_margin
from recognizer.corpora.utterance import SEXES
from recognizer.evaluation.errors import PredictionsError
from recognizer.labels import LABELS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

KEY_COLUMNS: Final = ("utterance_id", "corpus", "speaker", "sex", "label", "fold", "seed")
LOGIT_COLUMNS: Final = tuple(f"logit_{label}" for label in LABELS)
POSTERIOR_COLUMNS: Final = tuple(f"p_{label}" for label in LABELS)
TEMPERATURE_COLUMN: Final = "temperature"
COMPRESSED_SUFFIX: Final = ".gz"
COLUMNS: Final = (*KEY_COLUMNS, *LOGIT_COLUMNS, TEMPERATURE_COLUMN)

_LEAST_PROBABILITY: Final = 1e-12
_ROUNDING: Final = 1e-3


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model that never saw this speaker said of one utterance.

    Attributes:
        utterance_id: as in the corpus.
        corpus: name of the corpus.
        speaker_id: as in the corpus.
        sex: female, male, or None.
        label: the truth.
        fold: which fold's model spoke.
        seed: which training of that fold.
        logits: one for each of `LABELS`, in that order.
        temperature: what the logits are still to be divided by for a calibrated posterior; fitted on other speakers.
    """

    utterance_id: str
    corpus: str
    speaker_id: str
    sex: str | None
    label: str
    fold: str
    seed: int
    logits: tuple[float, float, float, float]
    temperature: float = 1.0


@dataclass(frozen=True)
class Predictions:
    """A checked table of predictions, column by column.

    Attributes:
        rows: as they came, at least one.
    """

    rows: tuple[Prediction, ...]

    def __post_init__(self) -> None:
        """Refuse what would make figures meaningless.

        Raises:
            ValueError: there is no row, one is predicted twice, a value is out of range, a speaker is tested by two
                folds of one seed, or the seeds speak of different utterances, labels or speakers.
        """
        check_predictions(self.rows)

    @cached_property
    def truth(self) -> NDArray[np.int64]:
        """Index of the true label, shape (n_rows,)."""
        return np.array([LABELS.index(row.label) for row in self.rows], dtype=np.int64)

    @cached_property
    def logits(self) -> NDArray[np.float64]:
        """As the network gave them, not divided by the rows' temperatures, shape (n_rows, 4)."""
        return np.array([row.logits for row in self.rows], dtype=np.float64)

    @cached_property
    def posteriors(self) -> NDArray[np.float64]:
        """Calibrated, shape (n_rows, 4), rows sum to 1."""
        temperatures = np.array([row.temperature for row in self.rows])
        return apply_temperature(self.logits / temperatures[:, None], 1.0).astype(np.float64)

    @cached_property
    def predicted(self) -> NDArray[np.int64]:
        """Index of the label with the largest logit, shape (n_rows,)."""
        return np.asarray(np.argmax(self.logits, axis=1), dtype=np.int64)

    @cached_property
    def margins(self) -> NDArray[np.float64]:
        """Largest less second-largest of `logits`, shape (n_rows,); the larger, the less doubt."""
        return np.asarray(compute_margin(self.logits), dtype=np.float64)

    @cached_property
    def speakers(self) -> NDArray[np.str_]:
        """Speaker with corpus, shape (n_rows,), so that two corpora's speaker 01 are two people."""
        return np.array([f"{row.corpus}/{row.speaker_id}" for row in self.rows])

    @cached_property
    def seeds(self) -> NDArray[np.int64]:
        """Shape (n_rows,)."""
        return np.array([row.seed for row in self.rows], dtype=np.int64)

    @property
    def corpora(self) -> tuple[str, ...]:
        """Names of the corpora, sorted."""
        return tuple(sorted({row.corpus for row in self.rows}))

    def select(self, keep: NDArray[np.bool_]) -> Predictions:
        """Return the rows where `keep`, shape (n_rows,), is True."""
        if keep.all():
            return self
        return Predictions(tuple(row for row, kept in zip(self.rows, keep, strict=True) if kept))

    def of_corpus(self, corpus: str) -> Predictions:
        """Return the rows of one corpus."""
        return self.select(np.array([row.corpus == corpus for row in self.rows]))


def check_predictions(rows: Sequence[Prediction]) -> None:
    """Refuse rows that would make figures meaningless.

    Raises:
        ValueError: see `Predictions`; the message names the utterance.
    """
    if not rows:
        raise ValueError("expected at least one prediction, there is none")
    utterances_by_seed: dict[int, set[tuple[str, str]]] = {}
    fold_by_speaker: dict[tuple[int, str, str], str] = {}
    facts_by_utterance: dict[tuple[str, str], tuple[str, str]] = {}
    for row in rows:
        _check_row(row)
        seen = utterances_by_seed.setdefault(row.seed, set())
        if (row.corpus, row.utterance_id) in seen:
            raise ValueError(f"utterance {row.utterance_id!r} is predicted twice for seed {row.seed}, expected once")
        seen.add((row.corpus, row.utterance_id))
        facts = facts_by_utterance.setdefault((row.corpus, row.utterance_id), (row.speaker_id, row.label))
        if facts != (row.speaker_id, row.label):
            raise ValueError(
                f"utterance {row.utterance_id!r} is {facts} for one seed and {(row.speaker_id, row.label)} for "
                "another, expected one speaker and one label"
            )
        fold = fold_by_speaker.setdefault((row.seed, row.corpus, row.speaker_id), row.fold)
        if fold != row.fold:
            raise ValueError(
                f"speaker {row.speaker_id!r} of {row.corpus!r} is tested in the folds {fold!r} and {row.fold!r} of "
                f"seed {row.seed}: no fold that trains on the others is speaker-independent"
            )
    sizes = {seed: len(seen) for seed, seen in utterances_by_seed.items()}
    if any(seen != utterances_by_seed[rows[0].seed] for seen in utterances_by_seed.values()):
        raise ValueError(
            f"the seeds speak of different utterances, expected the same for each; counts by seed: {sizes}"
        )


def _check_row(row: Prediction) -> None:
    where = f"utterance {row.utterance_id!r}"
    if not (row.utterance_id and row.corpus and row.speaker_id and row.fold):
        raise ValueError(f"{where}: expected utterance_id, corpus, speaker and fold, one is empty")
    if row.label not in LABELS:
        raise ValueError(f"{where}: expected a label of {LABELS}, came {row.label!r}")
    if row.sex is not None and row.sex not in SEXES:
        raise ValueError(f"{where}: expected a sex of {SEXES} or none, came {row.sex!r}")
    if len(row.logits) != len(LABELS) or not all(map(math.isfinite, row.logits)):
        raise ValueError(f"{where}: expected {len(LABELS)} finite logits, came {row.logits}")
    if not (math.isfinite(row.temperature) and row.temperature > 0):
        raise ValueError(f"{where}: expected a temperature above 0, came {row.temperature}")


def read_predictions(path: Path) -> Predictions:
    """Read and check a file of predictions.

    Raises:
        PredictionsError: it is missing, lacks a column, holds what is no number, or fails `check_predictions`.
    """
    try:
        return Predictions(tuple(read_rows(path)))
    except ValueError as error:
        raise PredictionsError(path, str(error)) from error


def read_rows(path: Path) -> list[Prediction]:
    """Read the rows without checking them together, such as those of a run that was cut off.

    Raises:
        PredictionsError: it is missing, lacks a column, or holds what is no number.
    """
    try:
        with _open_table(path) as file:
            reader = csv.DictReader(file)
            has_logits = _find_value_columns(path, reader.fieldnames or ())
            return [_parse_row(path, reader.line_num, row, has_logits=has_logits) for row in reader]
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise PredictionsError(path, f"expected a CSV table in UTF-8, {error}") from error


def _open_table(path: Path) -> IO[str]:
    if path.suffix == COMPRESSED_SUFFIX:
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def write_predictions(path: Path, rows: Iterable[Prediction]) -> None:
    """Write a whole file, checked, through a neighbor, so that a cut run leaves the old one.

    Raises:
        ValueError: the rows fail `check_predictions`.
    """
    kept = tuple(rows)
    check_predictions(kept)
    table = io.StringIO(newline="")
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(map(format_row, kept))
    written = table.getvalue().encode()
    neighbor = path.with_name(f"{path.name}.part")
    # Without the time of writing, so that the same rows give the same file.
    neighbor.write_bytes(gzip.compress(written, mtime=0) if path.suffix == COMPRESSED_SUFFIX else written)
    neighbor.replace(path)


def format_row(row: Prediction) -> list[str]:
    """Turn a prediction into cells in the order of `COLUMNS`."""
    return [
        row.utterance_id,
        row.corpus,
        row.speaker_id,
        row.sex or "",
        row.label,
        row.fold,
        str(row.seed),
        *(f"{logit:.6g}" for logit in row.logits),
        f"{row.temperature:.6g}",
    ]


def logits_from_posterior(posterior: Sequence[float]) -> tuple[float, float, float, float]:
    """Return log probabilities, which stand in for logits: same posterior, same margins.

    Args:
        posterior: four probabilities in the order of `LABELS`; those below 1e-12 count as 1e-12.
    """
    happy, sad, angry, neutral = log_softmax(np.log(np.maximum(posterior, _LEAST_PROBABILITY))).tolist()
    return happy, sad, angry, neutral


def _find_value_columns(path: Path, header: Sequence[str]) -> bool:
    if missing := [column for column in KEY_COLUMNS if column not in header]:
        raise PredictionsError(path, f"expected the columns {list(KEY_COLUMNS)}, {missing} are not in {list(header)}")
    if all(column in header for column in LOGIT_COLUMNS):
        return True
    if all(column in header for column in POSTERIOR_COLUMNS):
        return False
    raise PredictionsError(path, f"expected the columns {list(LOGIT_COLUMNS)} or {list(POSTERIOR_COLUMNS)}")


def _parse_row(path: Path, line: int, row: dict[str, str], *, has_logits: bool) -> Prediction:
    try:
        values = [float(row[column]) for column in (LOGIT_COLUMNS if has_logits else POSTERIOR_COLUMNS)]
        if not has_logits and (min(values) < 0 or not abs(sum(values) - 1) <= _ROUNDING):
            raise ValueError(f"expected a posterior that sums to 1, came {values}")  # noqa: TRY301 - chained below
        happy, sad, angry, neutral = values if has_logits else logits_from_posterior(values)
        return Prediction(
            utterance_id=row["utterance_id"],
            corpus=row["corpus"],
            speaker_id=row["speaker"],
            sex=row["sex"] or None,
            label=row["label"],
            fold=row["fold"],
            seed=int(row["seed"]),
            logits=(happy, sad, angry, neutral),
            temperature=float(row.get(TEMPERATURE_COLUMN) or 1.0),
        )
    except (ValueError, TypeError) as error:
        raise PredictionsError(path, f"line {line}: {error}") from error
