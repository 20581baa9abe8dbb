from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.policies import EpsilonGreedy, Greedy, PlackettLuce, choose, choose_order, compute_order_propensities

VALUES = np.array([0.3, 1.0, -np.inf, 0.9, 0.1])
POLICIES = [Greedy(), PlackettLuce(0.2), PlackettLuce(0.05, n_choices=2), EpsilonGreedy(0.3), EpsilonGreedy(0.0)]


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
@given(st.lists(st.floats(-5, 5) | st.just(-np.inf), min_size=1, max_size=30).filter(lambda v: max(v) > -np.inf))
def test_propensities_are_a_distribution_over_what_may_come(policy, values):
    propensities = policy.compute_propensities(np.array(values))

    assert propensities.sum() == pytest.approx(1.0)
    assert (propensities >= 0).all()
    assert (propensities[np.isneginf(values)] == 0).all()


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_tracks_come_as_often_as_the_policy_says(policy):
    rng = np.random.default_rng(0)

    chosen = [choose(VALUES, policy, rng).position for _ in range(4_000)]

    assert np.bincount(chosen, minlength=5) / 4_000 == pytest.approx(policy.compute_propensities(VALUES), abs=0.03)


def test_plackett_luce_is_the_softmax_worked_by_hand():
    propensities = PlackettLuce(0.5).compute_propensities(np.array([1.0, 0.5]))

    assert propensities == pytest.approx([np.e / (np.e + 1), 1 / (np.e + 1)])


def test_only_the_best_may_come():
    assert np.flatnonzero(PlackettLuce(1.0, n_choices=2).compute_propensities(VALUES)).tolist() == [1, 3]
    assert EpsilonGreedy(0.5, n_choices=2).compute_propensities(VALUES) == pytest.approx([0, 0.75, 0, 0.25, 0])


@given(st.integers(0, 1_000), st.integers(1, 10))
def test_an_order_bears_the_odds_it_was_chosen_with(seed, k):
    policy = PlackettLuce(0.3)

    choices = choose_order(VALUES, k, policy, np.random.default_rng(seed))

    order = [choice.position for choice in choices]
    assert len(order) == len(set(order)) == min(k, 4)
    assert 2 not in order
    assert compute_order_propensities(VALUES, order, policy) == pytest.approx([c.propensity for c in choices])


def test_a_seed_gives_the_same_order_again():
    first, again = (choose_order(VALUES, 4, PlackettLuce(1.0), np.random.default_rng(3)) for _ in range(2))

    assert first == again


def test_the_name_tells_the_parameters():
    assert PlackettLuce(0.25, 5).name == "plackett-luce(temperature=0.25, choices=5)"
    assert EpsilonGreedy().name == "epsilon-greedy(epsilon=0.1, choices=20)"


@pytest.mark.parametrize(
    ("values", "complaint"),
    [([np.nan, 1.0], "finite or -inf"), ([np.inf], "finite or -inf"), ([-np.inf], "one candidate"), ([], "got 0")],
)
@pytest.mark.parametrize("policy", POLICIES[:2], ids=lambda policy: policy.name)
def test_values_that_leave_no_choice_are_refused(policy, values, complaint):
    with pytest.raises(ValueError, match=complaint):
        policy.compute_propensities(np.array(values))


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
def test_a_temperature_without_warmth_is_refused(temperature):
    with pytest.raises(ValueError, match="temperature must be above 0"):
        PlackettLuce(temperature)


def test_an_impossible_epsilon_is_refused():
    with pytest.raises(ValueError, match=r"epsilon must lie within \[0, 1\]"):
        EpsilonGreedy(1.5)
