from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recognizer import metrics
from recognizer.evaluation.predictions import Predictions
from recognizer.evaluation.resampling import (
    draw_counts,
    make_interval,
    resample_figures,
    resample_mean,
    resample_uar,
)
from recognizer.intervals import bootstrap_over_groups
from recognizer.labels import LABELS
from tests.recognizer.evaluation.made_up import make_predictions


def measure_naively(predictions, rows):
    truth, predicted, posteriors = predictions.truth[rows], predictions.predicted[rows], predictions.posteriors[rows]
    is_right, margins = predicted == truth, predictions.margins[rows]
    _, risks = metrics.risk_coverage_curve(is_right, margins)
    at = {name: risks[int(np.ceil(share * len(rows) - 1e-9)) - 1] for name, share in (("80", 0.8), ("70", 0.7))}
    return {
        "accuracy": metrics.accuracy(truth, predicted),
        "macro_f1": metrics.macro_f1(truth, predicted),
        "uar": metrics.uar(truth, predicted),
        "roc_auc": metrics.roc_auc_ovr(truth, posteriors),
        "ece": metrics.ece(truth, posteriors),
        "aurc": metrics.aurc(is_right, margins),
        "nll": metrics.nll(truth, posteriors),
        "brier": metrics.brier(truth, posteriors),
        **{f"accuracy_at_{name}": 1 - risk for name, risk in at.items()},
        **{
            f"recall_{label}": is_right[truth == index].mean() if np.any(truth == index) else np.nan
            for index, label in enumerate(LABELS)
        },
    }


def make_uneven():
    """Ties of every kind, a label that few speakers have, speakers with few clips, two seeds."""
    rows = []
    for row in make_predictions(n_seeds=2):
        if row.label == "sad" and int(row.speaker_id) > 4:
            continue
        if row.speaker_id == "07" and not row.utterance_id.endswith("-0"):
            continue
        rows.append(replace(row, logits=tuple(float(round(x)) for x in row.logits), temperature=1.5))
    return Predictions(tuple(rows))


@pytest.mark.parametrize("make", [lambda: Predictions(make_predictions()), make_uneven], ids=["plain", "uneven"])
def test_every_resample_has_the_figures_of_its_rows_taken_one_by_one(make):
    predictions = make()
    speakers = np.unique(predictions.speakers)
    counts = draw_counts(len(speakers), n_resamples=30)

    figures = resample_figures(predictions, speakers, counts)

    rows_of = [np.flatnonzero(predictions.speakers == speaker) for speaker in speakers]
    for number, count in enumerate(counts):
        rows = np.concatenate([np.repeat(of, int(n)) for of, n in zip(rows_of, count, strict=True)])
        naive = [measure_naively(predictions, rows[predictions.seeds[rows] == s]) for s in set(predictions.seeds)]
        for name, values in figures.items():
            expected = np.mean([one[name] for one in naive])
            assert values[number] == pytest.approx(expected, abs=1e-9, nan_ok=True), name


def test_intervals_are_those_of_the_plain_bootstrap():
    predictions = Predictions(make_predictions())
    speakers = np.unique(predictions.speakers)

    fast = make_interval(resample_uar(predictions, speakers, draw_counts(24, n_resamples=50, seed=3)), 24)

    plain = bootstrap_over_groups(
        lambda rows: metrics.uar(predictions.truth[rows], predictions.predicted[rows]),
        predictions.speakers,
        rng=np.random.default_rng(3),
        n_resamples=50,
    )
    assert (fast.value, fast.low, fast.high) == pytest.approx((plain.value, plain.low, plain.high))


def test_a_mean_counts_each_row_as_often_as_its_speaker():
    values, number = np.array([1.0, 0.0, 0.5]), np.array([0, 0, 1])

    means = resample_mean(values, number, np.array([[1.0, 1.0], [2.0, 0.0], [0.0, 3.0]]))

    assert means.tolist() == [0.5, 0.5, 0.5]


def test_a_single_speaker_gives_no_bounds():
    interval = make_interval(np.array([0.5, 0.5, 0.5]), 1)

    assert interval.value == 0.5
    assert np.isnan([interval.low, interval.high]).all()


def test_a_figure_that_no_resample_defines_has_no_bounds():
    assert np.isnan(make_interval(np.array([0.5, np.nan]), 4).low)


def test_accuracy_at_a_coverage_is_that_of_the_surest():
    rows = make_predictions()
    surest = sorted(Predictions(rows).margins)[-int(np.ceil(0.7 * len(rows))) :]
    predictions = Predictions(rows)

    figures = resample_figures(predictions, np.unique(predictions.speakers), np.ones((1, 24)))

    is_answered = predictions.margins >= surest[0]
    is_right = predictions.predicted == predictions.truth
    assert figures["accuracy_at_70"][0] == pytest.approx(is_right[is_answered].mean())
