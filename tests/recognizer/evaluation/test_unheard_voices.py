from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from recognizer import metrics
from recognizer.evaluation.errors import PredictionsError
from recognizer.evaluation.kept import read_kept
from recognizer.evaluation.predictions import Predictions, write_predictions
from recognizer.evaluation.robustness import CONDITIONS
from recognizer.evaluation.unheard_voices import measure_conditions
from tests.recognizer.evaluation.made_up import make_predictions

NOISE = next(condition for condition in CONDITIONS if condition.name == "white noise at 20 dB")
CLEAN = make_predictions(n_seeds=2)
SURE = (9.0, 0.0, 0.0, 0.0)


def keep(folder, degraded, condition=NOISE):
    write_predictions(folder / "ravdess-4.csv", CLEAN)
    write_predictions(folder / f"ravdess-4-through-{condition.slug}.csv", degraded)
    return read_kept(folder)["ravdess-4"]


def test_share_and_drop_are_those_counted_by_hand(tmp_path):
    clean = [row for row in CLEAN if row.seed == 0]
    # Every third is heard as happy, every fourth of the others is refused.
    degraded = [
        dataclasses.replace(row, logits=SURE) if number % 3 == 0 else row
        for number, row in enumerate(clean)
        if number % 3 == 0 or number % 4
    ]

    (figures,) = measure_conditions(keep(tmp_path, degraded))

    before = Predictions(tuple(clean))
    after = np.array(
        [0 if n % 3 == 0 else before.predicted[n] if n % 4 else len(before.truth) for n in range(len(clean))]
    )
    assert figures.name == "white noise at 20 dB"
    assert figures.n_utterances == len(clean)
    assert figures.unchanged.value == pytest.approx(np.mean(after == before.predicted))
    assert figures.uar_drop.value == pytest.approx(
        metrics.uar(before.truth, before.predicted)
        - np.mean([np.mean(after[before.truth == k] == k) for k in range(4)])
    )
    assert figures.unchanged.low < figures.unchanged.value < figures.unchanged.high


def test_what_changes_nothing_is_passed(tmp_path):
    (figures,) = measure_conditions(keep(tmp_path, CLEAN))

    assert (figures.unchanged.value, figures.uar_drop.value) == (1.0, 0.0)
    assert figures.is_passed is True


def test_a_bound_that_is_missed_fails_and_none_is_no_verdict(tmp_path):
    unbound = next(condition for condition in CONDITIONS if condition.least_unchanged is None)
    happy = [dataclasses.replace(row, logits=SURE) for row in CLEAN]
    (tmp_path / "bound").mkdir()
    (tmp_path / "unbound").mkdir()

    assert measure_conditions(keep(tmp_path / "bound", happy))[0].is_passed is False
    assert measure_conditions(keep(tmp_path / "unbound", happy, unbound))[0].is_passed is None


def test_conditions_come_in_the_order_of_the_suite(tmp_path):
    for condition in reversed(CONDITIONS[:3]):
        kept = keep(tmp_path, CLEAN, condition)

    assert [figures.name for figures in measure_conditions(kept)] == [condition.name for condition in CONDITIONS[:3]]


def test_predictions_of_other_folds_are_refused(tmp_path):
    moved = [dataclasses.replace(row, fold="f9") for row in CLEAN]

    with pytest.raises(PredictionsError, match="is tested in fold 'f9', expected"):
        measure_conditions(keep(tmp_path, moved))


def test_every_condition_has_a_slug_of_its_own():
    assert len({condition.slug for condition in CONDITIONS}) == len(CONDITIONS)
