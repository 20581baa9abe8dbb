from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from catalog.training.affect_protocol import predict_out_of_fold
from catalog.training.training_set import choose, measure_scale, spearman


def test_taking_tracks_keeps_their_rows_together(make_training):
    training = make_training(n_tracks=8)

    part = training.take(np.arange(8) >= 4)

    assert part.artists == ["artist 1"] * 4
    np.testing.assert_array_equal(part.targets, training.targets[4:])


def test_the_choice_that_predicts_best_is_chosen(make_training):
    training = make_training()
    target_of = {tuple(row): target for row, target in zip(training.vectors, training.targets, strict=True)}

    def fit(_part, sign):
        return lambda vectors: sign * np.array([target_of[tuple(row)] for row in vectors])

    assert choose(training, (-1.0, 1.0), fit) == 1.0


def test_out_of_fold_predictions_never_see_the_artist(make_training):
    training = make_training()
    artist_of = {tuple(row): artist for row, artist in zip(training.vectors, training.artists, strict=True)}
    met: list[set[str]] = []

    def fit(part):
        def predict(vectors):
            met.append({artist_of[tuple(row)] for row in vectors} & set(part.artists))
            return np.zeros((len(vectors), 6))

        return predict

    predict_out_of_fold(training, fit)

    assert met == [set()] * 10


def test_constant_column_has_scale_one():
    center, scale = measure_scale(np.array([[2.0, 1.0], [2.0, 3.0]]))

    assert center.tolist() == [2.0, 2.0]
    assert scale.tolist() == [1.0, 1.0]


def test_spearman_of_a_constant_is_undefined():
    assert np.isnan(spearman(np.ones(5), np.arange(5.0)))


def test_spearman_agrees_with_scipy_on_ties():
    rng = np.random.default_rng(0)
    predicted, rated = rng.integers(0, 5, 40).astype(float), rng.integers(0, 5, 40).astype(float)

    assert spearman(predicted, rated) == pytest.approx(scipy.stats.spearmanr(predicted, rated).statistic)


def test_spearman_knows_only_ranks():
    values = np.array([0.3, 0.1, 0.9, 0.4])

    assert spearman(np.exp(5 * values), values) == pytest.approx(1.0)
