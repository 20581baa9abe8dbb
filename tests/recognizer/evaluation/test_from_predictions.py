from __future__ import annotations

from dataclasses import replace

import pytest

from recognizer.evaluation.from_predictions import evaluate_from_predictions
from recognizer.evaluation.measured import FILE_NAME, write_measured
from recognizer.evaluation.predictions import write_predictions
from recognizer.evaluation.runner import NOT_OUT_OF_FOLD, ONE_MODEL
from tests.recognizer.evaluation.made_up import make_predictions
from tests.recognizer.evaluation.test_measured import MEASURED


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What is told of a folder with everything in it, and the page."""
    folder = tmp_path_factory.mktemp("kept")
    weak, strong = make_predictions(skill=1.0), make_predictions(skill=3.0)
    for name in ("ravdess-4", "ravdess-4-week-of-sad-as-heard", "ravdess-4-learning-50"):
        write_predictions(folder / f"{name}.csv", weak)
    for name in ("ravdess-4-fine-tuned", "ravdess-4-known-5", "ravdess-4-week-of-sad"):
        write_predictions(folder / f"{name}.csv.gz", strong)
    for corpus in ("nemo", "emospeech"):
        strangers = tuple(replace(row, corpus=corpus, fold=corpus) for row in weak)
        write_predictions(folder / f"leave-one-corpus-out-{corpus}.csv", strangers)
    pitches = {f"ravdess/{number:02}": 100.0 + 5 * number for number in range(1, 25)}
    write_measured(folder / FILE_NAME, replace(MEASURED, pitch_hz_by_speaker=pitches))
    content = evaluate_from_predictions(folder, folder / "out", command="again with predictions")
    return content, (folder / "out" / "report.html").read_text(encoding="utf-8")


def test_kept_predictions_give_a_report(tmp_path):
    path = tmp_path / "kept.csv"
    write_predictions(path, make_predictions())

    content = evaluate_from_predictions(path, tmp_path / "out")

    assert list(content["protocols"]) == ["ravdess-4-kept"]
    assert content["commands"] == [f"emotitune evaluate recognizer --from-predictions {path} --out {tmp_path / 'out'}"]
    assert content["notes"] == []
    assert content["measured"] is None


def test_other_systems_have_figures_under_their_own_name(told):
    content, _ = told

    assert set(content["protocols"]) == {
        "ravdess-4",
        "ravdess-4-fine-tuned",
        "leave-one-corpus-out-nemo",
        "leave-one-corpus-out-emospeech",
    }
    system = content["systems"]["ravdess-4"]["ravdess-4-fine-tuned"]
    assert system["uar"] == content["protocols"]["ravdess-4-fine-tuned"]["uar"]
    assert system["verdict"] == "better"
    assert set(content["systems"]) == {"ravdess-4"}


def test_known_voices_weeks_and_learning_curve_are_told(told):
    content, _ = told

    assert [row["n_known"] for row in content["known_voices"]["ravdess-4"]] == [0, 5]
    assert content["known_voices"]["ravdess-4"][1]["difference"]["low"] > 0
    (week,) = content["weeks"]["ravdess-4"]
    assert (week["label"], week["with_rule"]["verdict"], week["as_heard"]["verdict"]) == (
        "sad",
        "better",
        "within noise",
    )
    assert [point["percent"] for point in content["learning_curve"]["ravdess-4"]] == [50, 100]


def test_bands_of_confidence_are_told_for_protocols_and_their_known_voices(told):
    content, page = told

    assert set(content["sureness"]) == {"ravdess-4", "leave-one-corpus-out-emospeech", "leave-one-corpus-out-nemo"}
    assert {row["n_known"] for row in content["sureness"]["ravdess-4"]} == {0, 5}
    surest = content["sureness"]["ravdess-4"][-1]
    assert f"{surest['accuracy']['value']:.3f}" in page.partition("Right when sure</h2>")[2].partition("<h2")[0]


def test_sets_are_told_for_folds_and_for_corpora_left_out(told):
    content, _ = told

    assert [row["level"] for row in content["conformal"]["ravdess-4"]] == [0.8, 0.9, 0.95]
    assert "leave-one-corpus-out-nemo" in content["conformal"]


def test_what_only_recordings_tell_is_taken_from_the_folder(told):
    content, page = told

    assert content["measured"]["model"] == "small 1"
    assert content["speed"] == {"latency_3s_ms_p50": 20.5}
    assert [line["name"] for line in content["robustness"]] == ["noise"]
    assert {line["attribute"] for line in content["fairness"]["ravdess-4"]} == {"sex", "pitch"}
    assert {line["attribute"] for line in content["fairness"]["leave-one-corpus-out-nemo"]} == {"sex"}
    assert content["commands"] == ["again", "again with predictions"]
    assert "weights abababababab" in page


def test_only_protocols_have_a_part_of_the_page(told):
    _, page = told

    headings = [part.partition("<")[0] for part in page.split("<h2")[1:]]
    titles = [heading.partition(">")[2] for heading in headings]
    assert titles == [
        "In short",
        "Systems compared",
        "Strangers and known voices",
        "Right when sure",
        "A week of one mood",
        "Conformal sets",
        "Over time",
        "Robustness",
        "Speed and memory",
        "Learning curve",
        "ravdess-4",
        "leave-one-corpus-out-emospeech",
        "leave-one-corpus-out-nemo",
        "How to get this page again",
    ]


def test_figures_of_one_model_are_no_figures_of_new_voices(tmp_path):
    write_predictions(tmp_path / "mine.csv", tuple(replace(row, fold=ONE_MODEL) for row in make_predictions()))

    assert evaluate_from_predictions(tmp_path, tmp_path / "out")["notes"] == [NOT_OUT_OF_FOLD]
