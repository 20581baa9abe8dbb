"""Pieces of HTML that every section of a report's page is made of."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from recognizer.intervals import Interval

STYLE: Final = """
:root{color-scheme:light dark;--paper:#fff;--ink:#1d2129;--soft:#667085;--rule:#d8dde6;--accent:#2f6fdb;--good:#1a7f4b;
--bad:#b3362b}
@media(prefers-color-scheme:dark){:root{--paper:#14171c;--ink:#e6e9ef;--soft:#9aa4b5;--rule:#333a45;--accent:#7fb0ff;
--good:#63c592;--bad:#ff8f83}}
body{background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;
padding:0 1rem}
h1,h2,h3{line-height:1.2}h2{border-top:1px solid var(--rule);margin-top:2.5rem;padding-top:1.2rem}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:.6rem 0}
th,td{border-bottom:1px solid var(--rule);padding:.25rem .7rem;text-align:left}
td{white-space:nowrap}td:last-child{white-space:normal}td.n{text-align:right}
.wide{overflow-x:auto}.read{color:var(--soft);font-size:.9rem;margin:.2rem 0 1rem}.good{color:var(--good)}
.bad{color:var(--bad)}.plots{display:flex;flex-wrap:wrap;gap:1.2rem}figure{flex:1 1 22rem;margin:0;max-width:30rem}
svg{height:auto;width:100%}.grid{stroke:var(--rule);fill:none}.guide{stroke:var(--soft);stroke-dasharray:4 4;fill:none}
.line{stroke:var(--accent);stroke-width:2;fill:none}.dot{fill:var(--accent)}.tick{fill:var(--soft);font-size:10.5px}
.title{fill:var(--ink);font-size:12px}pre{background:color-mix(in srgb,var(--ink) 7%,var(--paper));overflow-x:auto;
padding:.8rem}
"""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay rows out below their headings; a wide table scrolls by itself."""
    cells = "".join("<tr>" + "".join(f"<td>{_keep_markup(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    names = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    return f'<div class="wide"><table><tr>{names}</tr>{cells}</table></div>'


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def _keep_markup(cell: str) -> str:
    return cell if isinstance(cell, Markup) else escape(cell)


def verdict(*, is_passed: bool | None) -> str:
    """Say passed or failed in color and in words; nothing where nothing was asked."""
    if is_passed is None:
        return ""
    return Markup('<span class="good">passed</span>' if is_passed else '<span class="bad">failed</span>')


def read_line(text: str) -> str:
    """Tell below a figure how to read it."""
    return f'<p class="read">{escape(text)}</p>'


def show_interval(interval: Interval) -> str:
    """Write a figure with its bounds."""
    return f"{show(interval.value)} ({show(interval.low)} to {show(interval.high)})"


def show(value: float) -> str:
    """Write a figure to three places."""
    return "not defined" if np.isnan(value) else f"{value:.3f}"
