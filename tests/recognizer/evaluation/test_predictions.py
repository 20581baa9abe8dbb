from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognizer.evaluation.errors import PredictionsError
from recognizer.evaluation.predictions import (
    Prediction,
    Predictions,
    logits_from_posterior,
    read_predictions,
    read_rows,
    write_predictions,
)
from recognizer.labels import LABELS

ROW = Prediction("a1", "made", "a", "female", "happy", "f1", 0, (2.0, 1.0, 0.0, -1.0), 2.0)


def make_rows():
    return (ROW, replace(ROW, utterance_id="b1", speaker_id="b", sex=None, label="sad", fold="f2", temperature=1.0))


def test_columns_speak_of_the_same_rows():
    predictions = Predictions(make_rows())

    assert predictions.truth.tolist() == [0, 1]
    assert predictions.predicted.tolist() == [0, 0]
    assert predictions.margins.tolist() == [1.0, 1.0]
    assert predictions.speakers.tolist() == ["made/a", "made/b"]
    assert predictions.corpora == ("made",)
    tempered = np.exp([1.0, 0.5, 0.0, -0.5])
    assert predictions.posteriors[0] == pytest.approx(tempered / tempered.sum())


def test_what_is_written_is_read_again(tmp_path):
    path = tmp_path / "p.csv"

    write_predictions(path, make_rows())

    assert read_predictions(path).rows == make_rows()
    assert [file.name for file in tmp_path.iterdir()] == ["p.csv"]


def test_what_is_written_compressed_is_read_again_and_depends_on_the_rows_alone(tmp_path):
    first, second = tmp_path / "p.csv.gz", tmp_path / "q.csv.gz"

    for path in (first, second):
        write_predictions(path, make_rows())

    assert read_predictions(first).rows == make_rows()
    assert first.read_bytes() == second.read_bytes()
    assert first.read_bytes()[:2] == b"\x1f\x8b"


@pytest.mark.parametrize("damage", [lambda whole: whole[:-20], lambda whole: whole[:30] + whole[40:], lambda _: b"no"])
def test_a_damaged_compressed_file_is_named(damage, tmp_path):
    path = tmp_path / "p.csv.gz"
    write_predictions(path, make_rows())
    path.write_bytes(damage(path.read_bytes()))

    with pytest.raises(PredictionsError, match=r"p\.csv\.gz.*expected a CSV table"):
        read_predictions(path)


def test_posteriors_stand_in_for_logits(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text(
        "utterance_id,corpus,speaker,sex,label,fold,seed,p_happy,p_sad,p_angry,p_neutral\n"
        "a1,made,a,,happy,f1,0,0.7,0.1,0.2,0\n"
    )

    predictions = read_predictions(path)

    assert predictions.posteriors[0] == pytest.approx([0.7, 0.1, 0.2, 0.0])
    assert predictions.margins[0] == pytest.approx(np.log(0.7 / 0.2))


@given(st.lists(st.floats(0.001, 1), min_size=4, max_size=4))
def test_log_probabilities_keep_the_posterior(weights):
    posterior = np.array(weights) / sum(weights)

    logits = np.array(logits_from_posterior(posterior.tolist()))

    assert np.exp(logits) == pytest.approx(posterior)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"utterance_id": ""}, "one is empty"),
        ({"label": "calm"}, "expected a label of"),
        ({"sex": "f"}, "expected a sex of"),
        ({"logits": (0.0, 0.0, float("nan"), 0.0)}, "finite logits"),
        ({"logits": (0.0, 0.0)}, "expected 4 finite logits"),
        ({"temperature": 0.0}, "temperature above 0"),
    ],
)
def test_a_row_that_means_nothing_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        Predictions((replace(ROW, **changes),))


def test_no_rows_are_no_predictions():
    with pytest.raises(ValueError, match="at least one prediction"):
        Predictions(())


def test_an_utterance_counts_once_for_each_seed():
    Predictions((ROW, replace(ROW, seed=1)))

    with pytest.raises(ValueError, match="'a1' is predicted twice for seed 0"):
        Predictions((ROW, ROW))


def test_a_speaker_in_two_folds_is_a_leak():
    with pytest.raises(ValueError, match=r"speaker 'a' of 'made' is tested in the folds 'f1' and 'f2' of seed 0"):
        Predictions((ROW, replace(ROW, utterance_id="a2", fold="f2")))


def test_seeds_must_speak_of_the_same_utterances():
    with pytest.raises(ValueError, match=r"different utterances.*\{0: 1, 1: 1\}"):
        Predictions((ROW, replace(ROW, seed=1, utterance_id="a2")))


@pytest.mark.parametrize("changes", [{"label": "sad"}, {"speaker_id": "b"}])
def test_an_utterance_has_one_label_and_one_speaker_whatever_the_seed(changes):
    with pytest.raises(ValueError, match=r"'a1' is \('a', 'happy'\) for one seed and"):
        Predictions((ROW, replace(ROW, seed=1, **changes)))


def test_the_same_name_in_two_corpora_is_two_utterances():
    predictions = Predictions((ROW, replace(ROW, corpus="other")))

    assert len(set(predictions.speakers)) == 2
    assert predictions.of_corpus("other").rows[0].corpus == "other"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("utterance_id,corpus\n", r"expected the columns .* are not in \['utterance_id', 'corpus'\]"),
        ("utterance_id,corpus,speaker,sex,label,fold,seed\n", "logit_happy"),
        ("utterance_id,corpus,speaker,sex,label,fold,seed,p_happy,p_sad,p_angry,p_neutral\n", "at least one"),
        (
            "utterance_id,corpus,speaker,sex,label,fold,seed,p_happy,p_sad,p_angry,p_neutral\na,c,s,,sad,f,0,1,1,0,0\n",
            "line 2: expected a posterior that sums to 1",
        ),
        (
            "utterance_id,corpus,speaker,sex,label,fold,seed,p_happy,p_sad,p_angry,p_neutral\na,c,s,,sad,f,zero,1,0,0,0\n",
            "line 2: invalid literal",
        ),
        (
            "utterance_id,corpus,speaker,sex,label,fold,seed,p_happy,p_sad,p_angry,p_neutral\na,c,s,,sad,f,0,1,0\n",
            "line 2",
        ),
    ],
)
def test_a_broken_file_is_named_with_its_line(text, message, tmp_path):
    path = tmp_path / "p.csv"
    path.write_text(text)

    with pytest.raises(PredictionsError, match=message):
        read_predictions(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(PredictionsError, match=r"gone.csv.*No such file"):
        read_rows(tmp_path / "gone.csv")


def test_a_refused_table_leaves_the_old_file(tmp_path):
    path = tmp_path / "p.csv"
    write_predictions(path, make_rows())

    with pytest.raises(ValueError, match="predicted twice"):
        write_predictions(path, (ROW, ROW))

    assert len(read_predictions(path).rows) == len(make_rows())
    assert set(LABELS) == {"happy", "sad", "angry", "neutral"}
