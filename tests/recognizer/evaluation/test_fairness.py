from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recognizer.evaluation.fairness import measure_by_pitch, measure_by_sex, name_pitch_group
from recognizer.evaluation.predictions import Predictions
from recognizer.labels import LABELS
from tests.recognizer.evaluation.made_up import make_predictions


def answer(row, label):
    return replace(row, logits=tuple(5.0 if name == label else 0.0 for name in LABELS))


def make_unfair():
    """Women are always heard right; men's anger is always heard as happiness."""
    rows = make_predictions(n_each=8)
    return Predictions(
        tuple(answer(row, "happy" if row.sex == "male" and row.label == "angry" else row.label) for row in rows)
    )


def test_differences_by_sex_are_found_and_judged():
    lines = {line.figure: line for line in measure_by_sex(make_unfair())}

    assert lines["uar"].by_group == {"female": 1.0, "male": 0.75}
    assert lines["uar"].difference == pytest.approx(0.25)
    assert lines["uar"].is_passed is False
    assert lines["recall_angry"].difference == 1.0
    assert lines["recall_sad"].is_passed is True


def test_by_pitch_speakers_without_a_pitch_are_left_out():
    pitches = {f"ravdess/{actor:02}": 120.0 if actor % 2 else 210.0 for actor in range(1, 23)}

    lines = {line.figure: line for line in measure_by_pitch(make_unfair(), pitches)}

    assert lines["uar"].by_group == {"high": 1.0, "low": 0.75}
    assert lines["uar"].n_speakers == {"high": 11, "low": 11}
    assert lines["recall_angry"].bound == 0.225


@pytest.mark.parametrize(
    ("pitch_hz", "group"),
    [(80, "low"), (145, "low"), (145.1, "middle"), (190, "middle"), (190.1, "high"), (float("nan"), "")],
)
def test_pitch_groups_have_the_published_borders(pitch_hz, group):
    assert name_pitch_group(pitch_hz) == group


def test_without_two_groups_there_is_no_verdict():
    rows = tuple(replace(row, sex=None) for row in make_predictions())

    lines = measure_by_sex(Predictions(rows))

    assert {line.is_passed for line in lines} == {None}
    assert all(np.isnan(line.difference) for line in lines)


def test_a_label_that_one_group_lacks_is_compared_in_none():
    rows = tuple(row for row in make_unfair().rows if row.sex == "female" or row.label != "sad")

    uar, *recalls = measure_by_sex(Predictions(rows))

    assert uar.by_group["male"] == pytest.approx(2 / 3)
    assert recalls[1].by_group == {"female": 1.0}
