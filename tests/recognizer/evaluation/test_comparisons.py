from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recognizer import metrics
from recognizer.evaluation.comparisons import (
    Compared,
    compare,
    measure_known_voices,
    measure_learning_curve,
    measure_system,
    measure_weeks,
)
from recognizer.evaluation.kept import KeptFile, KeptProtocol, Week
from recognizer.evaluation.predictions import Predictions, write_predictions
from recognizer.intervals import Interval
from recognizer.labels import LABELS
from tests.recognizer.evaluation.made_up import make_predictions

WEAK = Predictions(make_predictions(skill=0.5, n_seeds=2))
STRONG = Predictions(make_predictions(skill=4.0, n_seeds=2))


def measure_uar(predictions):
    by_seed = [predictions.seeds == seed for seed in np.unique(predictions.seeds)]
    return np.mean([metrics.uar(predictions.truth[rows], predictions.predicted[rows]) for rows in by_seed])


def keep(folder, name, predictions):
    path = folder / f"{name}.csv.gz"
    write_predictions(path, predictions.rows)
    return KeptFile(path, "ravdess")


def test_a_difference_is_that_of_the_figures():
    compared = compare(STRONG, WEAK)

    assert compared.uar.value == pytest.approx(measure_uar(STRONG))
    assert compared.reference.value == pytest.approx(measure_uar(WEAK))
    assert compared.difference.value == pytest.approx(measure_uar(STRONG) - measure_uar(WEAK))
    assert compared.difference.low < compared.difference.value < compared.difference.high
    assert (compared.verdict, compare(WEAK, STRONG).verdict) == ("better", "worse")


def test_the_same_predictions_do_not_differ_on_any_draw():
    compared = compare(WEAK, WEAK)

    assert compared.difference == Interval(0.0, 0.0, 0.0)
    assert compared.verdict == "within noise"


def test_drawing_the_same_speakers_tells_more_than_the_intervals_apart():
    slightly = tuple(
        replace(row, logits=tuple(np.add(row.logits, [0.1 * (label == row.label) for label in LABELS]).tolist()))
        for row in WEAK.rows
    )

    compared = compare(Predictions(slightly), WEAK)

    assert compared.uar.low < compared.reference.high
    assert compared.difference.high - compared.difference.low < compared.uar.high - compared.uar.low


def test_only_speakers_in_both_are_compared():
    part = STRONG.select(STRONG.speakers != "ravdess/01")

    compared = compare(STRONG, part)

    assert compared.n_speakers == 23
    assert compared.uar.value == pytest.approx(measure_uar(STRONG))
    assert compared.difference.value == 0.0


def test_an_undefined_difference_is_within_noise():
    nothing = Interval(float("nan"), float("nan"), float("nan"))

    assert Compared(nothing, nothing, nothing, 1).verdict == "within noise"


def test_a_system_has_all_figures_and_a_difference():
    system = measure_system(KeptProtocol("ravdess-4-strong", STRONG, "ravdess-4"), WEAK)

    assert system.name == "ravdess-4-strong"
    assert system.n_seeds == 2
    assert system.figures["uar"] == system.compared.uar
    assert {"accuracy", "aurc", "ece", "roc_auc"} <= set(system.figures)


def test_known_voices_are_held_against_none_known(tmp_path):
    known = {n: keep(tmp_path, f"known-{n}", STRONG) for n in (20, 1)}

    rows = measure_known_voices(KeptProtocol("ravdess-4", WEAK, known=known))

    assert [row.n_known for row in rows] == [0, 1, 20]
    assert rows[0].compared is None
    assert rows[0].uar.value == pytest.approx(measure_uar(WEAK))
    assert rows[1].compared.verdict == "better"
    assert rows[1].uar == rows[1].compared.uar


def test_weeks_are_held_against_the_trainings_they_have(tmp_path):
    first = STRONG.select(STRONG.seeds == 0)
    weeks = {
        Week("neutral", is_mood_taken_out=True): keep(tmp_path, "a", first),
        Week("happy", is_mood_taken_out=False): keep(tmp_path, "b", first),
    }

    happy, neutral = measure_weeks(KeptProtocol("ravdess-4", WEAK, weeks=weeks))

    assert (happy.label, neutral.label) == ("happy", "neutral")
    assert (happy.with_rule, neutral.as_heard) == (None, None)
    assert neutral.with_rule.reference.value == pytest.approx(measure_uar(WEAK.select(WEAK.seeds == 0)))


def test_a_learning_curve_ends_with_all_speakers(tmp_path):
    kept = KeptProtocol("ravdess-4", STRONG, learning={50: keep(tmp_path, "half", WEAK)})

    points = measure_learning_curve(kept)

    assert [point.percent for point in points] == [50, 100]
    assert points[0].uar.value < points[1].uar.value


def test_what_was_not_kept_is_not_measured():
    kept = KeptProtocol("ravdess-4", WEAK)

    assert (measure_known_voices(kept), measure_weeks(kept), measure_learning_curve(kept)) == ((), (), ())
