from __future__ import annotations

import numpy as np
from sklearn.linear_model import Ridge

from catalog.training.ridge import choose_ridge, fit_ridge


def test_ridge_agrees_with_scikit_learn(make_training):
    training = make_training()
    standardized = (training.vectors - training.vectors.mean(axis=0)) / training.vectors.std(axis=0)
    oracle = Ridge(alpha=7.0).fit(np.clip(standardized, -3, 3), training.targets)

    predicted = fit_ridge(training, 7.0)(training.vectors)

    np.testing.assert_allclose(predicted, oracle.predict(np.clip(standardized, -3, 3)), atol=0.02)


def test_clean_linear_targets_want_the_least_penalty(make_training):
    assert choose_ridge(make_training(noise=0.0)) == 30.0
