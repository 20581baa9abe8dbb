"""The ways to a report: from kept predictions, or by running a recognizer over recordings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from recognizer.corpora import CORPORA, load_corpus, manifest
from recognizer.corpora.splits import PUBLISHED_SPLITS
from recognizer.errors import CorpusError
from recognizer.evaluation.bundle_listener import BundleListener, ClipRecognizer
from recognizer.evaluation.errors import PredictionsError
from recognizer.evaluation.fairness import measure_by_pitch, measure_by_sex
from recognizer.evaluation.listener import Listener, measure_pitches, measure_speed, predict_or_refuse
from recognizer.evaluation.over_time import compare_filters
from recognizer.evaluation.predictions import Predictions, read_predictions
from recognizer.evaluation.protocols import follows_published_split, measure_protocol
from recognizer.evaluation.report import LearningPoint, Report, write_report
from recognizer.evaluation.robustness import iter_robustness
from recognizer.evaluation.runner import ONE_MODEL, run_over
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
NOT_OUT_OF_FOLD: Final = (
    "One model answered for every speaker: these figures speak of new voices only if it was trained on none of them."
)


def evaluate_from_predictions(
    path: Path, out_dir: Path, *, learning_curve: tuple[LearningPoint, ...] = (), command: str | None = None
) -> dict[str, Any]:
    """Recompute every figure that predictions alone can give, and write the report.

    Args:
        path: a file of predictions, or a folder of them; see `read_protocols` for the protocols' names.
        out_dir: gets `report.html` and `report.json`.
        learning_curve: shown on the page if it was measured.
        command: what to type to get the page again; by default the call of the command line that does the same.

    Returns:
        What `report.json` holds.

    Raises:
        PredictionsError: see `read_protocols`.
    """
    protocols = read_protocols(path)
    report = Report(
        title="Speech emotion recognizer: figures from kept predictions",
        protocols=tuple(measure_protocol(name, predictions) for name, predictions in protocols.items()),
        fairness={name: measure_by_sex(predictions) for name, predictions in protocols.items()},
        over_time={name: compare_filters(protocols[name]) for name in PUBLISHED_SPLITS if name in protocols},
        learning_curve=learning_curve,
        commands=(command or f"emotitune evaluate recognizer --from-predictions {path} --out {out_dir}",),
        notes=_list_cautions(protocols),
    )
    return write_report(report, out_dir)


def evaluate_bundle(  # noqa: PLR0913 - what a caller may choose, each by name
    recognizer: ClipRecognizer,
    bundle: Path,
    data: Path | Mapping[str, Path],
    out_dir: Path,
    *,
    n_suite_clips: int = N_SUITE_CLIPS,
    on_progress: OnProgress = lambda _what, _done, _total: None,
) -> dict[str, Any]:
    """Evaluate a bundle as it ships, see `evaluate_listener`.

    Args:
        recognizer: what `EmotionRecognizer.load(bundle)` gave.
        bundle: its folder.
        data: a manifest, a folder of corpora named as in the registry, or corpus -> folder.
        out_dir: gets the report and the predictions.
        n_suite_clips: how many recordings go through the robustness suite and are timed; 0 for none.
        on_progress: told what is under way, how much is done and of how much.

    Raises:
        BundleError: the bundle does not say what it is.
        CorpusError: there is no corpus, or one is broken.
        PredictionsError: `out_dir` holds predictions of another model, or no recording could be used.
    """
    named = [f"{name}={folder}" for name, folder in data.items()] if isinstance(data, Mapping) else [str(data)]
    options = " ".join(f"--data {one}" for one in named)
    return evaluate_listener(
        BundleListener(recognizer, bundle),
        data,
        out_dir,
        n_suite_clips=n_suite_clips,
        command=f"emotitune evaluate recognizer --model {bundle} {options} --out {out_dir}",
        on_progress=on_progress,
    )


def evaluate_listener(  # noqa: PLR0913 - what a caller may choose, each by name
    listener: Listener,
    data: Path | Mapping[str, Path],
    out_dir: Path,
    *,
    n_suite_clips: int = N_SUITE_CLIPS,
    command: str = "",
    on_progress: OnProgress = lambda _what, _done, _total: None,
) -> dict[str, Any]:
    """Run a recognizer over recordings and write the report; a run that was cut off goes on where it was.

    Args:
        listener: what is evaluated.
        data: a manifest, a folder of corpora named as in the registry, or corpus -> folder.
        out_dir: gets `report.html`, `report.json` and `predictions/<corpus>.csv`.
        n_suite_clips: how many recordings, drawn over all corpora, go through the robustness suite and are timed; 0 for
            none.
        command: what to type to get the page again.
        on_progress: told what is under way, how much is done and of how much.

    Returns:
        What `report.json` holds.

    Raises:
        CorpusError: there is no corpus, or one is broken.
        PredictionsError: `out_dir` holds predictions of another model, or no recording could be used.
    """
    corpora = {name: load_corpus(name, folder) for name, folder in find_corpora(data).items()}
    protocols, failures = _predict_corpora(listener, corpora, out_dir, on_progress)
    usable = _keep_usable([one for utterances in corpora.values() for one in utterances], failures)
    pitch_hz_by_speaker = measure_pitches(listener, usable)
    robustness, speed = _run_suite(listener, usable, n_suite_clips, on_progress) if n_suite_clips else ((), {})
    report = Report(
        title=f"Speech emotion recognizer: {listener.name}",
        protocols=tuple(measure_protocol(name, predictions) for name, predictions in protocols.items()),
        fairness={
            name: (*measure_by_sex(predictions), *measure_by_pitch(predictions, pitch_hz_by_speaker))
            for name, predictions in protocols.items()
        },
        robustness=robustness,
        speed=speed,
        commands=(command,) if command else (),
        notes=_list_cautions(protocols),
        failures=failures,
    )
    return write_report(report, out_dir)


def read_protocols(path: Path) -> dict[str, Predictions]:
    """Read predictions and name what they measure.

    A protocol is named after its file, with the corpus where a file has several. Folds that are exactly those of a
    published split earn its name; a file that bears such a name without them is refused.

    Args:
        path: a CSV file, or a folder of them.

    Raises:
        PredictionsError: there is no file, one is broken, or its name promises a split that it does not keep.
    """
    files = sorted(path.glob("*.csv")) if path.is_dir() else [path]
    if not files:
        raise PredictionsError(path, "expected CSV files of predictions in this folder, there are none")
    protocols: dict[str, Predictions] = {}
    for file in files:
        predictions = read_predictions(file)
        for corpus in predictions.corpora:
            part = predictions.of_corpus(corpus)
            name = file.stem if len(predictions.corpora) == 1 else f"{file.stem}-{corpus}"
            protocol = _name_protocol(file, name, part)
            if protocol in protocols:
                raise PredictionsError(file, f"the protocol {protocol!r} is measured by two files, expected one")
            protocols[protocol] = part
    return protocols


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


def _keep_usable(utterances: Sequence[Utterance], failures: Sequence[tuple[str, str]]) -> list[Utterance]:
    failed = {utterance_id for utterance_id, _ in failures}
    return [utterance for utterance in utterances if utterance.utterance_id not in failed]


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


def _name_protocol(file: Path, name: str, predictions: Predictions) -> str:
    published = follows_published_split(predictions)
    claimed = next((split for split in PUBLISHED_SPLITS if name == split or name.startswith(f"{split}-")), None)
    if claimed and claimed != published:
        raise PredictionsError(
            file, f"its name promises the split {claimed!r}, but its folds are not those of that split"
        )
    if claimed or not published:
        return name
    return published if name == predictions.corpora[0] else f"{published}-{name}"


def _list_cautions(protocols: Mapping[str, Predictions]) -> tuple[str, ...]:
    is_one_model = any(row.fold == ONE_MODEL for predictions in protocols.values() for row in predictions.rows)
    return (NOT_OUT_OF_FOLD,) if is_one_model else ()
