from __future__ import annotations

import json

import pytest

from tests.factories import write_music

LABELS = ["happy", "sad", "angry", "neutral"]


@pytest.mark.usefixtures("home")
def test_music_files_are_measured_one_object_each(call, tmp_path):
    music = write_music(tmp_path / "piece.flac", duration_s=5.0)
    text = tmp_path / "text.mp3"
    text.write_text("no music")

    outcome = call("analyze", text, music, "--jsonl")

    assert outcome.exit_code == 1
    bad, good = map(json.loads, outcome.out.splitlines())
    assert list(bad) == ["file", "error"]
    assert bad["file"] == str(text)
    assert list(good) == [
        "file",
        "duration_s",
        "tempo_bpm",
        "key",
        "mode",
        "loudness_lufs",
        "dynamic_range_db",
        "onset_rate_hz",
        "affect",
        "embedding_length",
        "embedding_model",
    ]
    assert list(good["affect"]) == ["valence", "arousal", *LABELS]
    assert all(-1 <= good["affect"][axis] <= 1 for axis in ("valence", "arousal"))
    assert all(0 <= good["affect"][label] <= 1 for label in LABELS)
    assert good["duration_s"] == pytest.approx(5.0, abs=0.1)
    assert good["embedding_length"] == 33


@pytest.mark.usefixtures("home")
def test_without_jsonl_a_line_can_be_read(call, tmp_path):
    outcome = call("analyze", write_music(tmp_path / "piece.flac", duration_s=5.0))

    assert outcome.exit_code == 0
    assert "tempo_bpm: " in outcome.out
