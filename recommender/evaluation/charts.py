"""Draws figures with their intervals as SVG text: no library, no script, colors from the page in dark and light."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from recommender.evaluation.results import Figure

WIDTH: Final = 460
ROW_HEIGHT: Final = 24
NAMES_WIDTH: Final = 168
MARGIN: Final = 16
AXIS_HEIGHT: Final = 34
_N_STEPS: Final = 4


def draw_intervals(name: str, figures: Mapping[str, Figure], *, emphasized: str = "") -> str:
    """Draw a dot with its interval for each system, names to the left; figures that are nan keep an empty row.

    Args:
        name: read out in place of the plot.
        figures: by system, top first.
        emphasized: a system drawn in the accent color.
    """
    low, high = _span(figures)
    bottom = MARGIN + ROW_HEIGHT * len(figures)
    parts = [_draw_axis(low, high, bottom)]
    for row, (system, figure) in enumerate(figures.items()):
        y = MARGIN + ROW_HEIGHT * (row + 0.5)
        kind = "ours" if system == emphasized else "other"
        parts.append(f'<text class="name" x="{NAMES_WIDTH - 8}" y="{y + 4:.1f}">{escape(system)}</text>')
        if np.isfinite(figure.value):
            parts.append(_draw_figure(figure, kind, y, low, high))
    height = bottom + AXIS_HEIGHT
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(name)}">{"".join(parts)}</svg>'


def _draw_figure(figure: Figure, kind: str, y: float, low: float, high: float) -> str:
    x = _place(figure.value, low, high)
    dot = f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="4.5"/>'
    if figure.low is None or figure.high is None:
        return dot
    start, end = _place(figure.low, low, high), _place(figure.high, low, high)
    return f'<path class="{kind}" d="M{start:.1f} {y:.1f}H{end:.1f}"/>{dot}'


def _draw_axis(low: float, high: float, bottom: float) -> str:
    parts = []
    for value in np.linspace(low, high, _N_STEPS + 1):
        x = _place(float(value), low, high)
        parts.append(f'<path class="grid" d="M{x:.1f} {MARGIN}V{bottom}"/>')
        parts.append(f'<text class="tick" x="{x:.1f}" y="{bottom + 16}">{value:.3g}</text>')
    return "".join(parts)


def _place(value: float, low: float, high: float) -> float:
    return NAMES_WIDTH + (value - low) / (high - low) * (WIDTH - NAMES_WIDTH - MARGIN)


def _span(figures: Mapping[str, Figure]) -> tuple[float, float]:
    """Find round bounds that hold every interval: from 0 for what cannot be negative, unless all lies far from it."""
    ends = [end for one in figures.values() for end in (one.value, one.low, one.high) if end is not None]
    known = [end for end in ends if np.isfinite(end)] or [0.0, 1.0]
    least, most = min(known), max(known)
    if 0 <= least < most <= 1:
        return 0.0, 1.0
    room = (most - least or 1.0) * 0.05
    step = 10.0 ** np.floor(np.log10(most - least + 2 * room)) / 2
    return float(np.floor((least - room) / step) * step), float(np.ceil((most + room) / step) * step)
