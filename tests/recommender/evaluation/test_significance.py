from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.evaluation.significance import correct_by_holm, paired_permutation_p

p_values = st.dictionaries(st.sampled_from("abcdefgh"), st.floats(0.0, 1.0), min_size=1, max_size=8)


@given(st.lists(st.integers(-9, 9), min_size=2, max_size=8).filter(sum))
@settings(max_examples=30, deadline=None)
def test_few_pairs_are_swapped_in_every_way(differences):
    ours = np.array(differences, dtype=np.float64)
    observed = abs(ours.mean())
    means = [abs(np.mean(ours * signs)) for signs in product((1, -1), repeat=len(ours))]

    p = paired_permutation_p(ours, np.zeros(len(ours)), np.random.default_rng(0))

    assert p == pytest.approx(min(1.0, np.mean([mean >= observed - 1e-9 for mean in means])))


def test_equal_systems_do_not_differ():
    assert paired_permutation_p(np.ones(5), np.ones(5), np.random.default_rng(0)) == 1.0


def test_a_steady_lead_is_no_luck():
    ours = np.linspace(0.5, 0.9, 20)

    assert paired_permutation_p(ours, ours - 0.1, np.random.default_rng(0)) < 0.001


def test_scores_that_do_not_pair_up_are_refused():
    with pytest.raises(ValueError, match=r"must pair up, got shapes \(3,\) and \(2,\)"):
        paired_permutation_p(np.ones(3), np.ones(2), np.random.default_rng(0))


def test_holm_by_hand():
    assert correct_by_holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06})


@given(p_values)
def test_holm_keeps_the_order_and_stays_between_the_raw_p_and_bonferroni(p_by_name):
    adjusted = correct_by_holm(p_by_name)

    assert list(adjusted) == list(p_by_name)
    for name, p in p_by_name.items():
        assert p <= adjusted[name] <= min(1.0, p * len(p_by_name))
        assert all(adjusted[name] <= adjusted[other] for other in adjusted if p < p_by_name[other])
