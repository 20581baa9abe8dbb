from __future__ import annotations

from dataclasses import replace

import pytest

from recognizer.corpora.utterance import Utterance
from recognizer.errors import CorpusError, UnusableClipError
from recognizer.evaluation.errors import PredictionsError
from recognizer.evaluation.predictions import read_predictions
from recognizer.evaluation.runner import ONE_MODEL, run_over

POSTERIOR = {"happy": 0.7, "sad": 0.1, "angry": 0.1, "neutral": 0.1}


class Recognizer:
    def __init__(self, posterior=POSTERIOR, *, refuses=(), dies_after=None):
        self.heard = []
        self.posterior = posterior
        self.refuses = refuses
        self.dies_after = dies_after

    def __call__(self, utterance):
        if len(self.heard) == self.dies_after:
            raise KeyboardInterrupt
        self.heard.append(utterance.utterance_id)
        if utterance.utterance_id in self.refuses:
            raise UnusableClipError(utterance.utterance_id, "too_quiet", "expected sound, came silence")
        return self.posterior


@pytest.fixture
def utterances(tmp_path):
    return [_make_utterance(tmp_path / f"u{n}.wav", "ab"[n % 2]) for n in range(6)]


def _make_utterance(path, speaker_id):
    path.write_bytes(f"sound of {path}".encode())
    return Utterance("made", path.stem, path, speaker_id, "happy", sex="female")


def test_every_utterance_is_predicted_and_written(utterances, tmp_path):
    path, seen = tmp_path / "out" / "p.csv", []

    result = run_over(utterances, Recognizer(), path, model="m 1", on_progress=lambda *done: seen.append(done))

    rows = read_predictions(path).rows
    assert (result.n_predicted, result.n_resumed, result.failures) == (6, 0, ())
    assert [row.utterance_id for row in rows] == [u.utterance_id for u in utterances]
    assert {row.fold for row in rows} == {ONE_MODEL}
    assert seen == [(n, 6) for n in range(1, 7)]


def test_a_run_that_was_killed_goes_on_where_it_was(utterances, tmp_path):
    path = tmp_path / "p.csv"
    with pytest.raises(KeyboardInterrupt):
        run_over(utterances, Recognizer(dies_after=4), path, model="m 1")
    with path.with_name("p.csv.heard").open("a") as file:
        file.write("0b5e2f,-1.")

    recognizer = Recognizer()
    result = run_over(utterances, recognizer, path, model="m 1")

    assert recognizer.heard == ["u4", "u5"]
    assert (result.n_predicted, result.n_resumed) == (6, 4)
    assert len(read_predictions(path).rows) == 6


def test_a_file_cut_within_its_header_starts_anew(utterances, tmp_path):
    path = tmp_path / "p.csv"
    run_over(utterances, Recognizer(), path, model="m 1")
    path.with_name("p.csv.heard").write_text("sha256,log")

    assert run_over(utterances, Recognizer(), path, model="m 1").n_resumed == 0
    assert len(read_predictions(path).rows) == 6


def test_what_cannot_be_used_is_noted_and_tried_again(utterances, tmp_path):
    path = tmp_path / "p.csv"

    result = run_over(utterances, Recognizer(refuses={"u2"}), path, model="m 1")

    assert result.failures == (("u2", "cannot use 'u2': expected sound, came silence"),)
    assert run_over(utterances, again := Recognizer(), path, model="m 1").failures == ()
    assert again.heard == ["u2"]


def test_another_model_must_not_go_on_with_the_file(utterances, tmp_path):
    path = tmp_path / "p.csv"
    run_over(utterances[:1], Recognizer(), path, model="m 1")

    with pytest.raises(PredictionsError, match="begun by 'm 1', expected 'm 2'; choose another folder"):
        run_over(utterances, Recognizer(), path, model="m 2")


def test_a_file_of_unknown_origin_is_left_alone(utterances, tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("precious")

    with pytest.raises(PredictionsError, match="which names its model"):
        run_over(utterances, Recognizer(), path, model="m 1")

    assert path.read_text() == "precious"


def test_the_file_speaks_of_these_utterances_alone(utterances, tmp_path):
    path, others = tmp_path / "p.csv", [_make_utterance(tmp_path / f"other{n}.wav", "c") for n in range(2)]
    run_over(utterances, Recognizer(), path, model="m 1")

    run_over(others, Recognizer(), path, model="m 1")
    before = read_predictions(path)
    run_over(utterances, again := Recognizer(), path, model="m 1")

    assert [row.utterance_id for row in before.rows] == ["other0", "other1"]
    assert [row.utterance_id for row in read_predictions(path).rows] == [one.utterance_id for one in utterances]
    assert again.heard == []


def test_the_truth_is_that_of_the_utterances_at_every_run(utterances, tmp_path):
    path = tmp_path / "p.csv"
    run_over(utterances, Recognizer(), path, model="m 1")

    corrected = [replace(one, label="sad", speaker_id="z", sex="male") for one in utterances]
    run_over(corrected, again := Recognizer(), path, model="m 1")

    assert {(row.label, row.speaker_id, row.sex) for row in read_predictions(path).rows} == {("sad", "z", "male")}
    assert again.heard == []


def test_a_recording_that_changed_is_heard_anew(utterances, tmp_path):
    path = tmp_path / "p.csv"
    run_over(utterances, Recognizer(), path, model="m 1")
    utterances[3].path.write_bytes(b"another sound")

    run_over(utterances, again := Recognizer(POSTERIOR | {"happy": 0.1, "sad": 0.7}), path, model="m 1")

    assert again.heard == ["u3"]
    assert read_predictions(path).predicted.tolist() == [0, 0, 0, 1, 0, 0]


def test_a_recording_that_cannot_be_opened_is_noted(utterances, tmp_path):
    utterances[1].path.unlink()

    result = run_over(utterances, Recognizer(), tmp_path / "p.csv", model="m 1")

    assert result.failures == (("u1", "cannot read 'u1.wav': expected a file, got: No such file or directory"),)


def test_where_nothing_can_be_heard_the_first_recordings_and_their_reasons_are_named(utterances, tmp_path):
    refusing = Recognizer(refuses={one.utterance_id for one in utterances})

    with pytest.raises(CorpusError, match=r"corpus 'made': .* none of 6 .*'u0': cannot use .*'u2': .*; and 3 more$"):
        run_over(utterances, refusing, tmp_path / "p.csv", model="m 1")
    with pytest.raises(CorpusError, match=r"none of 1 can be: 'u0': cannot use 'u0': expected sound, came silence$"):
        run_over(utterances[:1], refusing, tmp_path / "p.csv", model="m 1")
