from __future__ import annotations

import math

import numpy as np
import pytest

from recommender.evaluation.bootstrap import bound_mean, compare_by_unit, mean_by_unit


def draw(seed=0):
    return np.random.default_rng(seed)


def test_the_mean_lies_within_its_interval_and_unknown_values_say_nothing():
    values = np.array([0.0, 1.0, 2.0, np.nan])

    figure = bound_mean(values, ["a", "b", "c", "c"], 200, draw())

    assert figure.value == 1.0
    assert 0.0 <= figure.low < 1.0 < figure.high <= 2.0


def test_one_unit_has_no_interval_and_no_unit_no_mean():
    assert bound_mean(np.array([1.0, 2.0]), "aa", 20, draw()).low is None
    assert math.isnan(bound_mean(np.array([np.nan]), "a", 20, draw()).value)


def test_units_are_averaged_in_the_order_they_come():
    means = mean_by_unit(np.array([4.0, 1.0, 3.0, np.nan]), ["b", "a", "a", "c"])

    assert means[:2].tolist() == [4.0, 2.0]
    assert math.isnan(means[2])


def test_many_queries_of_few_units_are_few_evidence():
    ours, theirs = np.ones(40), np.zeros(40)

    many = compare_by_unit("x", {"theirs": (ours, theirs)}, list(range(40)), draw())["theirs"]
    few = compare_by_unit("x", {"theirs": (ours, theirs)}, ["a", "b", "c"] * 13 + ["a"], draw())["theirs"]

    assert many.difference == few.difference == 1.0
    assert many.p < 0.001 < few.p == pytest.approx(0.25)


def test_comparisons_are_corrected_together():
    better, noise = np.linspace(0.5, 0.9, 12), draw().normal(size=12)
    pairs = {"clear": (better, better - 0.2), "unclear": (noise, draw(1).normal(size=12))}

    comparisons = compare_by_unit("x", pairs, list(range(12)), draw())

    assert comparisons["clear"].p_holm == pytest.approx(2 * comparisons["clear"].p)
    assert comparisons["unclear"].p_holm == comparisons["unclear"].p


def test_a_pair_that_shares_no_unit_is_left_out():
    assert compare_by_unit("x", {"none": (np.array([1.0, np.nan]), np.array([np.nan, 1.0]))}, "ab", draw()) == {}
