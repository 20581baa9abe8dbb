"""A report recomputed from kept predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from recognizer.corpora.splits import PUBLISHED_SPLITS
from recognizer.evaluation.comparisons import (
    measure_known_voices,
    measure_learning_curve,
    measure_system,
    measure_weeks,
)
from recognizer.evaluation.conformal import measure_conformal
from recognizer.evaluation.fairness import measure_by_pitch, measure_by_sex
from recognizer.evaluation.kept import read_kept
from recognizer.evaluation.measured import FILE_NAME, read_measured
from recognizer.evaluation.over_time import compare_filters
from recognizer.evaluation.protocols import measure_protocol
from recognizer.evaluation.report import Report, write_report
from recognizer.evaluation.runner import NOT_OUT_OF_FOLD, ONE_MODEL
from recognizer.evaluation.sureness import measure_sureness
from recognizer.evaluation.unheard_voices import measure_conditions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from recognizer.evaluation.fairness import FairnessLine
    from recognizer.evaluation.kept import KeptProtocol
    from recognizer.evaluation.measured import Measured
    from recognizer.evaluation.predictions import Predictions

Figures = TypeVar("Figures")

TITLE: Final = "Speech emotion recognizer: figures from kept predictions"


def evaluate_from_predictions(path: Path, out_dir: Path, *, command: str | None = None) -> dict[str, Any]:
    """Recompute every figure that predictions can give, and write the report.

    Args:
        path: a file of predictions, or a folder of them, see `read_kept`; the folder may hold `measured.json` too.
        out_dir: gets `report.html` and `report.json`.
        command: what to type to get the page again; by default the call of the command line that does the same.

    Returns:
        What `report.json` holds.

    Raises:
        PredictionsError: see `read_kept`, `KeptFile.read` and `read_measured`.
    """
    kept = read_kept(path)
    protocols = {name: each.predictions for name, each in kept.items() if each.system_of is None}
    measured = read_measured(path / FILE_NAME) if (path / FILE_NAME).is_file() else None
    report = Report(
        title=TITLE,
        protocols=tuple(measure_protocol(name, predictions) for name, predictions in protocols.items()),
        systems={
            name: tuple(measure_system(each, protocols[name]) for each in kept.values() if each.system_of == name)
            for name in protocols
        },
        known_voices=_measure_each(kept, measure_known_voices),
        sureness={name: measure_sureness(kept[name]) for name in protocols},
        weeks=_measure_each(kept, measure_weeks),
        learning_curves=_measure_each(kept, measure_learning_curve),
        conformal=measure_conformal(protocols),
        fairness={name: _measure_fairness(predictions, measured) for name, predictions in protocols.items()},
        over_time={name: compare_filters(protocols[name]) for name in PUBLISHED_SPLITS if name in protocols},
        conditions=_measure_each(kept, measure_conditions),
        measured=measured,
        commands=_list_commands(command or _spell_command(path, out_dir), measured),
        notes=_list_cautions(protocols),
    )
    return write_report(report, out_dir)


def _measure_each(
    kept: Mapping[str, KeptProtocol], measure: Callable[[KeptProtocol], tuple[Figures, ...]]
) -> dict[str, tuple[Figures, ...]]:
    measured = {name: measure(each) for name, each in kept.items()}
    return {name: figures for name, figures in measured.items() if figures}


def _measure_fairness(predictions: Predictions, measured: Measured | None) -> tuple[FairnessLine, ...]:
    pitch_hz_by_speaker = measured.pitch_hz_by_speaker if measured else {}
    by_sex = measure_by_sex(predictions)
    if not set(predictions.speakers) & pitch_hz_by_speaker.keys():
        return by_sex
    return (*by_sex, *measure_by_pitch(predictions, pitch_hz_by_speaker))


def _spell_command(path: Path, out_dir: Path) -> str:
    return f"emotitune evaluate recognizer --from-predictions {path} --out {out_dir}"


def _list_commands(command: str, measured: Measured | None) -> tuple[str, ...]:
    return (measured.command, command) if measured and measured.command else (command,)


def _list_cautions(protocols: Mapping[str, Predictions]) -> tuple[str, ...]:
    is_one_model = any(row.fold == ONE_MODEL for predictions in protocols.values() for row in predictions.rows)
    return (NOT_OUT_OF_FOLD,) if is_one_model else ()
