"""Whether one system is better than another, or only luckier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from collections.abc import Mapping

N_PERMUTATIONS: Final = 9_999


def paired_permutation_p(scores: np.ndarray, others: np.ndarray, rng: np.random.Generator) -> float:
    """Test the mean difference of paired scores by swapping the two within pairs at random.

    Args:
        scores: one per query, shape (n_queries,).
        others: those of the other system for the same queries.
        rng: draws the swaps where there are more than 9,999 ways of swapping.

    Returns:
        Two-sided p within (0, 1]; 1 if all differences are 0.

    Raises:
        ValueError: the shapes differ.
    """
    if scores.shape != others.shape:
        raise ValueError(f"scores must pair up, got shapes {scores.shape} and {others.shape}")
    if np.allclose(scores, others):
        return 1.0
    test = stats.permutation_test(
        (scores, others),
        lambda x, y, axis: np.mean(x - y, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=N_PERMUTATIONS,
        rng=rng,
    )
    return float(test.pvalue)


def correct_by_holm(p_by_name: Mapping[str, float]) -> dict[str, float]:
    """Correct several tests so that the chance of any false alarm stays below the level.

    Returns:
        Adjusted p by name, in the order given, never below the raw one.

    Source:
        Holm (1979), Scandinavian Journal of Statistics 6(2).
    """
    adjusted: dict[str, float] = {}
    largest = 0.0
    for rank, name in enumerate(sorted(p_by_name, key=lambda name: p_by_name[name])):
        largest = max(largest, min(1.0, p_by_name[name] * (len(p_by_name) - rank)))
        adjusted[name] = largest
    return {name: adjusted[name] for name in p_by_name}
