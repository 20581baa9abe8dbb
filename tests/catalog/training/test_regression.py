from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from sklearn.linear_model import Ridge

from catalog.analysis.affect import KernelShape
from catalog.training.affect_protocol import predict_out_of_fold
from catalog.training.regression import (
    KERNEL_CHOICES,
    KernelChoice,
    TrainingSet,
    choose_kernel,
    choose_ridge,
    fit_kernel,
    fit_ridge,
    spearman,
)

NAMES = tuple(f"one.{i}" for i in range(3)) + tuple(f"two.{i}" for i in range(3))


def make_training(*, n_tracks=80, noise=0.1, seed=0):
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((n_tracks, 6))
    targets = vectors @ rng.standard_normal((6, 6)) + noise * rng.standard_normal((n_tracks, 6))
    artists = [f"artist {i // 4}" for i in range(n_tracks)]
    return TrainingSet(vectors, targets, np.ones(n_tracks), artists)


def test_ridge_agrees_with_scikit_learn():
    training = make_training()
    standardized = (training.vectors - training.vectors.mean(axis=0)) / training.vectors.std(axis=0)
    oracle = Ridge(alpha=7.0).fit(np.clip(standardized, -3, 3), training.targets)

    predicted = fit_ridge(training, 7.0)(training.vectors)

    np.testing.assert_allclose(predicted, oracle.predict(np.clip(standardized, -3, 3)), atol=0.02)


def test_kernel_regression_ranks_unseen_tracks():
    training, unseen = make_training(n_tracks=120), make_training(n_tracks=120).take(np.arange(100, 120))
    choice = KernelChoice(KernelShape(0.5, 0.4), 0.3)

    predicted = fit_kernel(training.take(np.arange(100)), NAMES, choice).predict(unseen.vectors)

    assert spearman(predicted[:, 0], unseen.targets[:, 0]) > 0.8


def test_doubt_is_larger_far_away():
    fitted = fit_kernel(make_training(), NAMES, KernelChoice(KernelShape(1.0, 0.2), 0.5))

    near, far = fitted.measure_doubt(np.stack([np.zeros(6), np.full(6, 3.0) * [1, -1, 1, -1, 1, -1]]))

    assert near < far


def test_a_heavy_track_pulls_harder():
    training = make_training(noise=0.0)
    weights = np.where(np.arange(80) == 0, 20.0, 1.0)
    heavy = TrainingSet(training.vectors, training.targets, weights, training.artists)
    choice = KernelChoice(KernelShape(1.0, 0.2), 1.0)

    def miss(part):
        return np.abs(fit_kernel(part, NAMES, choice).predict(training.vectors[:1]) - training.targets[:1]).mean()

    assert miss(heavy) < miss(training)


def test_choices_come_from_their_lists():
    training = make_training()

    assert choose_kernel(training, NAMES) in KERNEL_CHOICES
    assert choose_ridge(training) == 30.0


def test_out_of_fold_predictions_never_see_the_artist():
    training = make_training()
    seen_with: list[set[str]] = []

    def fit(part):
        seen = set(part.artists)
        seen_with.append(seen)
        rows = {tuple(row): artist for row, artist in zip(training.vectors, training.artists, strict=True)}

        def predict(vectors):
            assert not {rows[tuple(row)] for row in vectors} & seen
            return np.zeros((len(vectors), 6))

        return predict

    predict_out_of_fold(training, fit)

    assert len(seen_with) == 10


def test_spearman_of_a_constant_is_undefined():
    assert np.isnan(spearman(np.ones(5), np.arange(5.0)))


def test_spearman_agrees_with_scipy_on_ties():
    rng = np.random.default_rng(0)
    predicted, rated = rng.integers(0, 5, 40).astype(float), rng.integers(0, 5, 40).astype(float)

    assert spearman(predicted, rated) == pytest.approx(scipy.stats.spearmanr(predicted, rated).statistic)


def test_spearman_knows_only_ranks():
    values = np.array([0.3, 0.1, 0.9, 0.4])

    assert spearman(np.exp(5 * values), values) == pytest.approx(1.0)
