from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

from recognizer.errors import BundleError, UnusableClipError
from recognizer.evaluation.bundle_listener import BundleListener, describe_bundle
from tests.recognizer.corpora.layouts import write_wav
from tests.recognizer.corpora.voices import make_voice

POSTERIOR = {"happy": 0.1, "sad": 0.2, "angry": 0.3, "neutral": 0.4}


class Recognizer:
    """A recognizer with a fixed posterior that notes what it heard."""

    def __init__(self):
        self.clips = []

    def recognize(self, clip):
        self.clips.append(clip)
        return SimpleNamespace(posterior=POSTERIOR)


@pytest.fixture
def bundle(tmp_path):
    (tmp_path / "bundle.json").write_text(json.dumps({"name": "small", "version": "1.2", "files": {"a": "b"}}))
    return tmp_path


def test_a_file_goes_the_way_of_a_voice_note(bundle, tmp_path):
    recognizer = Recognizer()
    listener = BundleListener(recognizer, bundle)
    voice = make_voice(0)

    waveform = listener.decode(write_wav(tmp_path / "voice.wav", voice))

    assert waveform == pytest.approx(voice, abs=1e-3)
    assert listener.recognize(waveform) == POSTERIOR
    assert recognizer.clips[0].waveform is waveform


def test_a_recording_that_no_listener_could_send_is_refused(bundle, tmp_path):
    with pytest.raises(UnusableClipError, match=r"silent\.wav"):
        BundleListener(Recognizer(), bundle).decode(write_wav(tmp_path / "silent.wav", np.zeros(16_000)))


def test_two_bundles_of_one_name_differ_by_their_hash(bundle):
    before = describe_bundle(bundle)
    (bundle / "bundle.json").write_text(json.dumps({"name": "small", "version": "1.2", "files": {"a": "c"}}))

    assert before.startswith("small 1.2 (")
    assert describe_bundle(bundle) != before


@pytest.mark.parametrize("text", [None, "{", "[]", '{"name": "small"}'])
def test_a_bundle_without_a_description_is_named(text, tmp_path):
    if text is not None:
        (tmp_path / "bundle.json").write_text(text)

    with pytest.raises(BundleError, match=r"bundle\.json.*expected JSON with name and version"):
        describe_bundle(tmp_path)
