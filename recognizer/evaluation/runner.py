"""Runs a recognizer over a corpus, one recording after the other, into a file that survives being cut off."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from recognizer.errors import RecognizerError
from recognizer.evaluation.errors import PredictionsError
from recognizer.evaluation.predictions import COLUMNS, Prediction, format_row, logits_from_posterior, read_rows
from recognizer.labels import LABELS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from recognizer.corpora.utterance import Utterance

ONE_MODEL: Final = "one model"
"""The fold of predictions that are not out of fold: the same model for every speaker."""
NOT_OUT_OF_FOLD: Final = (
    "One model answered for every speaker: these figures speak of new voices only if it was trained on none of them."
)


@dataclass(frozen=True)
class RunResult:
    """What became of a run.

    Attributes:
        n_predicted: rows in the file now.
        n_resumed: how many of them were there before.
        failures: recordings that could not be used, with the reason; they are tried again next time.
    """

    n_predicted: int
    n_resumed: int
    failures: tuple[tuple[str, str], ...]


def run_over(
    utterances: Sequence[Utterance],
    recognize: Callable[[Utterance], Mapping[str, float]],
    path: Path,
    *,
    model: str,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> RunResult:
    """Predict every utterance that the file does not have yet, and append each as soon as it is known.

    Args:
        utterances: of one corpus or several.
        recognize: utterance -> posterior; a `RecognizerError` is noted and the run goes on.
        path: the predictions file; its folder is made if need be. Beside it lies `<name>.model` with the model's name.
        model: name and version of what recognizes.
        on_progress: told how many are done, and of how many.

    Raises:
        PredictionsError: the file was begun by another model, or is no predictions file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _claim(path, model)
    _drop_cut_line(path)
    done = {(row.corpus, row.utterance_id) for row in read_rows(path)} if path.exists() else set()
    waiting = [utterance for utterance in utterances if (utterance.corpus, utterance.utterance_id) not in done]
    n_resumed = len(utterances) - len(waiting)
    failures: list[tuple[str, str]] = []
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if file.tell() == 0:
            writer.writerow(COLUMNS)
        for number, utterance in enumerate(waiting, start=n_resumed + 1):
            try:
                writer.writerow(format_row(_predict(utterance, recognize)))
            except RecognizerError as error:
                failures.append((utterance.utterance_id, str(error)))
            file.flush()
            on_progress(number, len(utterances))
    return RunResult(len(utterances) - len(failures), n_resumed, tuple(failures))


def _predict(utterance: Utterance, recognize: Callable[[Utterance], Mapping[str, float]]) -> Prediction:
    posterior = recognize(utterance)
    return Prediction(
        utterance_id=utterance.utterance_id,
        corpus=utterance.corpus,
        speaker_id=utterance.speaker_id,
        sex=utterance.sex,
        label=utterance.label,
        fold=ONE_MODEL,
        seed=0,
        logits=logits_from_posterior([posterior[label] for label in LABELS]),
    )


def _claim(path: Path, model: str) -> None:
    claim = path.with_name(f"{path.name}.model")
    if claim.exists():
        owner = json.loads(claim.read_text(encoding="utf-8"))
        if owner != model:
            raise PredictionsError(path, f"it was begun by {owner!r}, expected {model!r}; choose another folder")
    elif path.exists():
        raise PredictionsError(path, f"expected {claim.name!r} beside it, which names its model; choose another folder")
    else:
        claim.write_text(json.dumps(model) + "\n", encoding="utf-8")


def _drop_cut_line(path: Path) -> None:
    # A run killed while writing leaves half a line; it must neither be believed nor block the next run.
    if not path.exists():
        return
    written = path.read_bytes()
    whole = written[: written.rfind(b"\n") + 1]
    if len(whole) < len(written):
        with path.open("r+b") as file:
            file.truncate(len(whole))
    if not whole:
        path.unlink()
