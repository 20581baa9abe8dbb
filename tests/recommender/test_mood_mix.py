from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.affect import LABELS
from recommender.evaluation.metrics import mood_mix_kl
from recommender.mood_mix import MAX_SHIFT_SD, MoodMix, build_mood_mix, mix_moods

WANTED = np.array([0.6, 0.4, 0.0, 0.0])


def draw_moods(n, seed=0):
    return np.random.default_rng(seed).dirichlet(np.ones(4), n)


def kl(wanted, mix):
    return mood_mix_kl(dict(zip(LABELS, wanted, strict=True)), dict(zip(LABELS, mix, strict=True)))


@given(st.integers(0, 5), st.integers(0, 1000))
def test_a_shift_is_what_the_track_changes_about_the_divergence(n_chosen, seed):
    moods = draw_moods(8, seed)
    chosen = np.arange(n_chosen)

    shifts = MoodMix(WANTED, moods, weight=0.01).compute_shifts(chosen)

    before = n_chosen * kl(WANTED, moods[chosen].mean(axis=0)) if n_chosen else 0.0
    after = [(n_chosen + 1) * kl(WANTED, moods[[*chosen, i]].mean(axis=0)) for i in range(8)]
    assert shifts == pytest.approx([0.01 * (before - one) for one in after], abs=1e-9)


def test_no_shift_exceeds_its_bound():
    moods = np.eye(4)

    shifts = MoodMix(WANTED, moods, weight=100.0).compute_shifts(np.array([0]))

    assert np.abs(shifts).max() == MAX_SHIFT_SD


def test_what_is_missing_most_is_worth_most():
    moods = np.array([[0.9, 0.1, 0.0, 0.0], [0.1, 0.9, 0.0, 0.0], [0.1, 0.1, 0.8, 0.0]])

    shifts = MoodMix(WANTED, moods, weight=0.1).compute_shifts(np.array([0, 0]))

    assert int(shifts.argmax()) == 1
    assert int(shifts.argmin()) == 2


@given(st.integers(0, 1000))
def test_the_moods_of_a_track_sum_to_one(seed):
    moods = mix_moods(3.0 * np.random.default_rng(seed).standard_normal((6, 32)))

    assert moods.sum(axis=1) == pytest.approx(np.ones(6))
    assert moods.min() > 0


def test_a_mix_follows_the_order_of_labels():
    mix = build_mood_mix({"neutral": 0.1, "happy": 0.2, "sad": 0.3, "angry": 0.4}, np.zeros((1, 32)), 0.1)

    assert mix.wanted.tolist() == [0.2, 0.3, 0.4, 0.1]
    assert math.isclose(float(mix.moods.sum()), 1.0)
