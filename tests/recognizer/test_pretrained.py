"""The bundle that ships: whole, hears a voice, and quick enough."""

from __future__ import annotations

import io

import pytest

from recognizer.audio import decode_clip
from recognizer.bundles import CARD_FILE, load_bundle, resolve_bundle
from recognizer.inference import EmotionRecognizer
from recognizer.labels import LABELS
from recognizer.voice_baseline import VoiceBaseline
from tests.signals import encode, make_speech

MAX_BUNDLE_BYTES = 14_000_000


@pytest.fixture(scope="module")
def recognizer():
    return EmotionRecognizer.load(resolve_bundle("default"))


def test_the_shipped_bundle_is_small_and_has_its_card():
    bundle = load_bundle(resolve_bundle("default"))

    assert sum(file.stat().st_size for file in bundle.folder.iterdir()) <= MAX_BUNDLE_BYTES
    assert (bundle.folder / CARD_FILE).read_text(encoding="utf-8").startswith("#")


@pytest.mark.parametrize("duration_s", [0.6, 3.0, 10.0])
def test_the_shipped_model_hears_clips_of_any_length(recognizer, duration_s):
    clip = decode_clip(io.BytesIO(encode(make_speech(duration_s), "webm")), "note")

    recognition = recognizer.recognize(clip)

    assert list(recognition.posterior) == list(LABELS)
    assert sum(recognition.posterior.values()) == pytest.approx(1.0)
    assert recognition.timeline


def test_hearing_a_clip_twice_gives_the_same(recognizer):
    clip = decode_clip(io.BytesIO(encode(make_speech(5.0), "flac")), "note")

    assert recognizer.recognize(clip) == recognizer.recognize(clip)


def test_gain_hardly_moves_the_shipped_model(recognizer):
    softer, louder = (
        recognizer.recognize(decode_clip(io.BytesIO(encode(make_speech(3.0, level=level))), "note"))
        for level in (0.24, 0.3)
    )

    assert list(softer.posterior.values()) == pytest.approx(list(louder.posterior.values()), abs=0.1)


def test_the_shipped_model_takes_a_voice_baseline(recognizer):
    clip = decode_clip(io.BytesIO(encode(make_speech(3.0))), "note")
    plain = recognizer.recognize(clip)
    baseline = VoiceBaseline.empty(recognizer.model, len(plain.statistics)).with_clip(plain.statistics)

    known = recognizer.recognize(clip, baseline=baseline)

    assert known.posterior != plain.posterior
    assert known.statistics == pytest.approx(plain.statistics)
