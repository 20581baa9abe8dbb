from __future__ import annotations

import io

import pytest

from app.services.recognition import RecognitionService, timed
from recognizer.errors import BundleError, UnreadableAudioError, UnusableClipError
from recognizer.inference import EmotionRecognizer
from tests.bundles import write_tiny_bundle
from tests.signals import encode, make_hum, make_speech


@pytest.fixture
def recognition(tmp_path):
    write_tiny_bundle(tmp_path / "tiny")
    recognizer = EmotionRecognizer.load(tmp_path / "tiny")
    return RecognitionService(lambda: recognizer, max_clip_s=5.0)


def test_a_file_and_an_open_recording_sound_alike(recognition, tmp_path):
    content = encode(make_speech())
    (tmp_path / "note.wav").write_bytes(content)

    from_file = recognition.recognize(tmp_path / "note.wav", "note.wav")
    from_memory = recognition.recognize(io.BytesIO(content), "note.wav")

    assert from_file == from_memory
    assert sum(from_file.posterior.values()) == pytest.approx(1.0)


def test_each_step_is_timed(recognition):
    timings_ms = {}

    recognition.recognize(io.BytesIO(encode(make_speech())), "note.wav", timings_ms=timings_ms)

    assert list(timings_ms) == ["load", "decode", "recognize"]
    assert timings_ms["decode"] > 0


def test_a_step_that_fails_is_timed_too():
    timings_ms = {}

    with pytest.raises(KeyError, match="x"), timed(timings_ms, "step"):
        raise KeyError("x")

    assert "step" in timings_ms


def test_recordings_that_cannot_be_heard_are_refused_by_name(recognition):
    with pytest.raises(UnusableClipError, match=r"'long\.wav': expected at most 5 s"):
        recognition.recognize(io.BytesIO(encode(make_speech(6.0))), "long.wav")
    with pytest.raises(UnusableClipError, match=r"'hum\.wav'"):
        recognition.recognize(io.BytesIO(encode(make_hum())), "hum.wav")
    with pytest.raises(UnreadableAudioError, match=r"'text\.wav'"):
        recognition.recognize(io.BytesIO(b"no sound at all"), "text.wav")


def test_an_upload_shorter_than_the_recorder_ran_is_refused(recognition):
    with pytest.raises(UnreadableAudioError, match=r"4\.80 s of sound as the recorder's clock says"):
        recognition.recognize(io.BytesIO(encode(make_speech(2.0))), "note.wav", expected_s=4.8)


def test_a_missing_model_is_told_before_anything_is_decoded():
    def get_recognizer():
        raise BundleError("no model")

    with pytest.raises(BundleError, match="no model"):
        RecognitionService(get_recognizer).recognize(io.BytesIO(b""), "note.wav")
