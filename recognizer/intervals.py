"""How far a figure can be trusted: bootstrap intervals over speakers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt


@dataclass(frozen=True)
class Interval:
    """A figure and the bounds of its bootstrap interval."""

    value: float
    low: float
    high: float


def bootstrap_over_groups(
    metric: Callable[[npt.NDArray[np.int64]], float],
    groups: npt.NDArray[Any],
    *,
    rng: np.random.Generator,
    n_resamples: int = 1000,
    level: float = 0.95,
) -> Interval:
    """Compute a metric and its percentile bootstrap interval, drawing whole groups with replacement.

    Clips of one speaker are alike, so drawing clips would give intervals that are too narrow: draw speakers.

    Args:
        metric: takes row numbers (with repeats) and gives the figure on those rows.
        groups: shape (n_clips,), the speaker of each clip.
        rng: source of chance.
        n_resamples: how often to draw.
        level: share of the resampled figures that lie within the bounds.

    Returns:
        The figure on all rows with its bounds; resamples on which the metric is nan are left out. The bounds are nan
        with fewer than two groups.

    Source: Davison and Hinkley (1997), Bootstrap Methods, section 3.8, resampling clusters.
    """
    value = metric(np.arange(len(groups)))
    names, group = np.unique(groups, return_inverse=True)
    if len(names) < 2:  # noqa: PLR2004 - one speaker says nothing about how speakers differ
        return Interval(value, float("nan"), float("nan"))
    rows_by_group = [np.flatnonzero(group == number) for number in range(len(names))]
    draws = rng.integers(len(names), size=(n_resamples, len(names)))
    figures = np.array([metric(np.concatenate([rows_by_group[number] for number in draw])) for draw in draws])
    defined = figures[~np.isnan(figures)]
    if not len(defined):
        return Interval(value, float("nan"), float("nan"))
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return Interval(value, float(low), float(high))
