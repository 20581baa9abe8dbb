from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np
import pytest

from recognizer.evaluation.errors import PredictionsError
from recognizer.evaluation.kept import read_kept
from recognizer.evaluation.predictions import Predictions, write_predictions
from recognizer.evaluation.sureness import BAND_ENDS, measure_sureness
from tests.recognizer.evaluation.made_up import make_predictions

ROWS = make_predictions(n_seeds=2)
N_BANDS = len(BAND_ENDS) - 1


def keep(folder, known=None):
    write_predictions(folder / "ravdess-4.csv", ROWS)
    if known is not None:
        write_predictions(folder / "ravdess-4-known-5.csv", known)
    return read_kept(folder)["ravdess-4"]


def test_each_band_is_as_right_as_counted_by_hand(tmp_path):
    predictions = Predictions(tuple(ROWS))
    confidence = predictions.posteriors.max(axis=1)
    is_right = predictions.posteriors.argmax(axis=1) == predictions.truth

    figures = measure_sureness(keep(tmp_path))

    assert [(row.low, row.high) for row in figures] == list(pairwise(BAND_ENDS))
    for row in figures:
        is_in = (confidence >= row.low) & ((confidence < row.high) | (row.high == 1.0))
        assert row.share == pytest.approx(np.mean(is_in))
        assert row.accuracy.value == pytest.approx(np.mean(is_right[is_in]))
        assert row.accuracy.low <= row.accuracy.value <= row.accuracy.high


def test_shares_add_up_to_all(tmp_path):
    assert sum(row.share for row in measure_sureness(keep(tmp_path))) == pytest.approx(1.0)


def test_known_voices_follow_the_unknown_one(tmp_path):
    certain = [dataclasses.replace(row, logits=(99.0, 0.0, 0.0, 0.0)) for row in ROWS]

    figures = measure_sureness(keep(tmp_path, known=certain))

    assert [row.n_known for row in figures] == [0] * N_BANDS + [5] * N_BANDS
    assert [row.share for row in figures[N_BANDS:]] == [0.0] * (N_BANDS - 1) + [1.0]
    assert figures[-1].accuracy.value == pytest.approx(np.mean([row.label == "happy" for row in ROWS]))
    assert np.isnan(figures[N_BANDS].accuracy.value)


def test_predictions_of_other_folds_are_refused(tmp_path):
    moved = [dataclasses.replace(row, fold="f9") for row in ROWS]

    with pytest.raises(PredictionsError, match="is tested in fold 'f9', expected"):
        measure_sureness(keep(tmp_path, known=moved))
