"""Holds one report against another: two models, or the same one before and after a change of the catalog."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from recommender.errors import EvaluationDataError
from recommender.evaluation.bootstrap import compare_by_unit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_SEED: Final = 0
_KEYS: Final = ("query", "unit")


@dataclass(frozen=True, slots=True)
class Change:
    """One figure of two reports.

    Attributes:
        protocol: which protocol.
        system: which system.
        metric: which figure.
        before: in the other report.
        after: in this one.
        p_holm: of the paired test over the queries both have, corrected over the protocol's figures; None where they
            share none.
    """

    protocol: str
    system: str
    metric: str
    before: float
    after: float
    p_holm: float | None = None

    def describe(self) -> str:
        """Write both values and what chance says, in a line."""
        p = "" if self.p_holm is None else f", p {self.p_holm:.4f} (paired, Holm)"
        difference = self.after - self.before
        name = f"{self.protocol} {self.system} {self.metric}"
        return f"{name}: {self.before:.3f} -> {self.after:.3f} ({difference:+.3f}{p})"


def compare_reports(before_path: Path, after_path: Path) -> list[Change]:
    """Compare all figures that two reports share.

    Args:
        before_path: `recommender.json` of the other model; the scores per query are looked for beside it.
        after_path: of this one.

    Raises:
        EvaluationDataError: a report cannot be read, or they share no figure.
    """
    before, after = _load_report(before_path), _load_report(after_path)
    changes = []
    for protocol in before["protocols"].keys() & after["protocols"].keys():
        p_by_column = _test(_load_scores(before_path, protocol), _load_scores(after_path, protocol))
        for system, metric, values in _shared(before["protocols"][protocol], after["protocols"][protocol]):
            changes.append(Change(protocol, system, metric, *values, p_by_column.get(f"{system}.{metric}")))
    if not changes:
        raise EvaluationDataError(f"expected figures that {str(before_path)!r} and {str(after_path)!r} share, got none")
    order = {name: place for place, name in enumerate(after["protocols"])}
    return sorted(changes, key=lambda change: order[change.protocol])


def _shared(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, str, tuple[float, float]]]:
    rows = []
    for system, figures in after.items():
        for metric, figure in figures.items():
            values = (before.get(system, {}).get(metric, {}).get("value"), figure.get("value"))
            if None not in values:
                rows.append((system, metric, values))
    return rows


def _load_report(path: Path) -> dict[str, Any]:
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise EvaluationDataError(f"cannot read the report {str(path)!r}: {error}") from error
    if not isinstance(report, dict) or not isinstance(report.get("protocols"), dict):
        raise EvaluationDataError(f"expected a report with protocols in {str(path)!r}")
    return report


def _load_scores(report_path: Path, protocol: str) -> dict[str, dict[str, str]]:
    path = report_path.parent / report_path.stem / f"{protocol}.csv"
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as table:
        return {row["query"]: row for row in csv.DictReader(table)}


def _test(before: dict[str, dict[str, str]], after: dict[str, dict[str, str]]) -> dict[str, float]:
    queries = [query for query in after if query in before]
    if not queries:
        return {}
    columns = [name for name in after[queries[0]] if "." in name and name in before[queries[0]]]
    pairs = {name: (_column(after, queries, name), _column(before, queries, name)) for name in columns}
    changed = {name: pair for name, pair in pairs.items() if not np.allclose(*pair, equal_nan=True)}
    units: Sequence[str] = [after[query]["unit"] for query in queries]
    tests = compare_by_unit("", changed, units, np.random.default_rng(_SEED))
    return dict.fromkeys(pairs, 1.0) | {name: test.p_holm for name, test in tests.items()}


def _column(rows: dict[str, dict[str, str]], queries: Sequence[str], name: str) -> np.ndarray:
    return np.array([float(rows[query][name] or "nan") for query in queries])
