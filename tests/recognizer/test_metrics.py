"""Metrics against scikit-learn, against their formulas restated naively, and against cases worked by hand."""

from __future__ import annotations

import doctest
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from recognizer import metrics

NO_LABELS = np.zeros(0, dtype=np.int64)
NO_POSTERIORS = np.zeros((0, 4))


def draw_labels(seed, n_clips=200, n_labels=4):
    rng = np.random.default_rng(seed)
    return rng.integers(n_labels, size=n_clips), rng.integers(n_labels, size=n_clips)


def draw_posteriors(seed, n_clips=200, n_labels=4):
    rng = np.random.default_rng(seed)
    posteriors = rng.dirichlet(np.ones(n_labels), size=n_clips)
    truth = np.array([rng.choice(n_labels, p=row) for row in posteriors])
    return truth, posteriors


@given(st.integers(0, 1000), st.integers(1, 60))
def test_label_metrics_agree_with_scikit_learn(seed, n_clips):
    truth, predicted = draw_labels(seed, n_clips)
    occurring = np.unique(truth)

    assert metrics.accuracy(truth, predicted) == pytest.approx(sklearn_metrics.accuracy_score(truth, predicted))
    assert metrics.macro_f1(truth, predicted) == pytest.approx(
        sklearn_metrics.f1_score(truth, predicted, average="macro", zero_division=0)
    )
    assert metrics.uar(truth, predicted) == pytest.approx(
        sklearn_metrics.recall_score(truth, predicted, average="macro", labels=occurring, zero_division=0)
    )


def test_confusion_matrix_has_the_truth_in_its_rows():
    truth, predicted = draw_labels(0)

    confusion = metrics.confusion_matrix(truth, predicted, 4)

    np.testing.assert_array_equal(confusion, sklearn_metrics.confusion_matrix(truth, predicted))


def test_confusion_matrix_refuses_a_label_beyond_the_last():
    with pytest.raises(ValueError, match="label 4 given, expected labels below 4"):
        metrics.confusion_matrix(np.array([0, 4]), np.array([0, 1]), 4)


@pytest.mark.parametrize("decimals", [1, 6])
def test_roc_auc_agrees_with_scikit_learn_with_and_without_ties(decimals):
    truth, posteriors = draw_posteriors(1)
    posteriors = np.round(posteriors, decimals)
    expected = np.mean([sklearn_metrics.roc_auc_score(truth == k, posteriors[:, k]) for k in range(4)])

    assert metrics.roc_auc_ovr(truth, posteriors) == pytest.approx(expected)


def test_roc_auc_leaves_out_a_label_that_no_clip_has():
    truth, posteriors = draw_posteriors(2)
    truth[truth == 3] = 0
    expected = np.mean([sklearn_metrics.roc_auc_score(truth == k, posteriors[:, k]) for k in range(3)])

    assert metrics.roc_auc_ovr(truth, posteriors) == pytest.approx(expected)


def test_roc_auc_of_a_single_label_is_undefined():
    assert math.isnan(metrics.roc_auc_ovr(np.array([1, 1]), np.full((2, 4), 0.25)))


@given(st.integers(0, 1000), st.sampled_from([1, 7, 15]))
def test_ece_is_its_formula(seed, n_bins):
    truth, posteriors = draw_posteriors(seed)
    confidence, is_correct = posteriors.max(axis=1), posteriors.argmax(axis=1) == truth
    expected = 0.0
    for index in range(n_bins):
        inside = (confidence > index / n_bins) & (confidence <= (index + 1) / n_bins)
        if inside.any():
            expected += inside.mean() * abs(is_correct[inside].mean() - confidence[inside].mean())

    assert metrics.ece(truth, posteriors, n_bins=n_bins) == pytest.approx(expected)


def test_ece_of_sure_and_right_is_zero():
    assert metrics.ece(np.array([0, 1]), np.eye(2)) == 0.0


def test_nll_and_brier_agree_with_scikit_learn():
    truth, posteriors = draw_posteriors(3)

    assert metrics.nll(truth, posteriors) == pytest.approx(sklearn_metrics.log_loss(truth, posteriors))
    assert metrics.brier(truth, posteriors) == pytest.approx(
        sklearn_metrics.brier_score_loss(truth, posteriors, scale_by_half=False)
    )


def test_nll_of_a_sure_mistake_is_large_and_finite():
    assert metrics.nll(np.array([1]), np.array([[1.0, 0.0]])) == pytest.approx(-math.log(1e-12))


def test_risk_coverage_curve_of_a_case_worked_by_hand():
    is_correct = np.array([True, False, True, False])

    coverage, risk = metrics.risk_coverage_curve(is_correct, np.array([4.0, 3.0, 2.0, 1.0]))

    np.testing.assert_allclose(coverage, [0.25, 0.5, 0.75, 1.0])
    np.testing.assert_allclose(risk, [0, 1 / 2, 1 / 3, 1 / 2])
    assert metrics.aurc(is_correct, np.array([4.0, 3.0, 2.0, 1.0])) == pytest.approx((1 / 2 + 1 / 3 + 1 / 2) / 4)


@given(st.integers(0, 1000))
def test_aurc_does_not_depend_on_the_order_of_the_clips(seed):
    rng = np.random.default_rng(seed)
    is_correct, sureness = rng.random(50) < 0.7, rng.integers(5, size=50).astype(float)
    order = rng.permutation(50)

    shuffled = metrics.aurc(is_correct[order], sureness[order])

    assert shuffled == pytest.approx(metrics.aurc(is_correct, sureness))


def test_aurc_of_useless_sureness_is_the_error_rate():
    is_correct = np.array([True, False, True, True])

    assert metrics.aurc(is_correct, np.ones(4)) == pytest.approx(0.25)


@given(st.integers(0, 1000))
def test_no_order_has_a_lower_aurc_than_right_before_wrong(seed):
    rng = np.random.default_rng(seed)
    is_correct = rng.random(40) < 0.6

    best = metrics.aurc(is_correct, is_correct.astype(float))

    assert best <= metrics.aurc(is_correct, rng.random(40)) + 1e-12


@pytest.mark.parametrize("metric", [metrics.accuracy, metrics.uar, metrics.macro_f1])
def test_label_metrics_without_clips_are_undefined(metric):
    assert math.isnan(metric(NO_LABELS, NO_LABELS))


@pytest.mark.parametrize("metric", [metrics.roc_auc_ovr, metrics.ece, metrics.nll, metrics.brier])
def test_posterior_metrics_without_clips_are_undefined(metric):
    assert math.isnan(metric(NO_LABELS, NO_POSTERIORS))


def test_aurc_without_clips_is_undefined():
    assert math.isnan(metrics.aurc(np.zeros(0, dtype=bool), np.zeros(0)))


@pytest.mark.parametrize(
    "metric", [metrics.accuracy, metrics.uar, metrics.macro_f1, metrics.roc_auc_ovr, metrics.ece, metrics.nll]
)
def test_metrics_refuse_inputs_of_different_length(metric):
    with pytest.raises(ValueError, match="differ in length: 2 != 3"):
        metric(np.array([0, 1]), np.eye(3) if metric.__name__ in {"roc_auc_ovr", "ece", "nll"} else np.array([0, 1, 2]))


def test_docstring_examples_hold():
    failures, n_examples = doctest.testmod(metrics, extraglobs={"np": np})

    assert n_examples > 0
    assert failures == 0
