from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from recognizer.corpora import load_corpus
from recognizer.errors import CorpusError
from recognizer.evaluation.from_predictions import evaluate_from_predictions
from recognizer.evaluation.from_recordings import evaluate_bundle, evaluate_listener, find_corpora
from recognizer.evaluation.measured import read_measured
from recognizer.evaluation.predictions import read_predictions, write_predictions
from recognizer.evaluation.runner import NOT_OUT_OF_FOLD
from tests.recognizer.corpora.layouts import LAYOUTS, write_lines, write_wav
from tests.recognizer.corpora.voices import make_voice
from tests.recognizer.evaluation.made_up import LoudnessListener


@pytest.fixture
def recordings(tmp_path):
    return _write_recordings(tmp_path / "mine", "abc", n_recordings=12)


def _write_recordings(folder, speakers, *, n_recordings, seed=0):
    rows = ["file,speaker,label,sex"]
    for number in range(n_recordings):
        label, level = ("angry", 0.9) if number % 2 else ("sad", 0.1)
        write_wav(folder / f"{number}.wav", make_voice(seed + number, duration_s=1.0, level=level))
        rows.append(f"{number}.wav,{speakers[number % len(speakers)]},{label},{'female' if number % 3 else 'male'}")
    write_lines(folder / "manifest.csv", *rows)
    return folder


def test_a_recognizer_is_run_measured_and_reported(recordings, tmp_path):
    said = []

    content = evaluate_listener(
        LoudnessListener(), recordings, tmp_path / "out", command="again", on_progress=lambda *s: said.append(s)
    )

    assert content["protocols"]["manifest"]["accuracy"]["value"] == 1.0
    assert content["notes"] == [NOT_OUT_OF_FOLD]
    assert {line["name"] for line in content["robustness"]} >= {"gain of -2 or +2 dB", "Opus at 16, 24 or 32 kb/s"}
    assert {line["attribute"] for line in content["fairness"]["manifest"]} == {"sex", "pitch"}
    assert content["speed"]["latency_ms_p50"] <= content["speed"]["latency_ms_p95"]
    assert content["commands"] == ["again"]
    assert ("manifest", 12, 12) in said


def test_a_bundle_is_run_as_it_ships(recordings, tmp_path):
    bundle = tmp_path / "bundle"
    write_lines(bundle / "bundle.json", '{"name": "loudness", "version": "1"}')
    listener = LoudnessListener()
    recognizer = SimpleNamespace(recognize=lambda clip: SimpleNamespace(posterior=listener.recognize(clip.waveform)))

    content = evaluate_bundle(recognizer, bundle, {"manifest": recordings}, tmp_path / "out", n_suite_clips=0)

    assert content["title"].startswith("Speech emotion recognizer: loudness 1 (")
    assert content["protocols"]["manifest"]["uar"]["value"] == 1.0
    (command,) = content["commands"]
    assert f"--model {bundle} --data manifest={recordings} --out" in command


def test_what_predictions_cannot_tell_is_kept_for_them(recordings, tmp_path):
    bundle, kept = tmp_path / "bundle", tmp_path / "kept"
    write_lines(bundle / "bundle.json", '{"name": "loudness", "version": "1", "files": {"model.onnx": "abc"}}')
    listener = LoudnessListener()
    recognizer = SimpleNamespace(recognize=lambda clip: SimpleNamespace(posterior=listener.recognize(clip.waveform)))

    content = evaluate_bundle(
        recognizer,
        bundle,
        {"manifest": recordings},
        tmp_path / "out",
        model="loudness",
        n_suite_clips=3,
        keep=kept / "measured.json",
    )

    measured = read_measured(kept / "measured.json")
    assert (measured.weights_sha256, measured.corpora) == ("abc", ("manifest",))
    assert measured.speed["size_mb"] == pytest.approx((bundle / "bundle.json").stat().st_size / 1e6)
    assert measured.speed["latency_3s_ms_p50"] > 0
    assert set(measured.pitch_hz_by_speaker) == {"manifest/a", "manifest/b", "manifest/c"}
    assert measured.command == (
        f"emotitune evaluate recognizer --model loudness --data manifest={recordings} "
        f"--out {tmp_path / 'out'} --keep {kept / 'measured.json'}"
    )
    write_predictions(kept / "mine.csv", read_predictions(tmp_path / "out" / "predictions" / "manifest.csv").rows)
    again = evaluate_from_predictions(kept, tmp_path / "again")
    assert again["robustness"] == content["robustness"]
    assert again["fairness"]["mine"] == content["fairness"]["manifest"]


def test_a_second_run_listens_to_nothing_again(recordings, tmp_path):
    first, second = LoudnessListener(), LoudnessListener()

    before = evaluate_listener(first, recordings, tmp_path / "out", n_suite_clips=0)
    after = evaluate_listener(second, recordings, tmp_path / "out", n_suite_clips=0)

    assert (first.n_heard, second.n_heard) == (12, 0)
    assert before["protocols"] == after["protocols"]


def test_a_second_set_of_recordings_is_reported_alone(recordings, tmp_path):
    others = _write_recordings(tmp_path / "theirs", "de", n_recordings=14, seed=50)
    evaluate_listener(LoudnessListener(), recordings, tmp_path / "out", n_suite_clips=0)

    content = evaluate_listener(listener := LoudnessListener(), others, tmp_path / "out", n_suite_clips=0)

    details = content["details"]["manifest"]
    assert (details["n_utterances"], details["n_speakers"], listener.n_heard) == (14, 2, 14)


def test_a_corrected_label_counts_without_hearing_again(recordings, tmp_path):
    evaluate_listener(LoudnessListener(), recordings, tmp_path / "out", n_suite_clips=0)
    table = recordings / "manifest.csv"
    table.write_text(table.read_text().replace("angry", "neutral"))

    content = evaluate_listener(listener := LoudnessListener(), recordings, tmp_path / "out", n_suite_clips=0)

    assert content["protocols"]["manifest"]["accuracy"]["value"] == 0.5
    assert listener.n_heard == 0


def test_what_cannot_be_used_in_one_corpus_may_be_used_in_another(recordings, tmp_path):
    ravdess = LAYOUTS["ravdess"](tmp_path / "ravdess")
    for number, utterance in enumerate(load_corpus("ravdess", ravdess)):
        write_wav(utterance.path, make_voice(number, duration_s=1.0, level=0.9))
    table = recordings / "manifest.csv"
    table.write_text(f"{table.read_text()}{utterance.utterance_id},a,sad,male\n")
    write_wav(recordings / utterance.utterance_id, np.zeros(16_000))

    content = evaluate_listener(
        LoudnessListener(), {"manifest": recordings, "ravdess": ravdess}, tmp_path / "out", n_suite_clips=100
    )

    assert [failure["file"] for failure in content["failures"]] == [utterance.utterance_id]
    assert content["robustness"][0]["n_utterances"] == 12 + content["details"]["ravdess"]["n_utterances"]


def test_where_nothing_can_be_heard_files_and_reasons_are_named(tmp_path):
    write_lines(tmp_path / "manifest.csv", "file,speaker,label", "broken.wav,a,sad", "silent.wav,b,angry")
    write_wav(tmp_path / "broken.wav")
    write_wav(tmp_path / "silent.wav", np.zeros(16_000))

    with pytest.raises(
        CorpusError, match=r"none of 2 can be: 'broken.wav': .*, came noise; 'silent.wav': .*, came silence$"
    ):
        evaluate_listener(LoudnessListener(), tmp_path, tmp_path / "out")


def test_recordings_that_cannot_be_used_are_listed(recordings, tmp_path):
    table = recordings / "manifest.csv"
    table.write_text(table.read_text() + "broken.wav,a,sad,male\nsilent.wav,b,sad,female\n")
    write_wav(recordings / "broken.wav")
    write_wav(recordings / "silent.wav", np.zeros(16_000))

    content = evaluate_listener(LoudnessListener(), recordings, tmp_path / "out", n_suite_clips=2)

    assert [failure["file"] for failure in content["failures"]] == ["broken.wav", "silent.wav"]
    assert content["robustness"][0]["n_utterances"] == 2


def test_corpora_are_found_by_folder_name_or_manifest(tmp_path):
    LAYOUTS["ravdess"](tmp_path / "ravdess")
    LAYOUTS["manifest"](tmp_path / "mine")

    assert find_corpora(tmp_path) == {"ravdess": tmp_path / "ravdess"}
    assert find_corpora(tmp_path / "ravdess") == {"ravdess": tmp_path / "ravdess"}
    assert find_corpora(tmp_path / "mine") == {"manifest": tmp_path / "mine"}
    assert find_corpora(tmp_path / "mine" / "manifest.csv") == {"manifest": tmp_path / "mine" / "manifest.csv"}
    assert find_corpora({"nemo": tmp_path}) == {"nemo": tmp_path}
    with pytest.raises(CorpusError, match="expected a manifest, or a folder with ravdess, cremad"):
        find_corpora(tmp_path / "nothing")
