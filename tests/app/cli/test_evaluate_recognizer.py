from __future__ import annotations

from recognizer.evaluation.predictions import write_predictions
from tests.recognizer.evaluation.made_up import make_predictions


def test_one_voice_gives_figures_without_intervals(call, tmp_path):
    predictions, out = tmp_path / "mine.csv", tmp_path / "out"
    write_predictions(predictions, [row for row in make_predictions(skill=9.0) if row.speaker_id == "01"])

    outcome = call("evaluate", "recognizer", "--from-predictions", predictions, "--out", out)

    assert outcome.exit_code == 0, outcome.err
    assert "accuracy 1.000, macro_f1 1.000" in outcome.out
    page = (out / "report.html").read_text()
    assert "8 recordings of one speaker" in page
    assert "one voice gives none" in page


def test_a_label_that_no_recording_has_leaves_figures_undefined(call, tmp_path):
    predictions = tmp_path / "mine.csv"
    write_predictions(predictions, [row for row in make_predictions() if row.label == "sad"])

    outcome = call("evaluate", "recognizer", "--from-predictions", predictions, "--out", tmp_path / "out")

    assert outcome.exit_code == 0, outcome.err
    assert "roc_auc not defined" in outcome.out


def test_several_voices_give_intervals(call, tmp_path):
    predictions = tmp_path / "mine.csv"
    write_predictions(predictions, make_predictions())

    outcome = call("evaluate", "recognizer", "--from-predictions", predictions, "--out", tmp_path / "out")

    assert outcome.exit_code == 0, outcome.err
    assert " [0." in outcome.out.partition("macro_f1")[0]
