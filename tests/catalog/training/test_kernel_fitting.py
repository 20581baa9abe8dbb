from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from catalog.analysis.kernel_regression import KernelShape
from catalog.training.kernel_fitting import KERNEL_CHOICES, KernelChoice, choose_kernel, fit_kernel
from catalog.training.training_set import spearman

NAMES = tuple(f"one.{i}" for i in range(3)) + tuple(f"two.{i}" for i in range(3))
CHOICE = KernelChoice(KernelShape(0.5, 0.4), 0.3)


def test_unseen_tracks_are_ranked(make_training):
    whole = make_training(n_tracks=120)
    is_seen = np.arange(120) < 100

    predicted = fit_kernel(whole.take(is_seen), NAMES, CHOICE).predict(whole.vectors[~is_seen])

    assert spearman(predicted[:, 0], whole.targets[~is_seen, 0]) > 0.8


def test_true_hints_help_where_targets_are_noisy(make_training):
    whole = make_training(n_tracks=200, noise=4.0)
    is_seen = np.arange(200) < 100

    def score(training):
        predicted = fit_kernel(training.take(is_seen), NAMES, CHOICE).predict(whole.vectors[~is_seen])
        return np.mean([spearman(predicted[:, i], whole.hints[~is_seen, i]) for i in range(6)])

    misleading = replace(whole, hints=np.random.default_rng(1).standard_normal(whole.hints.shape))
    assert score(whole) > score(misleading)


def test_doubt_is_larger_far_away(make_training):
    regression = fit_kernel(make_training(), NAMES, CHOICE).regression

    near, far = regression.measure_doubt(np.stack([np.zeros(6), np.array([3.0, -3.0, 3.0, -3.0, 3.0, -3.0])]))

    assert near < far


def test_a_heavy_track_pulls_harder(make_training):
    training = make_training(noise=2.0)
    heavy = replace(training, weights=np.where(np.arange(80) == 0, 20.0, 1.0))

    def miss(part):
        return np.abs(fit_kernel(part, NAMES, CHOICE).predict(training.vectors[:1]) - training.targets[:1]).mean()

    assert miss(heavy) < miss(training)


@pytest.mark.slow
def test_choice_comes_from_the_list(make_training):
    assert choose_kernel(make_training(n_tracks=40), NAMES) in KERNEL_CHOICES
