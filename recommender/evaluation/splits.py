"""Folds and resamples that keep an artist's tracks together, as tracks of one artist are no independent evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence


def split_by_group(groups: Sequence[Hashable], n_folds: int, rng: np.random.Generator) -> np.ndarray:
    """Deal groups into folds of about equal size, the largest group first, always into the smallest fold.

    Args:
        groups: group of each row, such as its artist.
        n_folds: at least 2.
        rng: breaks ties between groups of equal size.

    Returns:
        Fold of each row, 0 to n_folds - 1, shape (n_rows,); no group lies in two.

    Raises:
        ValueError: there are fewer groups than folds, or fewer than two folds.
    """
    codes, sizes = _count_groups(groups)
    if not 2 <= n_folds <= len(sizes):  # noqa: PLR2004 (a split has two parts)
        raise ValueError(f"n_folds must lie within 2 and the number of groups, {len(sizes)}, got {n_folds!r}")
    shuffled = rng.permutation(len(sizes))
    fold_of_group = np.zeros(len(sizes), dtype=np.int64)
    fold_sizes = np.zeros(n_folds, dtype=np.int64)
    for group in shuffled[np.argsort(-sizes[shuffled], kind="stable")]:
        fold_of_group[group] = fold_sizes.argmin()
        fold_sizes[fold_of_group[group]] += sizes[group]
    return np.asarray(fold_of_group[codes])


def find_split_groups(groups: Sequence[Hashable], folds: np.ndarray) -> set[Hashable]:
    """Find groups that lie in more than one fold, so that a model was tested on what it had heard."""
    fold_by_group: dict[Hashable, int] = {}
    return {
        group
        for group, fold in zip(groups, folds.tolist(), strict=True)
        if fold_by_group.setdefault(group, fold) != fold
    }


def resample_groups(groups: Sequence[Hashable], n_resamples: int, rng: np.random.Generator) -> np.ndarray:
    """Draw as many groups as there are, with replacement, for a cluster bootstrap.

    Returns:
        How often each row comes, shape (n_resamples, n_rows), int64.
    """
    codes, sizes = _count_groups(groups)
    n_groups = len(sizes)
    counts = rng.multinomial(n_groups, np.full(n_groups, 1.0 / n_groups), size=n_resamples)
    return np.asarray(counts[:, codes], dtype=np.int64)


def _count_groups(groups: Sequence[Hashable]) -> tuple[np.ndarray, np.ndarray]:
    code_by_group = {group: code for code, group in enumerate(dict.fromkeys(groups))}
    codes = np.array([code_by_group[group] for group in groups], dtype=np.int64)
    return codes, np.bincount(codes, minlength=len(code_by_group))
