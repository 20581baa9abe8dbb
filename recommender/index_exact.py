"""Exact inner-product search by reading every vector: the yardstick of an index, and its answer to narrow filters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

# float32 sums of products of unit vectors differ by this much with the order of summing.
_ROUNDING: Final = 1e-6


def search_exactly(
    vectors: np.ndarray, query: np.ndarray, k: int, rows: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Find the rows with the largest inner product.

    Args:
        vectors: shape (n, d), float32.
        query: shape (d,), float32.
        k: how many.
        rows: positions to choose from, ascending; all where None.

    Returns:
        Positions, and inner products float32, both of shape (min(k, rows to choose from),), best first, ties by
        position.
    """
    products = (vectors if rows is None else vectors[rows]) @ query
    k = min(k, len(products))
    if k == 0:
        return np.empty(0, np.int64), np.empty(0, np.float32)
    threshold = products[np.argpartition(-products, k - 1)[k - 1]]
    # Equal tracks may differ in the last bit here; below, they do not.
    slack = _ROUNDING * max(1.0, float(np.abs(query).max()))
    promising = np.flatnonzero(products >= threshold - slack)
    return choose_best(vectors, query, k, promising if rows is None else rows[promising])


def choose_best(vectors: np.ndarray, query: np.ndarray, k: int, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rank some rows by their inner product in double precision; as `search_exactly`."""
    products = (vectors[rows].astype(np.float64) @ query.astype(np.float64)).astype(np.float32)
    order = np.lexsort((rows, -products))[:k]
    return rows[order], products[order]


def measure_recall(found: Sequence[np.ndarray], exact: Sequence[np.ndarray]) -> float:
    """Measure how much of the exact answers was found.

    A track counts as found if it is as similar as the last of the exact answer: which of equal tracks come is chance.

    Args:
        found: similarities of the tracks found, one array per query.
        exact: similarities of the exact answer, best first, one array per query.

    Returns:
        Mean over queries of the share found, within [0, 1]; nan for no query.

    Source: Aumüller, Bernhardsson and Faithfull (2020), ANN-Benchmarks, Information Systems 87, section 2.
    """
    shares = [
        min(1.0, np.count_nonzero(some >= best[-1] - _ROUNDING * max(1.0, abs(float(best[0])))) / len(best))
        for some, best in zip(found, exact, strict=True)
        if len(best)
    ]
    return float(np.mean(shares)) if shares else float("nan")
