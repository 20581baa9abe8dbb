from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recognizer.calibration import build_conformal_sets, fit_conformal_quantile
from recognizer.evaluation.conformal import LEVELS, measure_conformal
from recognizer.evaluation.predictions import Predictions
from tests.recognizer.evaluation.made_up import make_predictions

ROWS = make_predictions(n_each=40)


def leave_out(corpus, rows=ROWS):
    return Predictions(tuple(replace(row, corpus=corpus, fold=corpus) for row in rows))


def test_sets_hold_the_truth_about_as_often_as_promised():
    # So unsure that the likeliest label alone, which is always in, keeps no promise.
    unsure = Predictions(make_predictions(n_each=40, skill=1.0))

    measured = measure_conformal({"ravdess-4": unsure})["ravdess-4"]

    assert [row.level for row in measured] == list(LEVELS)
    for row in measured:
        assert row.coverage.value == pytest.approx(row.level, abs=0.03)
        assert row.coverage.low <= row.coverage.value <= row.coverage.high
        assert 1 <= row.mean_size.value <= 4
        assert row.worst_coverage <= row.coverage.value


def test_each_fold_s_threshold_knows_nothing_of_the_fold():
    predictions = Predictions(ROWS)
    folds = np.array([row.fold for row in ROWS])
    hits = []
    for fold in np.unique(folds):
        others, own = folds != fold, folds == fold
        quantile = fit_conformal_quantile(predictions.posteriors[others], predictions.truth[others], miscoverage=0.1)
        sets = build_conformal_sets(predictions.posteriors[own], quantile)
        hits += sets[np.arange(own.sum()), predictions.truth[own]].tolist()

    measured = measure_conformal({"ravdess-4": predictions})["ravdess-4"]

    assert measured[1].coverage.value == pytest.approx(np.mean(hits))


def test_left_out_corpora_take_their_thresholds_from_each_other():
    sure = tuple(replace(row, logits=tuple(4 * x for x in row.logits)) for row in ROWS)
    protocols = {
        "leave-one-corpus-out-nemo": leave_out("nemo"),
        "leave-one-corpus-out-ravdess": leave_out("ravdess", sure),
    }

    measured = measure_conformal(protocols)

    assert set(measured) == set(protocols)
    assert measured["leave-one-corpus-out-nemo"][1].coverage.value > 0.95
    assert measured["leave-one-corpus-out-ravdess"][1].coverage.value < 0.9


def test_a_single_fold_leaves_nobody_to_fit_on():
    assert measure_conformal({"manifest": leave_out("manifest")}) == {}
    assert measure_conformal({"leave-one-corpus-out-nemo": leave_out("nemo")}) == {}


def test_speakers_of_few_recordings_are_not_called_the_worst():
    few = Predictions(make_predictions(n_each=8))

    measured = measure_conformal({"ravdess-4": few})["ravdess-4"]

    assert measured[0].worst_speaker == ""
    assert np.isnan(measured[0].worst_coverage)
