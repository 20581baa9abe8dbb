from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.evaluation.splits import find_split_groups, resample_groups, split_by_group

group_lists = st.lists(st.sampled_from("abcdefghij"), min_size=1, max_size=60)


@given(group_lists, st.integers(2, 5), st.integers(0, 99))
def test_no_group_lies_in_two_folds_and_no_fold_is_empty(groups, n_folds, seed):
    if len(set(groups)) < n_folds:
        with pytest.raises(ValueError, match="n_folds must lie within 2 and the number of groups"):
            split_by_group(groups, n_folds, np.random.default_rng(seed))
        return

    folds = split_by_group(groups, n_folds, np.random.default_rng(seed))

    assert find_split_groups(groups, folds) == set()
    assert set(folds.tolist()) == set(range(n_folds))
    assert max(Counter(folds.tolist()).values()) - min(Counter(folds.tolist()).values()) <= max(
        Counter(groups).values()
    )


def test_one_fold_is_no_split():
    with pytest.raises(ValueError, match="got 1"):
        split_by_group("abc", 1, np.random.default_rng(0))


def test_a_group_in_two_folds_is_found():
    assert find_split_groups(["a", "b", "a"], np.array([0, 1, 1])) == {"a"}


@given(group_lists, st.integers(0, 99))
def test_resampling_draws_as_many_groups_as_there_are_and_each_whole(groups, seed):
    counts = resample_groups(groups, 5, np.random.default_rng(seed))

    for row in counts:
        count_by_group = dict(zip(groups, row.tolist(), strict=True))
        assert [count_by_group[group] for group in groups] == row.tolist()
        assert sum(count_by_group.values()) == len(set(groups))
