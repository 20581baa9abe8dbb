"""Gates: bounds that figures must keep before a model or a change of the catalog goes live.

A TOML file of tables named by protocol, system and metric, each with `at_least` or `at_most` or both; `bound` says what
must keep them: `value` (as if not said), or `low` or `high` of the interval.

    ["emotify-retrieval".recommender.ndcg_at_10]
    at_least = 0.60

    ["emotify-retrieval".recommender.ndcg_at_20]
    at_least = 0.65
    bound = "low"
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from recommender.errors import EvaluationDataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_BOUNDS: Final = ("value", "low", "high")
_KEYS: Final = ("at_least", "at_most", "bound")


@dataclass(frozen=True, slots=True)
class Gate:
    """One figure with the bounds it must keep."""

    protocol: str
    system: str
    metric: str
    at_least: float | None = None
    at_most: float | None = None
    bound: str = "value"

    def describe(self) -> str:
        """Say what is asked for."""
        bounds = [f"at least {self.at_least:g}"] if self.at_least is not None else []
        bounds += [f"at most {self.at_most:g}"] if self.at_most is not None else []
        part = "" if self.bound == "value" else f" ({self.bound} end of the interval)"
        return f"{self.protocol} {self.system} {self.metric}{part}: {' and '.join(bounds)}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a gate is kept.

    Attributes:
        gate: what was asked for.
        found: what the report says, None where it has no such figure; that misses the gate.
    """

    gate: Gate
    found: float | None

    @property
    def is_kept(self) -> bool:
        """True if the figure is there and within bounds."""
        return (
            self.found is not None
            and (self.gate.at_least is None or self.found >= self.gate.at_least)
            and (self.gate.at_most is None or self.found <= self.gate.at_most)
        )

    def describe(self) -> str:
        """Say what was asked for and what came."""
        found = "the report has no such figure" if self.found is None else f"got {self.found:.4f}"
        return f"{self.gate.describe()}, {found}"


def load_gates(path: Path) -> list[Gate]:
    """Read a file of gates.

    Raises:
        EvaluationDataError: the file cannot be read, is no TOML, holds no gate, or a gate is not as this module says.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise EvaluationDataError(f"cannot read the gates {str(path)!r}: {error}") from error
    try:
        gates = [
            _read_gate(protocol, system, metric, gate)
            for protocol, systems in table.items()
            for system, metrics in systems.items()
            for metric, gate in metrics.items()
        ]
    except (AttributeError, TypeError, ValueError) as error:
        raise EvaluationDataError(
            f"expected [protocol.system.metric] tables with at_least or at_most in {str(path)!r}: {error}"
        ) from error
    if not gates:
        raise EvaluationDataError(f"expected at least one gate in {str(path)!r}, got none")
    return gates


def _read_gate(protocol: str, system: str, metric: str, gate: Mapping[str, Any]) -> Gate:
    where = f"{protocol}.{system}.{metric}"
    unknown = sorted(set(gate) - set(_KEYS))
    if unknown:
        raise ValueError(f"expected the keys {', '.join(_KEYS)} in {where}, got {unknown}")
    bound = gate.get("bound", "value")
    if bound not in _BOUNDS:
        raise ValueError(f"expected a bound of {', '.join(_BOUNDS)} in {where}, got {bound!r}")
    limits = {key: float(gate[key]) for key in ("at_least", "at_most") if key in gate}
    if not limits:
        raise ValueError(f"expected at_least or at_most in {where}, got neither")
    return Gate(protocol, system, metric, limits.get("at_least"), limits.get("at_most"), bound)


def check_gates(report: Mapping[str, Any], gates: Sequence[Gate]) -> list[Verdict]:
    """Hold a report, as `build_report` makes it, against gates."""
    verdicts = []
    for gate in gates:
        figure = report["protocols"].get(gate.protocol, {}).get(gate.system, {}).get(gate.metric, {})
        verdicts.append(Verdict(gate, figure.get(gate.bound)))
    return verdicts
