"""Pieces of HTML that every section of a report's page is made of."""

from __future__ import annotations

import re
from dataclasses import dataclass
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
body{background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;
padding:0 1rem}
h1,h2,h3{line-height:1.2}h2{border-top:1px solid var(--rule);margin-top:2.5rem;padding-top:1.2rem}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:.6rem 0}
th,td{border-bottom:1px solid var(--rule);padding:.25rem .7rem;text-align:left}
td{white-space:nowrap}.prose td:last-child{white-space:normal;min-width:20rem}td.n{text-align:right}
.dense td,.dense th{padding:.25rem .5rem;vertical-align:top}
.dense td:first-child,.dense th:first-child{background:var(--paper);left:0;max-width:11rem;min-width:min(10rem,24vw);
overflow-wrap:anywhere;position:sticky;white-space:normal}
.wide{overflow-x:auto}.read{color:var(--soft);font-size:.9rem;margin:.2rem 0 1rem}.good{color:var(--good)}
.bad{color:var(--bad)}.plots{display:grid;gap:1.2rem;
grid-template-columns:repeat(auto-fill,minmax(min(21rem,100%),1fr))}figure{margin:0;max-width:30rem}
svg{height:auto;width:100%}.grid{stroke:var(--rule);fill:none}.guide{stroke:var(--soft);stroke-dasharray:4 4;fill:none}
.line{stroke:var(--accent);stroke-width:2;fill:none}.dot{fill:var(--accent)}.tick{fill:var(--soft);font-size:10.5px}
.bound{stroke:var(--accent);stroke-width:1.5;opacity:.55;fill:none}.title{fill:var(--ink);font-size:12px}
small{color:var(--soft);display:block;font-size:.78rem}
tr.beside td{color:var(--soft)}nav ul{columns:16rem;padding-left:1.2rem}a{color:var(--accent)}
h2,h3{overflow-wrap:anywhere}pre{background:color-mix(in srgb,var(--ink) 7%,var(--paper));overflow-x:auto;
padding:.8rem}
"""


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, ends_in_prose: bool = False) -> str:
    """Lay rows out below their headings; a wide table scrolls by itself, and only prose in its last column wraps."""
    attributes = ' class="prose"' if ends_in_prose else ""
    return _wrap_table(attributes, head, "".join(f"<tr>{_lay_out(row)}</tr>" for row in rows))


def dense_table(head: Sequence[str], rows: Iterable[Sequence[str]], *, beside: Iterable[Sequence[str]] = ()) -> str:
    """Lay out rows of many figures, then paler ones to hold them against; their names stay while the rest scrolls."""
    cells = "".join(f"<tr>{_lay_out(row)}</tr>" for row in rows)
    paler = "".join(f'<tr class="beside">{_lay_out(row)}</tr>' for row in beside)
    return _wrap_table(' class="dense"', head, cells + paler)


@dataclass(frozen=True)
class Section:
    """A part of the page with a line in the contents.

    Attributes:
        title: its heading.
        body: HTML below it; empty for a part that has nothing to say and is left out.
    """

    title: str
    body: str

    @property
    def anchor(self) -> str:
        """What the contents point to."""
        return "-".join(re.findall(r"[a-z0-9]+", self.title.lower()))

    def render(self) -> str:
        """Return the part as HTML."""
        return f'<section><h2 id="{self.anchor}">{escape(self.title)}</h2>{self.body}</section>'


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def _wrap_table(attributes: str, head: Sequence[str], cells: str) -> str:
    names = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    return f'<div class="wide" tabindex="0"><table{attributes}><tr>{names}</tr>{cells}</table></div>'


def _lay_out(row: Sequence[str]) -> str:
    return "".join(f"<td>{_keep_markup(cell)}</td>" for cell in row)


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


def show_bounds(interval: Interval) -> str:
    """Write the bounds alone; one speaker gives none."""
    return "none" if np.isnan(interval.low) else f"{show(interval.low)} to {show(interval.high)}"


def show_briefly(interval: Interval, below: str = "") -> Markup:
    """Write a figure with its bounds in a line below, and perhaps more."""
    bounds = "" if np.isnan(interval.low) else f"<small>{show_bounds(interval)}</small>"
    return Markup(f"{show(interval.value)}{bounds}{below}")


def show_difference(interval: Interval, verdict_: str, *, is_good: bool | None, below: str = "") -> Markup:
    """Write a difference in small, signed, with a verdict on it and its bounds in lines below."""
    if np.isnan(interval.value):
        return Markup("<small>not defined</small>")
    color = "" if is_good is None else f' class="{"good" if is_good else "bad"}"'
    bounds = "" if np.isnan(interval.low) else f"<small>{interval.low:+.3f} to {interval.high:+.3f}</small>"
    return Markup(
        f"<small>{interval.value:+.3f} <span{color}>{escape(verdict_)}</span></small>{bounds}"
        + (f"<small>{escape(below)}</small>" if below else "")
    )


def show(value: float) -> str:
    """Write a figure to three places."""
    return "not defined" if np.isnan(value) else f"{value:.3f}"
