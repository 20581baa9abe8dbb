from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import f1_score, log_loss, recall_score, roc_auc_score

from recognizer.evaluation.predictions import Predictions
from recognizer.evaluation.protocols import (
    METRICS,
    bin_reliability,
    follows_published_split,
    measure_protocol,
)
from recognizer.labels import LABELS
from tests.recognizer.evaluation.made_up import make_predictions


def measure(rows, **options):
    return measure_protocol("made", Predictions(rows), n_resamples=50, **options)


def test_figures_are_those_of_scikit_learn():
    predictions = Predictions(make_predictions())

    figures = measure_protocol("made", predictions, n_resamples=20).figures

    truth, predicted, posteriors = predictions.truth, predictions.predicted, predictions.posteriors
    assert tuple(figures)[: len(METRICS)] == METRICS
    assert figures["accuracy"].value == pytest.approx(np.mean(truth == predicted))
    assert figures["macro_f1"].value == pytest.approx(f1_score(truth, predicted, average="macro"))
    assert figures["uar"].value == pytest.approx(recall_score(truth, predicted, average="macro"))
    assert figures["roc_auc"].value == pytest.approx(roc_auc_score(truth, posteriors, multi_class="ovr"))
    assert figures["nll"].value == pytest.approx(log_loss(truth, posteriors))
    assert figures["brier"].value == pytest.approx(np.mean(((np.eye(4)[truth] - posteriors) ** 2).sum(axis=1)))
    assert figures["recall_sad"].value == pytest.approx(recall_score(truth, predicted, average=None)[1])


def test_each_interval_holds_its_figure():
    for figure in measure(make_predictions()).figures.values():
        assert figure.low <= figure.value <= figure.high


def test_seeds_are_averaged_not_pooled():
    rows = make_predictions(n_seeds=2)

    both = measure(rows).figures
    single = [measure(tuple(row for row in rows if row.seed == seed)).figures for seed in (0, 1)]

    for name in ("macro_f1", "roc_auc", "aurc"):
        assert both[name].value == pytest.approx((single[0][name].value + single[1][name].value) / 2)


def test_a_protocol_counts_utterances_and_speakers_once():
    result = measure(make_predictions(n_each=4, n_seeds=3))

    assert (result.n_utterances, result.n_speakers, result.n_seeds) == (96, 24, 3)
    assert result.confusion.sum() == 3 * 96


def test_the_same_seed_gives_the_same_intervals():
    rows = make_predictions()

    assert measure(rows, seed=4).figures == measure(rows, seed=4).figures
    assert measure(rows, seed=4).figures != measure(rows, seed=5).figures


def test_a_label_that_never_occurs_has_no_recall():
    rows = tuple(row for row in make_predictions() if row.label != "sad")

    figures = measure(rows).figures

    assert "recall_sad" not in figures
    assert not np.isnan(figures["uar"].value)


def test_a_single_speaker_has_figures_and_no_intervals():
    figures = measure(tuple(row for row in make_predictions() if row.speaker_id == "01")).figures

    assert 0 <= figures["accuracy"].value <= 1
    assert np.isnan(figures["accuracy"].low)


def test_groups_are_measured_apart_and_the_worst_voice_comes_first():
    rows = make_predictions()
    wrong = {"03"}
    rows = tuple(replace(row, logits=tuple(-x for x in row.logits)) if row.speaker_id in wrong else row for row in rows)

    result = measure(rows)

    assert result.by_speaker[0].name == "ravdess/03"
    assert [group.name for group in result.by_sex] == ["female", "male"]
    assert sum(group.n_utterances for group in result.by_sex) == result.n_utterances


def test_rows_of_unknown_sex_are_in_no_group():
    rows = tuple(replace(row, sex=None) for row in make_predictions())

    assert measure(rows).by_sex == ()


def test_reliability_bins_hold_every_row_and_give_back_the_calibration_error():
    predictions = Predictions(make_predictions())

    bins = bin_reliability(predictions)

    n_rows = len(predictions.rows)
    gaps = [b.n_utterances * abs(b.confidence - b.accuracy) for b in bins if b.n_utterances]
    assert sum(b.n_utterances for b in bins) == n_rows
    assert sum(gaps) / n_rows == pytest.approx(measure(predictions.rows).figures["ece"].value)
    assert np.isnan(bins[0].confidence)


def test_risk_at_full_coverage_is_the_error():
    result = measure(make_predictions())

    assert result.coverages[-1] == 1.0
    assert result.risks[-1] == pytest.approx(1 - result.figures["accuracy"].value)


def test_a_published_name_is_earned_by_its_folds():
    rows = make_predictions()

    assert follows_published_split(Predictions(rows)) == "ravdess-4"
    assert follows_published_split(Predictions(tuple(replace(row, fold="f1") for row in rows))) is None
    assert follows_published_split(Predictions(tuple(replace(row, corpus="nemo") for row in rows))) is None
    assert LABELS[0] == "happy"
