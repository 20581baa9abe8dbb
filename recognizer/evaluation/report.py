"""Writes what was measured: `report.json` for machines, `report.html` for people, self-contained."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from recognizer.evaluation.page import render_page

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from recognizer.evaluation.comparisons import Compared, KnownVoice, LearningPoint, SystemFigures, WeekFigures
    from recognizer.evaluation.conformal import ConformalFigures
    from recognizer.evaluation.fairness import FairnessLine
    from recognizer.evaluation.measured import Measured
    from recognizer.evaluation.over_time import OverTimeFigures
    from recognizer.evaluation.protocols import ProtocolResult
    from recognizer.evaluation.sureness import SurenessFigures
    from recognizer.evaluation.unheard_voices import ConditionFigures

FORMAT: Final = 1
HTML_NAME: Final = "report.html"
JSON_NAME: Final = "report.json"


@dataclass(frozen=True)
class Report:
    """Everything that goes onto the page.

    Attributes:
        title: heads the page; name and version of what was measured.
        protocols: one result each.
        systems: other systems on the folds of a protocol, by the protocol's name.
        known_voices: from no known clip up, by the name of the protocol or system.
        sureness: how often it is right in each band of confidence, by the protocol's name.
        weeks: after a week of one mood, by the same name as known voices.
        learning_curves: from few training speakers to all, by the same name.
        conformal: sets of each level, by the protocol's name.
        fairness: lines for each protocol by its name.
        over_time: filters over joined clips, for each protocol by its name.
        conditions: the robustness suite on voices that were never heard, by the protocol's name.
        measured: what only a run over recordings tells.
        commands: what to type to get this page again.
        notes: cautions, a sentence each.
        failures: recordings that could not be used, with the reason.
    """

    title: str
    protocols: tuple[ProtocolResult, ...]
    systems: Mapping[str, tuple[SystemFigures, ...]] = field(default_factory=dict)
    known_voices: Mapping[str, tuple[KnownVoice, ...]] = field(default_factory=dict)
    sureness: Mapping[str, tuple[SurenessFigures, ...]] = field(default_factory=dict)
    weeks: Mapping[str, tuple[WeekFigures, ...]] = field(default_factory=dict)
    learning_curves: Mapping[str, tuple[LearningPoint, ...]] = field(default_factory=dict)
    conformal: Mapping[str, tuple[ConformalFigures, ...]] = field(default_factory=dict)
    fairness: Mapping[str, tuple[FairnessLine, ...]] = field(default_factory=dict)
    over_time: Mapping[str, Mapping[str, OverTimeFigures]] = field(default_factory=dict)
    conditions: Mapping[str, tuple[ConditionFigures, ...]] = field(default_factory=dict)
    measured: Measured | None = None
    commands: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    failures: tuple[tuple[str, str], ...] = ()


def write_report(report: Report, out_dir: Path) -> dict[str, Any]:
    """Write `report.json` and `report.html` into a folder, made if need be.

    Returns:
        What the JSON file holds: `protocols.<name>.<metric>` = `{value, low, high}`, of other systems too, and more
        beside it. Figures that are not defined are null.
    """
    content = build_content(report)
    out_dir.mkdir(parents=True, exist_ok=True)
    (out_dir / JSON_NAME).write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    (out_dir / HTML_NAME).write_text(render_page(report), encoding="utf-8")
    return content


def build_content(report: Report) -> dict[str, Any]:
    """Return the report as plain values, ready for JSON."""
    measured = {result.name: result.figures for result in report.protocols}
    measured |= {system.name: system.figures for systems in report.systems.values() for system in systems}
    content = {
        "format": FORMAT,
        "title": report.title,
        "protocols": {
            name: {metric: asdict(figure) for metric, figure in figures.items()} for name, figures in measured.items()
        },
        "details": {result.name: _describe_details(result) for result in report.protocols},
        "systems": {
            protocol: {each.name: _describe_compared(each.compared) | {"n_seeds": each.n_seeds} for each in systems}
            for protocol, systems in report.systems.items()
            if systems
        },
        "known_voices": {
            name: [
                {"n_known": row.n_known, "uar": asdict(row.uar)}
                | (_describe_compared(row.compared) if row.compared else {})
                for row in rows
            ]
            for name, rows in report.known_voices.items()
        },
        "sureness": {name: [asdict(row) for row in rows] for name, rows in report.sureness.items()},
        "weeks": {
            name: [
                {
                    "label": row.label,
                    "with_rule": _describe_compared(row.with_rule) if row.with_rule else None,
                    "as_heard": _describe_compared(row.as_heard) if row.as_heard else None,
                }
                for row in rows
            ]
            for name, rows in report.weeks.items()
        },
        "learning_curve": {name: [asdict(point) for point in rows] for name, rows in report.learning_curves.items()},
        "conformal": {name: [asdict(row) for row in rows] for name, rows in report.conformal.items()},
        "fairness": {
            name: [asdict(line) | {"is_passed": line.is_passed} for line in lines]
            for name, lines in report.fairness.items()
        },
        "over_time": {
            name: {filter_name: asdict(figures) for filter_name, figures in filters.items()}
            for name, filters in report.over_time.items()
        },
        "robustness_of_unheard_voices": {
            name: [asdict(line) | {"is_passed": line.is_passed} for line in lines]
            for name, lines in report.conditions.items()
        },
        **_describe_measured(report.measured),
        "commands": list(report.commands),
        "notes": list(report.notes),
        "failures": [{"file": file, "reason": reason} for file, reason in report.failures],
    }
    cleaned: dict[str, Any] = _replace_nan(content)
    return cleaned


def _describe_compared(compared: Compared) -> dict[str, Any]:
    return {
        "uar": asdict(compared.uar),
        "reference": asdict(compared.reference),
        "difference": asdict(compared.difference),
        "n_speakers": compared.n_speakers,
        "verdict": compared.verdict,
    }


def _describe_measured(measured: Measured | None) -> dict[str, Any]:
    if measured is None:
        return {"measured": None, "robustness": [], "speed": {}}
    return {
        "measured": {
            "model": measured.model,
            "weights_sha256": measured.weights_sha256,
            "corpora": list(measured.corpora),
            "command": measured.command,
        },
        "robustness": [asdict(line) | {"is_passed": line.is_passed} for line in measured.robustness],
        "speed": dict(measured.speed),
    }


def _describe_details(result: ProtocolResult) -> dict[str, Any]:
    return {
        "n_utterances": result.n_utterances,
        "n_speakers": result.n_speakers,
        "n_seeds": result.n_seeds,
        "confusion": result.confusion.tolist(),
        "reliability": [asdict(bin_) for bin_ in result.reliability],
        "by_speaker": [asdict(group) for group in result.by_speaker],
        "by_sex": [asdict(group) for group in result.by_sex],
    }


def _replace_nan(value: Any) -> Any:  # noqa: ANN401 - whatever JSON can hold
    if isinstance(value, dict):
        return {key: _replace_nan(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_replace_nan(inner) for inner in value]
    if isinstance(value, float):
        # Six digits are more than any interval deserves, and keep a committed report small.
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return value
