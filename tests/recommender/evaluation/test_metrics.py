from __future__ import annotations

import doctest
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import ndcg_score

from recommender.affect import LABELS
from recommender.evaluation import metrics
from recommender.evaluation.metrics import (
    catalog_coverage,
    gini,
    intra_list_diversity,
    mood_mix_kl,
    ndcg_at_k,
    precision_at_k,
    reciprocal_rank,
)

# Grades on a grid: sums of subnormal numbers say nothing about the definition.
grades = st.integers(0, 20).map(lambda grade: grade / 20)
relevances = arrays(np.float64, st.integers(1, 30), elements=grades)
flags = arrays(np.bool_, st.integers(1, 30))
cutoffs = st.integers(1, 40)
mixes = st.lists(grades, min_size=4, max_size=4).filter(any).map(lambda values: dict(zip(LABELS, values, strict=True)))


def test_the_examples_in_the_docstrings_hold():
    results = doctest.testmod(metrics, extraglobs={"np": np})

    assert results.attempted >= 7
    assert results.failed == 0


@given(relevances, cutoffs)
def test_ndcg_agrees_with_the_formula_restated(relevance, k):
    gain = sum(value / math.log2(i + 2) for i, value in enumerate(relevance[:k]))
    ideal = sum(value / math.log2(i + 2) for i, value in enumerate(sorted(relevance, reverse=True)[:k]))

    assert ndcg_at_k(relevance, k) == pytest.approx(gain / ideal if ideal else math.nan, nan_ok=True)


@given(arrays(np.float64, st.integers(2, 30), elements=grades).filter(any), cutoffs)
def test_ndcg_agrees_with_scikit_learn(relevance, k):
    scores = np.arange(len(relevance), 0, -1.0)

    assert ndcg_at_k(relevance, k) == pytest.approx(ndcg_score([relevance], [scores], k=k))


@given(relevances.filter(any), cutoffs)
def test_ndcg_is_one_for_the_ideal_order_and_never_more(relevance, k):
    assert ndcg_at_k(np.sort(relevance)[::-1], k) == pytest.approx(1.0)
    assert 0.0 <= ndcg_at_k(relevance, k) <= 1.0 + 1e-12


def test_ndcg_of_nothing_relevant_is_undefined():
    assert math.isnan(ndcg_at_k(np.zeros(3), 2))
    assert math.isnan(ndcg_at_k(np.empty(0), 2))


@pytest.mark.parametrize("relevance", [[0.5, -0.1], [math.nan, 1.0], [math.inf]])
def test_ndcg_refuses_what_is_no_grade(relevance):
    with pytest.raises(ValueError, match="relevance must be finite and at least 0"):
        ndcg_at_k(np.array(relevance), 2)


@pytest.mark.parametrize("measure", [ndcg_at_k, precision_at_k])
def test_a_cutoff_below_one_is_refused(measure):
    with pytest.raises(ValueError, match="k must be at least 1, got 0"):
        measure(np.ones(3), 0)


@given(flags, cutoffs)
def test_precision_counts_the_relevant_places(is_relevant, k):
    assert precision_at_k(is_relevant, k) == sum(is_relevant.tolist()[:k]) / k


def test_precision_of_an_empty_list_is_undefined():
    assert math.isnan(precision_at_k(np.empty(0, bool), 3))


@given(flags)
def test_reciprocal_rank_finds_the_first_relevant_place(is_relevant):
    ranks = [rank for rank, relevant in enumerate(is_relevant, start=1) if relevant]

    assert reciprocal_rank(is_relevant) == pytest.approx(1 / ranks[0] if ranks else math.nan, nan_ok=True)


@given(st.lists(st.lists(st.integers(0, 9)), max_size=6))
def test_coverage_counts_each_track_once(playlists):
    assert catalog_coverage(playlists, 10) == len(set().union(*playlists)) / 10


def test_coverage_of_an_empty_catalog_is_undefined():
    assert math.isnan(catalog_coverage([], 0))


@given(arrays(np.int64, st.integers(1, 20), elements=st.integers(0, 50)))
def test_gini_is_half_the_mean_difference_over_the_mean(counts):
    n = len(counts)
    differences = sum(abs(int(a) - int(b)) for a in counts for b in counts)
    expected = differences / (2 * n * int(counts.sum())) if counts.sum() else math.nan

    assert gini(counts) == pytest.approx(expected, nan_ok=True)


@given(st.integers(1, 20), st.integers(1, 9))
def test_gini_is_zero_when_all_are_played_equally(n, plays):
    assert gini(np.full(n, plays)) == pytest.approx(0.0)


def test_gini_refuses_negative_counts():
    with pytest.raises(ValueError, match="counts must be at least 0, got -2"):
        gini(np.array([1, -2]))


@given(st.integers(2, 12), st.integers(0, 2**32 - 1))
def test_diversity_is_the_mean_over_pairs(n, seed):
    vectors = np.random.default_rng(seed).standard_normal((n, 4))
    unit = [vector / np.linalg.norm(vector) for vector in vectors]
    pairs = [1 - unit[i] @ unit[j] for i in range(n) for j in range(i)]

    assert intra_list_diversity(vectors) == pytest.approx(np.mean(pairs))


@given(st.integers(2, 12))
def test_a_list_of_one_direction_has_no_diversity(n):
    assert intra_list_diversity(np.outer(np.arange(1.0, n + 1), [3.0, 4.0])) == pytest.approx(0.0, abs=1e-12)


def test_diversity_needs_two_tracks():
    assert math.isnan(intra_list_diversity(np.ones((1, 4))))


@given(mixes, mixes)
def test_the_divergence_of_moods_agrees_with_the_formula_restated(posterior, mix):
    p = {label: value / sum(posterior.values()) for label, value in posterior.items()}
    q = {label: 0.99 * mix[label] / sum(mix.values()) + 0.01 * p[label] for label in LABELS}
    expected = sum(p[label] * math.log(p[label] / q[label]) for label in LABELS if p[label])

    assert mood_mix_kl(posterior, mix) == pytest.approx(expected, abs=1e-12)
    assert mood_mix_kl(posterior, mix) <= math.log(100) + 1e-9


@given(mixes)
def test_equal_moods_do_not_diverge(mix):
    assert mood_mix_kl(mix, mix) == pytest.approx(0.0, abs=1e-12)


def test_the_divergence_of_nothing_is_undefined():
    assert math.isnan(mood_mix_kl({"happy": 1.0}, {"happy": 0.0}))
    assert math.isnan(mood_mix_kl({"happy": 0.0}, {"happy": 1.0}))


def test_moods_over_other_labels_are_refused():
    with pytest.raises(ValueError, match=r"differ in labels: \['happy'\] != \['sad'\]"):
        mood_mix_kl({"happy": 1.0}, {"sad": 1.0})
