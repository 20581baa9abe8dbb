"""Renders protocols as one HTML page: every figure with its interval, and a line under each plot on how to read it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

import numpy as np

from recommender.evaluation.baselines import OURS
from recommender.evaluation.charts import draw_intervals
from recommender.evaluation.results import N_DIGITS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from recommender.evaluation.compare import Change
    from recommender.evaluation.gates import Verdict
    from recommender.evaluation.results import Comparison, Figure, ProtocolResult

TITLE: Final = "From mood to music: how well the recommender does"

_STYLE: Final = """
:root{color-scheme:light dark;--paper:#fff;--ink:#1d2129;--soft:#5f6b7d;--rule:#d8dde6;--accent:#2f6fdb;--good:#1a7f4b;
--bad:#b3362b}
@media(prefers-color-scheme:dark){:root{--paper:#14171c;--ink:#e6e9ef;--soft:#9aa4b5;--rule:#333a45;--accent:#7fb0ff;
--good:#63c592;--bad:#ff8f83}}
body{background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:64rem;
padding:0 1rem}
h1,h2,h3{line-height:1.2}h2{border-top:1px solid var(--rule);margin-top:2.5rem;padding-top:1.2rem}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:.6rem 0}
th,td{border-bottom:1px solid var(--rule);padding:.25rem .7rem;text-align:left;vertical-align:top}
td{white-space:nowrap}small{color:var(--soft)}.wide{overflow-x:auto}
.read{color:var(--soft);font-size:.9rem;margin:.2rem 0 1rem}.good{color:var(--good)}.bad{color:var(--bad)}
.plots{display:flex;flex-wrap:wrap;gap:1.2rem}figure{flex:1 1 22rem;margin:0;max-width:30rem}svg{height:auto;width:100%}
.grid{stroke:var(--rule);fill:none}path.ours{stroke:var(--accent);stroke-width:2.5;fill:none}
path.other{stroke:var(--soft);stroke-width:1.5;fill:none}circle.ours{fill:var(--accent)}circle.other{fill:var(--soft)}
.tick{fill:var(--soft);font-size:10.5px;text-anchor:middle}.name{fill:var(--ink);font-size:11.5px;text-anchor:end}
pre{background:color-mix(in srgb,var(--ink) 7%,var(--paper));overflow-x:auto;padding:.8rem}
"""


def render_page(
    results: Sequence[ProtocolResult],
    *,
    command: str = "",
    verdicts: Sequence[Verdict] = (),
    changes: Sequence[Change] = (),
) -> str:
    """Return the whole page as text.

    Args:
        results: the protocols that were run.
        command: how to get the page again.
        verdicts: gates, kept or missed.
        changes: what differs from another report.
    """
    sections = [
        f"<h1>{TITLE}</h1>",
        _read(
            "A dot is a figure, the line through it its 95 % interval. Two systems whose intervals overlap may still "
            "differ surely: the tests compare them query by query."
        ),
        _render_verdicts(verdicts),
        _render_changes(changes),
        *map(_render_protocol, results),
        f"<h2>How to get this page again</h2><pre>{escape(command)}</pre>" if command else "",
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{TITLE}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(section for section in sections if section)
        + "\n</body>\n</html>\n"
    )


def _render_protocol(result: ProtocolResult) -> str:
    plots = [_render_plot(result, metric) for metric in result.plotted]
    return "".join(
        [
            f"<h2>{escape(result.name)}</h2><p>{escape(result.scope)}.</p>",
            "".join(f"<p><strong>{escape(finding)}</strong></p>" for finding in result.findings),
            f'<p>{escape(result.note)}</p><div class="plots">{"".join(plots)}</div>',
            _render_figures(result),
            _render_comparisons(result.comparisons),
        ]
    )


def _render_plot(result: ProtocolResult, metric: str) -> str:
    figures = {system: of_system[metric] for system, of_system in result.figures.items() if metric in of_system}
    plot = draw_intervals(f"{metric} by system", figures, emphasized=OURS)
    return f"<figure><h3>{escape(metric)}</h3>{plot}{_read(result.readings[metric])}</figure>"


def _render_figures(result: ProtocolResult) -> str:
    metrics = [metric for metric in result.readings if any(metric in one for one in result.figures.values())]
    rows = [
        [escape(metric), *(_show(of_system.get(metric)) for of_system in result.figures.values())] for metric in metrics
    ]
    readings = "".join(f"<li>{escape(metric)}: {escape(result.readings[metric])}</li>" for metric in metrics)
    return (
        "<h3>All figures</h3>"
        + _table(["figure", *result.figures], rows)
        + f'<details class="read"><summary>How to read each figure</summary><ul>{readings}</ul></details>'
    )


def _render_comparisons(comparisons: Mapping[str, Comparison]) -> str:
    if not comparisons:
        return ""
    rows = [
        [escape(name), escape(one.metric), f"{one.difference:+.3f}", f"{one.p:.4f}", f"{one.p_holm:.4f}"]
        for name, one in comparisons.items()
    ]
    return (
        "<h3>Tests</h3>"
        + _table(("against", "by", "difference", "p", "p, Holm"), rows)
        + _read(
            "Paired permutation tests; a name alone is what ours is held against. The last column allows for all tests "
            "of its family; below .05 the difference is more than luck with these queries."
        )
    )


def _render_verdicts(verdicts: Sequence[Verdict]) -> str:
    if not verdicts:
        return ""
    rows = [
        [
            escape(one.gate.describe()),
            "none" if one.found is None else f"{one.found:.4f}",
            '<span class="good">kept</span>' if one.is_kept else '<span class="bad">missed</span>',
        ]
        for one in verdicts
    ]
    return "<h2>Gates</h2>" + _table(("gate", "found", "verdict"), rows)


def _render_changes(changes: Sequence[Change]) -> str:
    if not changes:
        return ""
    rows = [
        [
            escape(f"{one.protocol} {one.system} {one.metric}"),
            f"{one.before:.3f}",
            f"{one.after:.3f}",
            f"{one.after - one.before:+.3f}",
            "" if one.p_holm is None else f"{one.p_holm:.4f}",
        ]
        for one in changes
    ]
    return (
        "<h2>Against the other report</h2>"
        + _table(("figure", "there", "here", "difference", "p, Holm"), rows)
        + _read("Tests pair the queries that both reports have scores for; empty where one has none.")
    )


def _table(head: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    names = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    cells = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{names}</tr>{cells}</table></div>'


def _show(figure: Figure | None) -> str:
    if figure is None or not np.isfinite(figure.value):
        return ""
    if figure.low is None or figure.high is None:
        return _round(figure.value)
    return f"{_round(figure.value)}<br><small>{_round(figure.low)} to {_round(figure.high)}</small>"


def _round(value: float) -> str:
    """Round as who quotes the JSON would: a figure cut twice must read the same everywhere."""
    return f"{round(value, N_DIGITS):.3f}"


def _read(text: str) -> str:
    return f'<p class="read">{escape(text)}</p>'
