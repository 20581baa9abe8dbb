"""A report made by running a recognizer over recordings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from recognizer.corpora import CORPORA, load_corpus, manifest
from recognizer.errors import CorpusError
from recognizer.evaluation.bundle_listener import BundleFacts, BundleListener, ClipRecognizer, find_bundle_facts
from recognizer.evaluation.fairness import measure_by_pitch, measure_by_sex
from recognizer.evaluation.listener import Listener, measure_pitches, measure_speed, predict_or_refuse
from recognizer.evaluation.measured import Measured, write_measured
from recognizer.evaluation.predictions import Predictions, read_predictions
from recognizer.evaluation.protocols import measure_protocol
from recognizer.evaluation.report import Report, write_report
from recognizer.evaluation.robustness import iter_robustness
from recognizer.evaluation.runner import NOT_OUT_OF_FOLD, run_over
from recognizer.labels import LABELS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from recognizer.corpora.utterance import Utterance
    from recognizer.evaluation.degradations import Waveform
    from recognizer.evaluation.robustness import RobustnessLine

    OnProgress = Callable[[str, int, int], None]

N_SUITE_CLIPS: Final = 200
PREDICTIONS_FOLDER: Final = "predictions"
_BYTES_PER_MB: Final = 1e6


def evaluate_bundle(  # noqa: PLR0913 - what a caller may choose, each by name
    recognizer: ClipRecognizer,
    bundle: Path,
    data: Path | Mapping[str, Path],
    out_dir: Path,
    *,
    model: str | None = None,
    n_suite_clips: int = N_SUITE_CLIPS,
    keep: Path | None = None,
    on_progress: OnProgress = lambda _what, _done, _total: None,
) -> dict[str, Any]:
    """Evaluate a bundle as it ships, see `evaluate_listener`.

    Args:
        recognizer: what `EmotionRecognizer.load(bundle)` gave.
        bundle: its folder.
        data: a manifest, a folder of corpora named as in the registry, or corpus -> folder.
        out_dir: gets the report and the predictions.
        model: what the reader may type for the bundle, such as the name of one that ships; its folder unless given.
        n_suite_clips: how many recordings go through the robustness suite and are timed; 0 for none.
        keep: gets robustness, speed and pitch as a file, for the folder of kept predictions.
        on_progress: told what is under way, how much is done and of how much.

    Raises:
        BundleError: the bundle does not say what it is.
        CorpusError: there is no corpus, one is broken, or none of its recordings can be heard.
        PredictionsError: `out_dir` holds predictions of another model.
    """
    named = [f"{name}={folder}" for name, folder in data.items()] if isinstance(data, Mapping) else [str(data)]
    options = " ".join(f"--data {one}" for one in named)
    kept = f" --keep {keep}" if keep else ""
    return evaluate_listener(
        BundleListener(recognizer, bundle),
        data,
        out_dir,
        n_suite_clips=n_suite_clips,
        keep=keep,
        bundle=find_bundle_facts(bundle),
        command=f"emotitune evaluate recognizer --model {model or bundle} {options} --out {out_dir}{kept}",
        on_progress=on_progress,
    )


def evaluate_listener(  # noqa: PLR0913 - what a caller may choose, each by name
    listener: Listener,
    data: Path | Mapping[str, Path],
    out_dir: Path,
    *,
    n_suite_clips: int = N_SUITE_CLIPS,
    keep: Path | None = None,
    bundle: BundleFacts | None = None,
    command: str = "",
    on_progress: OnProgress = lambda _what, _done, _total: None,
) -> dict[str, Any]:
    """Run a recognizer over recordings and write the report; a run that was cut off goes on where it was.

    The report speaks of the recordings in `data` alone, with the labels they have there now, whatever else `out_dir`
    got before; what is heard again, and what not, says `run_over`.

    Args:
        listener: what is evaluated.
        data: a manifest, a folder of corpora named as in the registry, or corpus -> folder.
        out_dir: gets `report.html`, `report.json` and `predictions/<corpus>.csv`.
        n_suite_clips: how many recordings, drawn over all corpora, go through the robustness suite and are timed; 0 for
            none.
        keep: gets robustness, speed and pitch as a file, for the folder of kept predictions.
        bundle: whose weights are heard, if they are a bundle's.
        command: what to type to get the page again.
        on_progress: told what is under way, how much is done and of how much.

    Returns:
        What `report.json` holds.

    Raises:
        CorpusError: there is no corpus, one is broken, or none of its recordings can be heard.
        PredictionsError: `out_dir` holds predictions of another model.
    """
    corpora = {name: load_corpus(name, folder) for name, folder in find_corpora(data).items()}
    protocols, failures = _predict_corpora(listener, corpora, out_dir, on_progress)
    usable = _keep_usable([one for utterances in corpora.values() for one in utterances], protocols)
    pitch_hz_by_speaker = measure_pitches(listener, usable)
    measured = None
    if n_suite_clips:
        robustness, speed = _run_suite(listener, usable, n_suite_clips, on_progress)
        measured = Measured(
            model=listener.name,
            weights_sha256=bundle.weights_sha256 if bundle else "",
            corpora=tuple(corpora),
            command=command,
            robustness=robustness,
            speed=speed | ({"size_mb": bundle.size_bytes / _BYTES_PER_MB} if bundle else {}),
            pitch_hz_by_speaker=pitch_hz_by_speaker,
        )
        if keep:
            write_measured(keep, measured)
    report = Report(
        title=f"Speech emotion recognizer: {listener.name}",
        protocols=tuple(measure_protocol(name, predictions) for name, predictions in protocols.items()),
        fairness={
            name: (*measure_by_sex(predictions), *measure_by_pitch(predictions, pitch_hz_by_speaker))
            for name, predictions in protocols.items()
        },
        measured=measured,
        commands=(command,) if command else (),
        notes=(NOT_OUT_OF_FOLD,),
        failures=failures,
    )
    return write_report(report, out_dir)


def find_corpora(data: Path | Mapping[str, Path]) -> dict[str, Path]:
    """Find out which corpora are meant.

    Args:
        data: corpus -> folder as it is; a table or a folder with `manifest.csv`; a folder named like a corpus; or a
            folder with such folders in it.

    Raises:
        CorpusError: there is none.
    """
    if isinstance(data, Mapping):
        return dict(data)
    if data.is_file() or (data / manifest.TABLE_NAME).is_file():
        return {manifest.NAME: data}
    if data.name in CORPORA and data.is_dir():
        return {data.name: data}
    found = {name: data / name for name in CORPORA if (data / name).is_dir()}
    if not found:
        raise CorpusError(
            f"expected a manifest, or a folder with {', '.join(CORPORA)}; there is none of them in {str(data)!r}"
        )
    return found


def _predict_corpora(
    listener: Listener, corpora: Mapping[str, Sequence[Utterance]], out_dir: Path, on_progress: OnProgress
) -> tuple[dict[str, Predictions], tuple[tuple[str, str], ...]]:
    protocols: dict[str, Predictions] = {}
    failures: list[tuple[str, str]] = []
    for name, utterances in corpora.items():
        path = out_dir / PREDICTIONS_FOLDER / f"{name}.csv"
        result = run_over(
            utterances,
            lambda utterance: listener.recognize(listener.decode(utterance.path)),
            path,
            model=listener.name,
            on_progress=lambda done, total, name=name: on_progress(name, done, total),  # type: ignore[misc]
        )
        failures += result.failures
        protocols[name] = read_predictions(path)
    return protocols, tuple(failures)


def _keep_usable(utterances: Sequence[Utterance], protocols: Mapping[str, Predictions]) -> list[Utterance]:
    heard = {(row.corpus, row.utterance_id) for predictions in protocols.values() for row in predictions.rows}
    return [utterance for utterance in utterances if (utterance.corpus, utterance.utterance_id) in heard]


def _run_suite(
    listener: Listener, utterances: Sequence[Utterance], n_clips: int, on_progress: OnProgress
) -> tuple[tuple[RobustnessLine, ...], dict[str, float]]:
    rng = np.random.default_rng(0)
    picked = [utterances[int(index)] for index in rng.permutation(len(utterances))[:n_clips]]
    waveforms: list[Waveform] = [listener.decode(utterance.path) for utterance in picked]
    truth = np.array([LABELS.index(utterance.label) for utterance in picked], dtype=np.int64)
    speed = measure_speed(listener, waveforms)
    lines = []
    for line in iter_robustness(lambda waveform: predict_or_refuse(listener, waveform), waveforms, truth):
        lines.append(line)
        on_progress(f"robustness: {line.name}", len(waveforms), len(waveforms))
    return tuple(lines), speed
