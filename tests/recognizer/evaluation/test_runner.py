from __future__ import annotations

from pathlib import Path

import pytest

from recognizer.corpora.utterance import Utterance
from recognizer.errors import UnusableClipError
from recognizer.evaluation.errors import PredictionsError
from recognizer.evaluation.predictions import read_predictions
from recognizer.evaluation.runner import ONE_MODEL, run_over

UTTERANCES = [Utterance("made", f"u{n}", Path(f"u{n}.wav"), "ab"[n % 2], "happy", sex="female") for n in range(6)]
POSTERIOR = {"happy": 0.7, "sad": 0.1, "angry": 0.1, "neutral": 0.1}


class Recognizer:
    def __init__(self, *, refuses=(), dies_after=None):
        self.heard = []
        self.refuses = refuses
        self.dies_after = dies_after

    def __call__(self, utterance):
        if len(self.heard) == self.dies_after:
            raise KeyboardInterrupt
        self.heard.append(utterance.utterance_id)
        if utterance.utterance_id in self.refuses:
            raise UnusableClipError(utterance.utterance_id, "too_quiet", "expected sound, came silence")
        return POSTERIOR


def test_every_utterance_is_predicted_and_written(tmp_path):
    path, seen = tmp_path / "out" / "p.csv", []

    result = run_over(UTTERANCES, Recognizer(), path, model="m 1", on_progress=lambda *done: seen.append(done))

    rows = read_predictions(path).rows
    assert (result.n_predicted, result.n_resumed, result.failures) == (6, 0, ())
    assert [row.utterance_id for row in rows] == [u.utterance_id for u in UTTERANCES]
    assert {row.fold for row in rows} == {ONE_MODEL}
    assert seen == [(n, 6) for n in range(1, 7)]


def test_a_run_that_was_killed_goes_on_where_it_was(tmp_path):
    path = tmp_path / "p.csv"
    with pytest.raises(KeyboardInterrupt):
        run_over(UTTERANCES, Recognizer(dies_after=4), path, model="m 1")
    with path.open("a") as file:
        file.write("u4,made,a,fem")

    recognizer = Recognizer()
    result = run_over(UTTERANCES, recognizer, path, model="m 1")

    assert recognizer.heard == ["u4", "u5"]
    assert (result.n_predicted, result.n_resumed) == (6, 4)
    assert len(read_predictions(path).rows) == 6


def test_a_file_cut_within_its_header_starts_anew(tmp_path):
    path = tmp_path / "p.csv"
    run_over(UTTERANCES, Recognizer(), path, model="m 1")
    path.write_text("utterance_id,cor")

    assert run_over(UTTERANCES, Recognizer(), path, model="m 1").n_resumed == 0
    assert len(read_predictions(path).rows) == 6


def test_what_cannot_be_used_is_noted_and_tried_again(tmp_path):
    path = tmp_path / "p.csv"

    result = run_over(UTTERANCES, Recognizer(refuses={"u2"}), path, model="m 1")

    assert result.failures == (("u2", "cannot use 'u2': expected sound, came silence"),)
    assert run_over(UTTERANCES, again := Recognizer(), path, model="m 1").failures == ()
    assert again.heard == ["u2"]


def test_another_model_must_not_go_on_with_the_file(tmp_path):
    path = tmp_path / "p.csv"
    run_over(UTTERANCES[:1], Recognizer(), path, model="m 1")

    with pytest.raises(PredictionsError, match="begun by 'm 1', expected 'm 2'; choose another folder"):
        run_over(UTTERANCES, Recognizer(), path, model="m 2")


def test_a_file_of_unknown_origin_is_left_alone(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("precious")

    with pytest.raises(PredictionsError, match="which names its model"):
        run_over(UTTERANCES, Recognizer(), path, model="m 1")

    assert path.read_text() == "precious"
