from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognizer.smoothing import ExponentialSmoother, HiddenMarkovFilter, Hysteresis, choose_labels, smooth

FILTERS = {
    "exponential": lambda: ExponentialSmoother(tau_s=2.0),
    "hidden Markov": lambda: HiddenMarkovFilter(dwell_s=8.0, window_s=3.0),
    "hidden Markov, dwell and prior by label": lambda: HiddenMarkovFilter(
        dwell_s=(5.0, 10.0, 4.0, 20.0), window_s=3.0, prior=np.array([0.2, 0.2, 0.2, 0.4])
    ),
}
any_filter = pytest.mark.parametrize("build", FILTERS.values(), ids=FILTERS)


def draw_windows(seed, n_windows=12):
    rng = np.random.default_rng(seed)
    starts_s = np.cumsum(rng.uniform(0.1, 2.0, n_windows))
    return rng.dirichlet(np.ones(4), size=n_windows), starts_s, rng.random(n_windows)


@any_filter
@given(seed=st.integers(0, 1000))
def test_streaming_equals_offline_exactly(build, seed):
    posteriors, starts_s, speech_shares = draw_windows(seed)
    streaming, hysteresis = build(), Hysteresis()
    dts_s = np.diff(starts_s, prepend=0.0)

    streamed = [
        streaming.update(posterior, dt_s=dt_s, speech_share=speech_share)
        for posterior, dt_s, speech_share in zip(posteriors, dts_s, speech_shares, strict=True)
    ]
    shown = [hysteresis.update(posterior, dt_s=dt_s) for posterior, dt_s in zip(streamed, dts_s, strict=True)]

    offline = smooth(posteriors, starts_s, speech_shares, build())
    np.testing.assert_array_equal(streamed, offline)
    assert shown == choose_labels(offline, starts_s, Hysteresis())


@any_filter
@given(seed=st.integers(0, 1000))
def test_filtered_posteriors_sum_to_one(build, seed):
    posteriors, starts_s, speech_shares = draw_windows(seed)

    np.testing.assert_allclose(smooth(posteriors, starts_s, speech_shares, build()).sum(axis=1), 1.0)


@any_filter
def test_no_windows_give_no_posteriors(build):
    assert smooth(np.zeros((0, 4)), [], [], build()).shape == (0, 4)


def test_exponential_smoothing_is_its_formula():
    posteriors, starts_s, speech_shares = draw_windows(0)
    expected = [posteriors[0]]
    for index in range(1, len(posteriors)):
        alpha = speech_shares[index] * (1 - math.exp(-(starts_s[index] - starts_s[index - 1]) / 3.0))
        expected.append(alpha * posteriors[index] + (1 - alpha) * expected[-1])

    np.testing.assert_allclose(smooth(posteriors, starts_s, speech_shares, ExponentialSmoother(3.0)), expected)


@given(st.integers(0, 1000))
def test_a_constant_stays_itself_under_exponential_smoothing(seed):
    posteriors, starts_s, speech_shares = draw_windows(seed)
    constant = np.broadcast_to(posteriors[0], posteriors.shape)

    np.testing.assert_array_equal(smooth(constant, starts_s, speech_shares, ExponentialSmoother(1.0)), constant)


def test_a_window_without_speech_changes_nothing_under_exponential_smoothing():
    smoother = ExponentialSmoother(tau_s=1.0)
    before = smoother.update(np.array([1.0, 0, 0, 0]), dt_s=0.0)

    after = smoother.update(np.array([0, 1.0, 0, 0]), dt_s=1.5, speech_share=0.0)

    np.testing.assert_array_equal(after, before)


def test_the_hidden_markov_filter_is_the_forward_pass():
    posteriors, starts_s, speech_shares = draw_windows(1)
    dwell_s, window_s = 6.0, 3.0
    belief = posteriors[0] ** speech_shares[0]
    expected = [belief / belief.sum()]
    for index in range(1, len(posteriors)):
        dt_s = starts_s[index] - starts_s[index - 1]
        stay = math.exp(-dt_s / dwell_s)
        transition = np.full((4, 4), (1 - stay) / 3) + np.eye(4) * (stay - (1 - stay) / 3)
        belief = transition.T @ expected[-1] * posteriors[index] ** (speech_shares[index] * min(1.0, dt_s / window_s))
        expected.append(belief / belief.sum())

    np.testing.assert_allclose(
        smooth(posteriors, starts_s, speech_shares, HiddenMarkovFilter(dwell_s, window_s)), expected
    )


def test_silence_lets_the_belief_in_a_mood_fade():
    hmm = HiddenMarkovFilter(dwell_s=8.0, window_s=3.0)
    before = hmm.update(np.array([0.97, 0.01, 0.01, 0.01]), dt_s=0.0)

    after = hmm.update(np.array([0.0, 1.0, 0.0, 0.0]), dt_s=3.0, speech_share=0.0)

    assert before[0] > after[0] > 0.6
    np.testing.assert_allclose(after[1:], after[1])


def test_one_odd_window_does_not_turn_a_belief_held_for_longer():
    calm, odd = np.array([0.02, 0.02, 0.02, 0.94]), np.array([0.15, 0.15, 0.5, 0.2])

    filtered = smooth(np.array([calm, calm, odd, calm]), [0.0, 3.0, 6.0, 9.0], np.ones(4), HiddenMarkovFilter(8.0, 3.0))

    assert filtered.argmax(axis=1).tolist() == [3, 3, 3, 3]


def test_a_mood_that_a_window_rules_out_can_come_back():
    hmm = HiddenMarkovFilter(dwell_s=8.0, window_s=3.0)
    hmm.update(np.array([1.0, 0.0, 0.0, 0.0]), dt_s=0.0)

    after = hmm.update(np.array([0.0, 1.0, 0.0, 0.0]), dt_s=3.0)

    assert after.argmax() == 1


def test_the_label_shown_changes_only_for_a_clear_lead():
    hysteresis = Hysteresis(min_lead=0.2)
    posteriors = np.array([[0.5, 0.3, 0.1, 0.1], [0.4, 0.5, 0.05, 0.05], [0.3, 0.6, 0.05, 0.05]])

    assert [hysteresis.update(posterior, dt_s=1.5) for posterior in posteriors] == [0, 0, 1]


def test_a_lead_must_last_as_long_as_asked():
    hysteresis = Hysteresis(min_lead=0.1, min_duration_s=3.0)
    happy, sad = np.array([0.9, 0.1, 0, 0]), np.array([0.1, 0.9, 0, 0])

    shown = [hysteresis.update(posterior, dt_s=1.5) for posterior in (happy, sad, sad, happy, sad, sad, sad)]

    assert shown == [0, 0, 0, 0, 0, 0, 1]


def test_smoother_refuses_a_time_constant_of_nothing():
    with pytest.raises(ValueError, match=r"expected tau_s above 0, got 0\.0"):
        ExponentialSmoother(tau_s=0.0)


@pytest.mark.parametrize(("dwell_s", "window_s"), [(0.0, 3.0), ((5.0, -1.0, 5.0, 5.0), 3.0), (5.0, 0.0)])
def test_hidden_markov_filter_refuses_times_of_nothing(dwell_s, window_s):
    with pytest.raises(ValueError, match="expected dwell_s and window_s above 0"):
        HiddenMarkovFilter(dwell_s, window_s)
