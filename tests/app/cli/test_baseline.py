from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.usefixtures("home")


def test_a_voice_built_from_notes_is_used_to_hear(call, note, tmp_path):
    voice = tmp_path / "voice.json"

    built = call("baseline", "build", note, note, "--out", voice)
    plain = call("recognize", note, "--jsonl")
    known = call("recognize", note, "--jsonl", "--baseline", voice)

    assert (built.exit_code, plain.exit_code, known.exit_code) == (0, 0, 0)
    assert "2 recordings, for tiny 1.0; counts 40%" in built.out
    assert json.loads(voice.read_text())["n_clips"] == 2
    assert json.loads(known.out)["posterior"] != json.loads(plain.out)["posterior"]


def test_building_goes_on_from_an_earlier_voice(call, note, tmp_path):
    call("baseline", "build", note, "--out", tmp_path / "first.json")

    built = call("baseline", "build", note, "--out", tmp_path / "both.json", "--add-to", tmp_path / "first.json")

    assert "2 recordings" in built.out


def test_recordings_that_cannot_be_judged_are_named_and_left_out(call, note, tmp_path):
    text = tmp_path / "text.wav"
    text.write_text("no sound")

    built = call("baseline", "build", text, note, "--out", tmp_path / "voice.json")

    assert built.exit_code == 0
    assert f"left out {text}:" in built.err
    assert "1 recording," in built.out


def test_without_any_usable_recording_nothing_is_written(call, tmp_path):
    text = tmp_path / "text.wav"
    text.write_text("no sound")

    built = call("baseline", "build", text, "--out", tmp_path / "voice.json")

    assert built.exit_code == 1
    assert "expected at least one recording that can be judged, got none among 1" in built.err
    assert not (tmp_path / "voice.json").exists()


def test_a_file_that_cannot_be_written_is_named_as_it_was_asked_for(call, note, tmp_path):
    voice, lost = tmp_path / "voice.json", tmp_path / "nowhere" / "voice.json"
    call("baseline", "build", note, "--out", voice)

    for command, source in (("build", note), ("merge", voice)):
        outcome = call("baseline", command, source, "--out", lost)

        assert outcome.exit_code == 1
        assert outcome.err == f"error: [Errno 2] No such file or directory: '{lost}'\n"


def test_voices_of_two_devices_are_joined(call, note, tmp_path):
    for name in ("phone", "laptop"):
        call("baseline", "build", note, "--out", tmp_path / f"{name}.json")

    call("baseline", "merge", tmp_path / "phone.json", tmp_path / "laptop.json", "--out", tmp_path / "both.json")

    assert "2 recordings, for tiny 1.0" in call("baseline", "show", tmp_path / "both.json").out


@pytest.mark.parametrize("content", ["no json", "{}", '{"format": 2}'])
def test_a_file_that_holds_no_voice_is_refused_in_one_line(call, note, tmp_path, content):
    (tmp_path / "voice.json").write_text(content)

    outcome = call("recognize", note, "--baseline", tmp_path / "voice.json")

    assert outcome.exit_code == 1
    assert outcome.err.startswith("error: expected a voice baseline")
    assert outcome.err.count("\n") == 1


def test_a_voice_of_another_model_is_refused(call, note, tmp_path):
    voice = tmp_path / "voice.json"
    call("baseline", "build", note, "--out", voice)
    voice.write_text(voice.read_text().replace("tiny 1.0", "other 2"))

    outcome = call("recognize", note, "--baseline", voice)

    assert outcome.exit_code == 1
    assert "got one of 'other 2': build it again" in outcome.err
