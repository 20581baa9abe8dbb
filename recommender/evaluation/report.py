"""Writes what protocols found: JSON, an HTML page, and a table of scores per query for each."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from recommender.evaluation.page import render_page
from recommender.evaluation.results import N_DIGITS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from recommender.evaluation.compare import Change
    from recommender.evaluation.gates import Verdict
    from recommender.evaluation.results import Figure, ProtocolResult

JSON_FILE: Final = "recommender.json"
PAGE_FILE: Final = "recommender.html"
SCORES_FOLDER: Final = "recommender"


def build_report(results: Sequence[ProtocolResult]) -> dict[str, Any]:
    """Arrange results as `protocols.<name>.<system>.<metric>` = {value, low, high}, with how to read them.

    Returns:
        Plain values for JSON, rounded to four places; null where a figure or an interval is not defined.
    """
    return {
        "how_to_read": {result.name: dict(result.readings) for result in results},
        "scope": {result.name: result.scope for result in results},
        "notes": {result.name: result.note for result in results},
        "findings": {result.name: list(result.findings) for result in results if result.findings},
        "protocols": {
            result.name: {
                system: {metric: _plain(asdict(figure)) for metric, figure in figures.items()}
                for system, figures in result.figures.items()
            }
            for result in results
        },
        "comparisons": {
            result.name: {name: _plain(asdict(comparison)) for name, comparison in result.comparisons.items()}
            for result in results
            if result.comparisons
        },
    }


def write_report(report: Mapping[str, Any], results: Sequence[ProtocolResult], out: Path) -> None:
    """Write a report as JSON, with a table of scores per query beside it for every protocol that has them.

    Args:
        report: from `build_report`.
        results: what it was built from.
        out: folder that gets `recommender.json` and `recommender/<protocol>.csv`.
    """
    (out / SCORES_FOLDER).mkdir(parents=True, exist_ok=True)
    (out / JSON_FILE).write_text(json.dumps(report, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    for result in results:
        if result.per_query:
            _write_scores(out / SCORES_FOLDER / f"{result.name}.csv", result.per_query)


def write_page(
    results: Sequence[ProtocolResult],
    out: Path,
    *,
    command: str = "",
    verdicts: Sequence[Verdict] = (),
    changes: Sequence[Change] = (),
) -> None:
    """Write `recommender.html`; see `render_page`."""
    page = render_page(results, command=command, verdicts=verdicts, changes=changes)
    (out / PAGE_FILE).write_text(page, encoding="utf-8")


def format_table(result: ProtocolResult) -> str:
    """Lay the plotted figures out for a terminal."""
    lines = [f"{result.name}: {result.scope}"]
    lines.append(f"{'system':<26}" + "".join(f"{metric:<24}" for metric in result.plotted) + "p, Holm")
    for system, figures in result.figures.items():
        cells = "".join(f"{_cell(figures.get(metric)):<24}" for metric in result.plotted)
        comparison = result.comparisons.get(system)
        lines.append(f"{system:<26}{cells}" + (f"{comparison.p_holm:.4f}" if comparison else ""))
    return "\n".join(line.rstrip() for line in (*lines, *result.findings))


def _cell(figure: Figure | None) -> str:
    if figure is None or not math.isfinite(figure.value):
        return "-"
    if figure.low is None or figure.high is None:
        return f"{figure.value:.3f}"
    return f"{figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}]"


def _write_scores(path: Path, rows: Sequence[Mapping[str, str | float]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as table:
        writer = csv.DictWriter(table, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _short(value) for name, value in row.items()} for row in rows)


def _short(value: str | float) -> str:
    if isinstance(value, str):
        return value
    return f"{value:.{N_DIGITS}f}" if math.isfinite(value) else ""


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _round(value) for name, value in values.items()}


def _round(value: Any) -> Any:  # noqa: ANN401 (a number, None or a name)
    if not isinstance(value, float):
        return value
    return round(value, N_DIGITS) if math.isfinite(value) else None
