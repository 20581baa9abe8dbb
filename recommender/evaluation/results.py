"""What every protocol hands over: figures with intervals, comparisons, and a score for each query."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    Query: TypeAlias = Mapping[str, float]


# Of figures in reports.
N_DIGITS: Final = 4


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value and its 95 % interval; None where no interval is defined."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """One system less another on the same queries.

    Attributes:
        metric: what was compared.
        difference: of the means.
        p: how often swapping the two at random differs as much, two-sided.
        p_holm: the same, corrected for all comparisons of its family.
    """

    metric: str
    difference: float
    p: float
    p_holm: float


@dataclass(frozen=True)
class ProtocolResult:
    """All figures of one protocol.

    Attributes:
        name: such as `emotify-retrieval`.
        scope: what was ranked for whom, in a few words.
        note: what the figures are and are not.
        readings: by metric, how to read it; every metric of `figures` is in it.
        figures: by system and metric; a metric that is not defined for a system is left out.
        plotted: the metrics that the page draws.
        comparisons: by what was compared, `A over B`, or the baseline alone where A is ours.
        per_query: rows of a table: `query`, `unit` (what intervals resample), then `system.metric` columns.
        findings: what follows, one sentence each.
    """

    name: str
    scope: str
    note: str
    readings: Mapping[str, str]
    figures: Mapping[str, Mapping[str, Figure]]
    plotted: tuple[str, ...] = ()
    comparisons: Mapping[str, Comparison] = field(default_factory=dict)
    per_query: tuple[Mapping[str, str | float], ...] = ()
    findings: tuple[str, ...] = ()
