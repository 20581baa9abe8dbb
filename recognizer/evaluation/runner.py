"""Runs a recognizer over a corpus, one recording after the other, into a file of predictions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from recognizer.bundles import compute_sha256
from recognizer.errors import CorpusError, RecognizerError, UnreadableAudioError
from recognizer.evaluation.errors import PredictionsError
from recognizer.evaluation.heard import HeardFile
from recognizer.evaluation.predictions import Prediction, logits_from_posterior, write_predictions
from recognizer.labels import LABELS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from recognizer.corpora.utterance import Utterance
    from recognizer.evaluation.heard import Logits

    Recognize = Callable[[Utterance], Mapping[str, float]]

ONE_MODEL: Final = "one model"
"""The fold of predictions that are not out of fold: the same model for every speaker."""
NOT_OUT_OF_FOLD: Final = (
    "One model answered for every speaker: these figures speak of new voices only if it was trained on none of them."
)

_N_FAILURES_NAMED: Final = 3


@dataclass(frozen=True)
class RunResult:
    """What became of a run.

    Attributes:
        n_predicted: rows in the file now, one for each utterance that could be used.
        n_resumed: how many of them had been heard before.
        failures: recordings that could not be used, with the reason; they are tried again next time.
    """

    n_predicted: int
    n_resumed: int
    failures: tuple[tuple[str, str], ...]


def run_over(
    utterances: Sequence[Utterance],
    recognize: Recognize,
    path: Path,
    *,
    model: str,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> RunResult:
    """Predict every utterance, and hear only what was not heard before.

    What was heard is kept by the content of the recording, as soon as it is known; who speaks, and the true mood, are
    the utterances' at every run. So a run that was cut off goes on where it was, a recording that changed is heard
    anew, a corrected label counts, and the file never speaks of other recordings than these.

    Args:
        utterances: of one corpus, at least one.
        recognize: utterance -> posterior; a `RecognizerError` is noted and the run goes on.
        path: gets the predictions, in the order of the utterances; its folder is made if need be. Beside it lie
            `<name>.model` with the model's name and `<name>.heard` with what it heard, these and earlier recordings.
        model: name and version of what recognizes.
        on_progress: told how many are done, and of how many.

    Raises:
        PredictionsError: the files were begun by another model, or are not what they should be.
        CorpusError: none of the recordings can be heard.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _claim(path, model)
    heard = HeardFile(path.with_name(f"{path.name}.heard"))
    rows: list[Prediction] = []
    failures: list[tuple[str, str]] = []
    n_resumed = 0
    for number, utterance in enumerate(utterances, start=1):
        try:
            logits, is_resumed = _hear(utterance, recognize, heard)
            rows.append(_build_prediction(utterance, logits))
            n_resumed += is_resumed
        except RecognizerError as error:
            failures.append((utterance.utterance_id, str(error)))
        on_progress(number, len(utterances))
    if not rows:
        raise CorpusError(f"corpus {utterances[0].corpus!r}: {_describe_failures(failures)}")
    write_predictions(path, rows)
    return RunResult(len(rows), n_resumed, tuple(failures))


def _hear(utterance: Utterance, recognize: Recognize, heard: HeardFile) -> tuple[Logits, bool]:
    try:
        sha256 = compute_sha256(utterance.path)
    except OSError as error:
        raise UnreadableAudioError(utterance.path.name, f"expected a file, got: {error.strerror}") from error
    if known := heard.find_logits(sha256):
        return known, True
    posterior = recognize(utterance)
    logits = logits_from_posterior([posterior[label] for label in LABELS])
    heard.add(sha256, logits)
    return logits, False


def _build_prediction(utterance: Utterance, logits: Logits) -> Prediction:
    return Prediction(
        utterance_id=utterance.utterance_id,
        corpus=utterance.corpus,
        speaker_id=utterance.speaker_id,
        sex=utterance.sex,
        label=utterance.label,
        fold=ONE_MODEL,
        seed=0,
        logits=logits,
    )


def _describe_failures(failures: Sequence[tuple[str, str]]) -> str:
    named = "; ".join(f"{utterance_id!r}: {reason}" for utterance_id, reason in failures[:_N_FAILURES_NAMED])
    rest = f"; and {len(failures) - _N_FAILURES_NAMED} more" if len(failures) > _N_FAILURES_NAMED else ""
    return f"expected recordings that can be heard, none of {len(failures)} can be: {named}{rest}"


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
