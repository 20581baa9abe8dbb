from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.optimize import minimize

from recognizer.calibration import (
    Confidence,
    apply_temperature,
    build_conformal_sets,
    choose_margin_threshold,
    compute_distance,
    compute_margin,
    fit_conformal_quantile,
    fit_largest_distance,
    fit_temperature,
    fit_temperatures,
)
from recognizer.metrics import nll

logits_arrays = hnp.arrays(np.float64, st.tuples(st.integers(1, 8), st.just(4)), elements=st.floats(-30, 30, width=32))


def draw_logits(seed, n_clips=2000, scale=1.0):
    """Logits whose truth is drawn from softmax(logits), then scaled: the right temperature is the scale."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=2.0, size=(n_clips, 4))
    truth = np.array([rng.choice(4, p=row) for row in apply_temperature(logits, 1.0)])
    return scale * logits, truth


@given(logits_arrays, st.floats(0.5, 5.0))
def test_temperature_keeps_the_order_of_the_labels(logits, temperature):
    ranked = np.take_along_axis(apply_temperature(logits, temperature), np.argsort(logits), axis=-1)

    assert np.all(np.diff(ranked) >= 0)


@given(logits_arrays, st.floats(0.5, 5.0))
def test_posteriors_sum_to_one(logits, temperature):
    np.testing.assert_allclose(apply_temperature(logits, temperature).sum(axis=-1), 1.0)


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
def test_fitted_temperature_finds_the_scale_of_the_logits(scale):
    logits, truth = draw_logits(0, scale=scale)

    assert fit_temperature(logits, truth) == pytest.approx(scale, rel=0.1)


def test_no_other_temperature_has_a_lower_nll():
    logits, truth = draw_logits(1, n_clips=300, scale=2.0)
    other = minimize(lambda t: nll(truth, apply_temperature(logits, float(t[0]))), [1.0], method="Nelder-Mead")

    fitted = fit_temperature(logits, truth)

    assert nll(truth, apply_temperature(logits, fitted)) == pytest.approx(other.fun, abs=1e-6)


def test_temperature_cannot_be_fitted_without_clips():
    with pytest.raises(ValueError, match="got 0 and 0"):
        fit_temperature(np.zeros((0, 4)), np.zeros(0, dtype=int))


def test_margin_is_the_gap_between_the_two_largest():
    logits = np.array([[1.0, 4.0, 2.5, -9.0], [3.0, 3.0, 0.0, 0.0]])

    np.testing.assert_allclose(compute_margin(logits), [1.5, 0.0])


def test_threshold_is_the_lowest_that_reaches_the_target():
    margins = np.array([1.0, 2.0, 3.0, 4.0])
    is_correct = np.array([False, True, False, True])

    assert choose_margin_threshold(margins, is_correct, target_accuracy=0.6) == 2.0
    assert choose_margin_threshold(margins, is_correct, target_accuracy=0.5) == 0.0
    assert choose_margin_threshold(margins, is_correct, target_accuracy=1.0) == 4.0


def test_threshold_keeps_the_least_coverage_where_the_target_is_out_of_reach():
    margins = np.array([1.0, 2.0, 3.0, 4.0])

    chosen = choose_margin_threshold(margins, np.zeros(4, dtype=bool), target_accuracy=0.9, min_coverage=0.75)

    assert chosen == 2.0


def test_threshold_is_the_largest_margin_where_nothing_limits_the_search():
    chosen = choose_margin_threshold(np.array([1.0, 2.0]), np.zeros(2, dtype=bool), target_accuracy=0.9)

    assert chosen == 2.0


def test_threshold_cannot_be_chosen_from_inputs_of_different_length():
    with pytest.raises(ValueError, match="got 2, 1"):
        choose_margin_threshold(np.zeros(2), np.zeros(1, dtype=bool), target_accuracy=0.9)


def test_conformal_sets_hold_the_truth_as_often_as_promised():
    logits, truth = draw_logits(2, n_clips=4000)
    posteriors = apply_temperature(logits, 1.0)

    quantile = fit_conformal_quantile(posteriors[:2000], truth[:2000], miscoverage=0.1)
    sets = build_conformal_sets(posteriors[2000:], quantile)

    assert sets[np.arange(2000), truth[2000:]].mean() == pytest.approx(0.9, abs=0.02)
    assert sets.sum(axis=1).mean() < 4


def test_conformal_sets_hold_every_label_where_clips_are_too_few():
    posteriors = np.array([[0.7, 0.1, 0.1, 0.1]])

    quantile = fit_conformal_quantile(posteriors, np.array([0]), miscoverage=0.1)

    assert build_conformal_sets(posteriors, quantile).all()


def test_conformal_sets_are_never_empty():
    posteriors = np.array([[0.3, 0.3, 0.2, 0.2]])

    assert build_conformal_sets(posteriors, 0.0).sum() == 1


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), float("inf")])
def test_calibration_refuses_a_temperature_that_is_none(temperature):
    with pytest.raises(ValueError, match="expected a temperature above 0"):
        Confidence(temperature=temperature, margin_threshold=0.5)


@pytest.mark.parametrize("threshold", [-0.1, float("nan")])
def test_calibration_refuses_a_margin_threshold_that_is_none(threshold):
    with pytest.raises(ValueError, match="expected a margin threshold of 0 or more"):
        Confidence(temperature=1.0, margin_threshold=threshold)


def test_calibration_may_abstain_never():
    assert Confidence(temperature=1.0, margin_threshold=0.0).margin_threshold == 0.0


@pytest.mark.parametrize("quantile", [-0.1, 1.1, float("nan")])
def test_calibration_refuses_a_conformal_quantile_that_is_none(quantile):
    with pytest.raises(ValueError, match=r"expected a conformal quantile within \[0, 1\]"):
        Confidence(temperature=1.0, margin_threshold=0.0, conformal_quantile=quantile)


@pytest.mark.parametrize("distance", [0.0, -1.0, float("nan")])
def test_calibration_refuses_a_largest_distance_that_is_none(distance):
    with pytest.raises(ValueError, match="expected a largest distance above 0"):
        Confidence(temperature=1.0, margin_threshold=0.0, largest_distance=distance)


def test_distance_counts_in_standard_deviations_whatever_the_number_of_statistics():
    rng = np.random.default_rng(0)

    near = compute_distance(rng.standard_normal((50, 400)))
    far = compute_distance(3 * rng.standard_normal((50, 4000)))

    np.testing.assert_allclose(near, 1, atol=0.15)
    np.testing.assert_allclose(far, 3, atol=0.15)


def test_hardly_any_voice_like_those_learned_from_lies_too_far():
    rng = np.random.default_rng(0)
    distances = rng.gamma(50.0, 0.02, 5000)

    limit = fit_largest_distance(distances)

    assert (rng.gamma(50.0, 0.02, 5000) > limit).mean() < 0.001
    assert limit < 2 * np.median(distances)


def test_each_kind_of_recording_gets_the_temperature_it_needs():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 4, 4000)
    logits = 2.0 * np.eye(4)[truth] + rng.normal(size=(4000, 4))
    is_second = np.arange(4000) >= 2000
    shares = np.stack([~is_second, is_second, np.zeros(4000)], axis=1).astype(float)
    alone = [fit_temperature(logits[part], truth[part]) for part in (~is_second, is_second)]

    temperatures = fit_temperatures(logits * np.where(is_second, 3.0, 1.0)[:, None], shares, truth)

    assert temperatures[:2] == pytest.approx([alone[0], 3 * alone[1]], rel=0.01)
    assert temperatures[2] == pytest.approx(1.0)


def test_a_clip_of_two_kinds_has_the_mean_of_their_temperatures():
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 4, 4000)
    shares = rng.dirichlet((1.0, 1.0), 4000)
    calibrated = rng.normal(size=(4000, 4)) * 1.5
    truth = np.array([rng.choice(4, p=row) for row in apply_temperature(calibrated, 1.0)])

    temperatures = fit_temperatures(calibrated * (shares @ [0.5, 4.0])[:, None], shares, truth)

    assert temperatures == pytest.approx([0.5, 4.0], rel=0.15)
