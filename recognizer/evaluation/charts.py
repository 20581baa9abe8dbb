"""Draws the report's plots as SVG text: no library, no script, colors from the page, so dark and light both work."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH: Final = 420
HEIGHT: Final = 300
MARGIN_LEFT: Final = 52
MARGIN_RIGHT: Final = 14
MARGIN_TOP: Final = 12
MARGIN_BOTTOM: Final = 46
ROW_HEIGHT: Final = 15
MAX_CURVE_POINTS: Final = 200


@dataclass(frozen=True)
class Axis:
    """One direction of a plot.

    Attributes:
        title: what is shown, with its unit.
        low: value at its start.
        high: value at its end.
        n_steps: intervals between ticks.
    """

    title: str
    low: float = 0.0
    high: float = 1.0
    n_steps: int = 5

    def place(self, value: float, start: float, end: float) -> float:
        """Return where a value lies between two pixels."""
        return start + (value - self.low) / (self.high - self.low) * (end - start)


def draw_curve(  # noqa: PLR0913 - a plot has as many parts
    name: str,
    x_axis: Axis,
    y_axis: Axis,
    points: Sequence[tuple[float, float]],
    *,
    bounds: Sequence[tuple[float, float]] = (),
    diagonal: bool = False,
    marks: bool = False,
) -> str:
    """Draw one line through points.

    Args:
        name: read out in place of the plot.
        x_axis: to the right.
        y_axis: upwards.
        points: in order; long lines are thinned, points that are nan left out.
        bounds: low and high of each point's interval, drawn through it; none for a bare line.
        diagonal: draw the line y = x too, where a perfect model would lie.
        marks: put a dot on each point.
    """
    known = [point for point in _thin(points) if not np.isnan(point).any()]
    placed = [_place(x_axis, y_axis, point) for point in known]
    parts = [_draw_frame(x_axis, y_axis)]
    if diagonal:
        start, end = _place(x_axis, y_axis, (0.0, 0.0)), _place(x_axis, y_axis, (1.0, 1.0))
        parts.append(f'<path class="guide" d="M{start[0]:.1f} {start[1]:.1f}L{end[0]:.1f} {end[1]:.1f}"/>')
    for (x, _), ends in zip(points, bounds, strict=bool(bounds)):
        if not np.isnan(ends).any():
            (left, low), (_, high) = (_place(x_axis, y_axis, (x, end)) for end in ends)
            parts.append(f'<path class="bound" d="M{left:.1f} {low:.1f}V{high:.1f}"/>')
    if placed:
        parts.append('<path class="line" d="M' + "L".join(f"{x:.1f} {y:.1f}" for x, y in placed) + '"/>')
    if marks:
        parts += [f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>' for x, y in placed]
    return _wrap(name, HEIGHT, parts)


def fit_axis(title: str, values: Sequence[float]) -> Axis:
    """Return an axis of whole tenths that holds all values but nan."""
    known = [value for value in values if not np.isnan(value)] or [0.0, 1.0]
    low, high = np.floor(10 * min(known)) / 10, np.ceil(10 * max(known)) / 10
    high = max(high, low + 0.1)
    return Axis(title, float(low), float(high), n_steps=max(round(10 * (high - low)), 2))


def draw_rows(name: str, axis: Axis, rows: Sequence[tuple[str, float]]) -> str:
    """Draw one dot a row, names to the left; rows that are nan keep an empty place."""
    height = MARGIN_TOP + ROW_HEIGHT * len(rows) + MARGIN_BOTTOM
    bottom, right = height - MARGIN_BOTTOM, WIDTH - MARGIN_RIGHT
    left = MARGIN_LEFT + 60
    parts = [_draw_x_ticks(axis, left, right, bottom)]
    for number, (label, value) in enumerate(rows):
        y = MARGIN_TOP + ROW_HEIGHT * (number + 0.5)
        parts.append(f'<text class="tick" x="{left - 6}" y="{y + 3.5:.1f}" text-anchor="end">{escape(label)}</text>')
        parts.append(f'<path class="grid" d="M{left} {y:.1f}H{right}"/>')
        if not np.isnan(value):
            parts.append(f'<circle class="dot" cx="{axis.place(value, left, right):.1f}" cy="{y:.1f}" r="4"/>')
    return _wrap(name, height, parts)


def _draw_frame(x_axis: Axis, y_axis: Axis) -> str:
    bottom, right = HEIGHT - MARGIN_BOTTOM, WIDTH - MARGIN_RIGHT
    parts = [_draw_x_ticks(x_axis, MARGIN_LEFT, right, bottom)]
    for value in np.linspace(y_axis.low, y_axis.high, y_axis.n_steps + 1):
        y = y_axis.place(float(value), bottom, MARGIN_TOP)
        parts.append(f'<path class="grid" d="M{MARGIN_LEFT} {y:.1f}H{right}"/>')
        parts.append(f'<text class="tick" x="{MARGIN_LEFT - 6}" y="{y + 3.5:.1f}" text-anchor="end">{value:.3g}</text>')
    middle = (MARGIN_TOP + bottom) / 2
    parts.append(
        f'<text class="title" transform="translate(13 {middle:.1f}) rotate(-90)" text-anchor="middle">'
        f"{escape(y_axis.title)}</text>"
    )
    return "".join(parts)


def _draw_x_ticks(axis: Axis, left: float, right: float, bottom: float) -> str:
    parts = []
    for value in np.linspace(axis.low, axis.high, axis.n_steps + 1):
        x = axis.place(float(value), left, right)
        parts.append(f'<path class="grid" d="M{x:.1f} {MARGIN_TOP}V{bottom:.1f}"/>')
        parts.append(f'<text class="tick" x="{x:.1f}" y="{bottom + 16:.1f}" text-anchor="middle">{value:.3g}</text>')
    middle = (left + right) / 2
    parts.append(
        f'<text class="title" x="{middle:.1f}" y="{bottom + 36:.1f}" text-anchor="middle">{escape(axis.title)}</text>'
    )
    return "".join(parts)


def _place(x_axis: Axis, y_axis: Axis, point: tuple[float, float]) -> tuple[float, float]:
    x = x_axis.place(point[0], MARGIN_LEFT, WIDTH - MARGIN_RIGHT)
    return x, y_axis.place(point[1], HEIGHT - MARGIN_BOTTOM, MARGIN_TOP)


def _thin(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    if len(points) <= MAX_CURVE_POINTS:
        return list(points)
    return [points[index] for index in np.unique(np.linspace(0, len(points) - 1, MAX_CURVE_POINTS).astype(int))]


def _wrap(name: str, height: float, parts: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(name)}">{"".join(parts)}</svg>'
