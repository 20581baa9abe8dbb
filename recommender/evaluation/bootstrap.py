"""Intervals and tests over independent units such as actors or listeners, as many queries of one are one evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from recommender.evaluation.results import Comparison, Figure
from recommender.evaluation.significance import correct_by_holm, paired_permutation_p
from recommender.evaluation.splits import resample_groups

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence


def bound_mean(values: np.ndarray, units: Sequence[Hashable], n_resamples: int, rng: np.random.Generator) -> Figure:
    """Average values, with the percentile interval of a bootstrap over their units.

    Args:
        values: one a query, shape (n,); nan says nothing.
        units: what each query belongs to, such as its actor.
        n_resamples: of the bootstrap.
        rng: draws them.

    Returns:
        Mean over queries; no interval for fewer than two units, nan without values.
    """
    is_known = np.isfinite(values)
    kept = [unit for unit, known in zip(units, is_known.tolist(), strict=True) if known]
    known = values[is_known]
    if not kept:
        return Figure(float("nan"))
    mean = float(known.mean())
    if len(set(kept)) < 2:  # noqa: PLR2004 (one unit does not vary)
        return Figure(mean)
    counts = resample_groups(kept, n_resamples, rng)
    draws = counts @ known / counts.sum(axis=1)
    low, high = np.percentile(draws, [2.5, 97.5])
    return Figure(mean, float(low), float(high))


def mean_by_unit(values: np.ndarray, units: Sequence[Hashable]) -> np.ndarray:
    """Average values within each unit, in the order units first come; shape (n_units,), nan where one has none."""
    names = list(dict.fromkeys(units))
    code_by_unit = {name: code for code, name in enumerate(names)}
    codes = np.array([code_by_unit[unit] for unit in units], dtype=np.int64)
    is_known = np.isfinite(values)
    sums = np.bincount(codes[is_known], weights=values[is_known], minlength=len(names))
    counts = np.bincount(codes[is_known], minlength=len(names))
    return np.asarray(np.divide(sums, counts, out=np.full(len(names), np.nan), where=counts > 0))


def compare_by_unit(
    metric: str,
    pairs: Mapping[str, tuple[np.ndarray, np.ndarray]],
    units: Sequence[Hashable],
    rng: np.random.Generator,
) -> dict[str, Comparison]:
    """Compare pairs of systems by paired permutation of their means per unit, corrected together by Holm.

    Args:
        metric: what the values are.
        pairs: by name of the comparison, the values of both systems, one a query.
        units: what each query belongs to; the test swaps whole units.
        rng: draws the permutations.

    Returns:
        By name; the difference is first less second. A pair without a unit known to both is left out.
    """
    p_by_name, difference_by_name = {}, {}
    for name, (first, second) in pairs.items():
        ours, theirs = mean_by_unit(first, units), mean_by_unit(second, units)
        both = np.isfinite(ours) & np.isfinite(theirs)
        if both.any():
            difference_by_name[name] = float((ours[both] - theirs[both]).mean())
            p_by_name[name] = paired_permutation_p(ours[both], theirs[both], rng)
    p_holm = correct_by_holm(p_by_name)
    return {name: Comparison(metric, difference_by_name[name], p_by_name[name], p_holm[name]) for name in p_by_name}
