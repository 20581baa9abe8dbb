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

    from recognizer.evaluation.fairness import FairnessLine
    from recognizer.evaluation.over_time import OverTimeFigures
    from recognizer.evaluation.protocols import ProtocolResult
    from recognizer.evaluation.robustness import RobustnessLine
    from recognizer.intervals import Interval

FORMAT: Final = 1
HTML_NAME: Final = "report.html"
JSON_NAME: Final = "report.json"


@dataclass(frozen=True)
class LearningPoint:
    """What a model reached with less to learn from.

    Attributes:
        n_utterances: how many it was trained on.
        uar: on speakers it never heard.
        low: lower end of the interval.
        high: upper end of the interval.
    """

    n_utterances: int
    uar: float
    low: float
    high: float


@dataclass(frozen=True)
class Report:
    """Everything that goes onto the page.

    Attributes:
        title: heads the page; name and version of what was measured.
        protocols: one result each.
        fairness: lines for each protocol by its name.
        over_time: filters over joined clips, for each protocol by its name.
        robustness: lines of the suite; empty where only predictions were at hand.
        learning_curve: from few utterances to many; empty where it was not measured.
        speed: figure by name, each with its unit in the name, such as `latency_ms_p50`.
        commands: what to type to get this page again.
        notes: cautions, a sentence each.
        failures: recordings that could not be used, with the reason.
    """

    title: str
    protocols: tuple[ProtocolResult, ...]
    fairness: Mapping[str, tuple[FairnessLine, ...]] = field(default_factory=dict)
    over_time: Mapping[str, Mapping[str, OverTimeFigures]] = field(default_factory=dict)
    robustness: tuple[RobustnessLine, ...] = ()
    learning_curve: tuple[LearningPoint, ...] = ()
    speed: Mapping[str, float] = field(default_factory=dict)
    commands: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    failures: tuple[tuple[str, str], ...] = ()


def write_report(report: Report, out_dir: Path) -> dict[str, Any]:
    """Write `report.json` and `report.html` into a folder, made if need be.

    Returns:
        What the JSON file holds: `protocols.<name>.<metric>` = `{value, low, high}` and more beside it. Figures that
        are not defined are null.
    """
    content = build_content(report)
    out_dir.mkdir(parents=True, exist_ok=True)
    (out_dir / JSON_NAME).write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    (out_dir / HTML_NAME).write_text(render_page(report), encoding="utf-8")
    return content


def build_content(report: Report) -> dict[str, Any]:
    """Return the report as plain values, ready for JSON."""
    content = {
        "format": FORMAT,
        "title": report.title,
        "protocols": {
            result.name: {metric: _describe_interval(figure) for metric, figure in result.figures.items()}
            for result in report.protocols
        },
        "details": {result.name: _describe_details(result) for result in report.protocols},
        "fairness": {
            name: [asdict(line) | {"is_passed": line.is_passed} for line in lines]
            for name, lines in report.fairness.items()
        },
        "over_time": {
            name: {filter_name: asdict(figures) for filter_name, figures in filters.items()}
            for name, filters in report.over_time.items()
        },
        "robustness": [asdict(line) | {"is_passed": line.is_passed} for line in report.robustness],
        "learning_curve": [asdict(point) for point in report.learning_curve],
        "speed": dict(report.speed),
        "commands": list(report.commands),
        "notes": list(report.notes),
        "failures": [{"file": file, "reason": reason} for file, reason in report.failures],
    }
    cleaned: dict[str, Any] = _replace_nan(content)
    return cleaned


def _describe_interval(figure: Interval) -> dict[str, float]:
    return {"value": figure.value, "low": figure.low, "high": figure.high}


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
