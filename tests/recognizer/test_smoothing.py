from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognizer.smoothing import ExponentialSmoother, smooth


def draw_windows(seed, n_windows=12):
    rng = np.random.default_rng(seed)
    starts_s = np.cumsum(rng.uniform(0.1, 2.0, n_windows))
    return rng.dirichlet(np.ones(4), size=n_windows), starts_s, rng.random(n_windows)


@given(st.integers(0, 1000))
def test_streaming_equals_offline_exactly(seed):
    posteriors, starts_s, speech_shares = draw_windows(seed)
    smoother = ExponentialSmoother(tau_s=2.0)

    streamed = [
        smoother.update(posterior, dt_s=dt_s, speech_share=speech_share)
        for posterior, dt_s, speech_share in zip(posteriors, np.diff(starts_s, prepend=0.0), speech_shares, strict=True)
    ]

    np.testing.assert_array_equal(streamed, smooth(posteriors, starts_s, speech_shares, tau_s=2.0))


def test_smoothing_is_its_formula():
    posteriors, starts_s, speech_shares = draw_windows(0)
    expected = [posteriors[0]]
    for index in range(1, len(posteriors)):
        alpha = speech_shares[index] * (1 - math.exp(-(starts_s[index] - starts_s[index - 1]) / 3.0))
        expected.append(alpha * posteriors[index] + (1 - alpha) * expected[-1])

    np.testing.assert_allclose(smooth(posteriors, starts_s, speech_shares, tau_s=3.0), expected)


@given(st.integers(0, 1000))
def test_smoothed_posteriors_sum_to_one(seed):
    posteriors, starts_s, speech_shares = draw_windows(seed)

    np.testing.assert_allclose(smooth(posteriors, starts_s, speech_shares, tau_s=1.0).sum(axis=1), 1.0)


@given(st.integers(0, 1000))
def test_a_constant_stays_itself(seed):
    posteriors, starts_s, speech_shares = draw_windows(seed)
    constant = np.broadcast_to(posteriors[0], posteriors.shape)

    np.testing.assert_array_equal(smooth(constant, starts_s, speech_shares, tau_s=1.0), constant)


def test_a_window_without_speech_changes_nothing():
    smoother = ExponentialSmoother(tau_s=1.0)
    before = smoother.update(np.array([1.0, 0, 0, 0]), dt_s=0.0)

    after = smoother.update(np.array([0, 1.0, 0, 0]), dt_s=1.5, speech_share=0.0)

    np.testing.assert_array_equal(after, before)


def test_no_windows_give_no_posteriors():
    assert smooth(np.zeros((0, 4)), [], [], tau_s=1.0).shape == (0, 4)


def test_smoother_refuses_a_time_constant_of_nothing():
    with pytest.raises(ValueError, match=r"expected tau_s above 0, got 0\.0"):
        ExponentialSmoother(tau_s=0.0)
