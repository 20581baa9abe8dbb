"""The way from a clip to a mood on real ONNX Runtime, with a model small enough to restate."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from recognizer.audio import SAMPLE_RATE, Clip
from recognizer.bundles import write_bundle
from recognizer.calibration import apply_temperature, compute_distance
from recognizer.errors import BundleError, RecognizerError, UnusableClipError, VoiceBaselineError
from recognizer.inference import EmotionRecognizer
from recognizer.labels import LABELS
from recognizer.smoothing import MOOD_DWELL_S, HiddenMarkovFilter, smooth
from recognizer.speech import find_speech, split_into_windows
from recognizer.voice_baseline import VoiceBaseline
from tests.bundles import (
    BIAS,
    STATISTICS_MEAN,
    compute_tiny_logits,
    compute_tiny_statistics,
    describe_tiny_model,
    write_tiny_bundle,
    write_tiny_model,
)
from tests.signals import make_noise, make_speech

NO_CENTER = np.zeros((1, 2), dtype=np.float32)
# Loud, then soft, so that windows differ; longer than one batch of windows.
CLIP = Clip("note", np.concatenate([make_speech(12.0, level=0.9), make_speech(6.0, seed=1, level=0.1)]), ("a note",))


@pytest.fixture
def recognizer(tmp_path):
    return EmotionRecognizer.load(write_tiny_bundle(tmp_path / "tiny").folder)


def cut_windows(clip):
    windows = split_into_windows(find_speech(clip), clip.duration_s)
    starts = [round(window.start_s * SAMPLE_RATE) for window in windows]
    n_samples = round((windows[0].end_s - windows[0].start_s) * SAMPLE_RATE)
    return windows, np.stack([clip.waveform[start : start + n_samples] for start in starts])


def test_posterior_is_the_tempered_softmax_of_the_speech_weighted_logits(recognizer):
    windows, waveforms = cut_windows(CLIP)
    shares = np.array([window.speech_share for window in windows])
    logits = np.average(compute_tiny_logits(waveforms, NO_CENTER), axis=0, weights=shares)

    recognition = recognizer.recognize(CLIP)

    expected = apply_temperature(logits, 1.5)
    assert len(windows) > 8
    assert list(recognition.posterior) == list(LABELS)
    np.testing.assert_allclose(list(recognition.posterior.values()), expected, rtol=1e-4)
    assert sum(recognition.posterior.values()) == pytest.approx(1.0)
    assert recognition.label == LABELS[expected.argmax()]
    assert recognition.confidence == pytest.approx(expected.max(), rel=1e-4)
    assert recognition.margin == pytest.approx(np.diff(np.sort(logits)[-2:])[0], rel=1e-3)
    statistics = np.average(compute_tiny_statistics(waveforms), axis=0, weights=shares)
    np.testing.assert_allclose(recognition.statistics, statistics, rtol=1e-4)


def test_timeline_filters_the_posteriors_of_the_windows(recognizer):
    windows, waveforms = cut_windows(CLIP)
    posteriors = apply_temperature(compute_tiny_logits(waveforms, NO_CENTER), 1.5)
    hmm = HiddenMarkovFilter(MOOD_DWELL_S, window_s=3.0)
    expected = smooth(posteriors, [w.start_s for w in windows], [w.speech_share for w in windows], hmm)

    timeline = recognizer.recognize(CLIP).timeline

    assert [(point.start_s, point.end_s) for point in timeline] == [(w.start_s, w.end_s) for w in windows]
    np.testing.assert_allclose([list(point.posterior.values()) for point in timeline], expected, rtol=1e-4)
    assert timeline[0].posterior["angry"] > timeline[-1].posterior["angry"]


def test_result_is_printed_in_the_published_order_with_plain_values(recognizer):
    fields = recognizer.recognize(CLIP).to_json()

    assert list(fields) == [
        "duration_s", "posterior", "label", "confidence", "abstained", "reason", "timeline", "model"
    ]  # fmt: skip
    assert list(fields["timeline"][0]) == ["start_s", "end_s", "posterior"]
    assert fields["duration_s"] == 18.0
    assert fields["model"] == "tiny 1.0"
    assert json.loads(json.dumps(fields)) == fields


def test_notes_of_the_clip_reach_the_result(recognizer):
    assert recognizer.recognize(CLIP).notes == ("a note",)


def test_a_clear_clip_is_answered_without_a_reason(recognizer):
    recognition = recognizer.recognize(CLIP)

    assert not recognition.abstained
    assert recognition.reason is None


def test_a_clip_too_close_to_call_is_abstained_on_with_its_label_kept(tmp_path):
    margin = EmotionRecognizer.load(write_tiny_bundle(tmp_path / "plain").folder).recognize(CLIP).margin
    sure, unsure = (
        EmotionRecognizer.load(write_tiny_bundle(tmp_path / name, margin_threshold=threshold).folder)
        for name, threshold in (("sure", margin - 0.01), ("unsure", margin + 0.01))
    )

    answered, abstained = sure.recognize(CLIP), unsure.recognize(CLIP)

    assert not answered.abstained
    assert abstained.abstained
    assert (abstained.label, abstained.posterior) == (answered.label, answered.posterior)
    first, second = sorted(abstained.posterior, key=abstained.posterior.get)[:-3:-1]
    assert abstained.reason.startswith(f"ambiguous: it sounds {first} (")
    assert f"and {second} (" in abstained.reason


def test_a_clip_unlike_anything_heard_is_abstained_on_however_clear_it_seems(tmp_path):
    distance = compute_distance(
        EmotionRecognizer.load(write_tiny_bundle(tmp_path / "plain").folder).recognize(CLIP).statistics
    )
    near, far = (
        EmotionRecognizer.load(write_tiny_bundle(tmp_path / name, largest_distance=limit).folder).recognize(CLIP)
        for name, limit in (("near", distance * 1.01), ("far", distance * 0.99))
    )

    assert not near.abstained
    assert far.abstained
    assert far.reason.startswith("unlike anything heard")
    assert far.posterior == near.posterior


def test_the_set_holds_the_labels_that_cannot_be_ruled_out(tmp_path):
    posterior = EmotionRecognizer.load(write_tiny_bundle(tmp_path / "plain").folder).recognize(CLIP).posterior
    ranked = sorted(posterior, key=posterior.get, reverse=True)
    quantiles = {"none": 0.0, "two": 1 - posterior[ranked[1]] + 1e-6, "all": 1.0}

    sets = {
        name: EmotionRecognizer.load(write_tiny_bundle(tmp_path / name, conformal_quantile=quantile).folder)
        .recognize(CLIP)
        .label_set
        for name, quantile in quantiles.items()
    }

    assert sets == {"none": (ranked[0],), "two": tuple(ranked[:2]), "all": tuple(ranked)}


def test_a_calibration_without_a_quantile_gives_no_set(recognizer):
    assert recognizer.recognize(CLIP).label_set is None


def test_abstention_does_not_depend_on_the_temperature(tmp_path):
    plain, tempered = (
        EmotionRecognizer.load(write_tiny_bundle(tmp_path / str(t), temperature=t, margin_threshold=0.2).folder)
        for t in (1.0, 10.0)
    )

    assert plain.recognize(CLIP).margin == tempered.recognize(CLIP).margin
    assert plain.recognize(CLIP).abstained == tempered.recognize(CLIP).abstained


def test_a_clip_shorter_than_a_window_has_one_point(recognizer):
    assert len(recognizer.recognize(Clip("note", make_speech(0.6))).timeline) == 1


def test_speech_found_before_is_not_looked_for_again(recognizer):
    speech = find_speech(CLIP)

    assert recognizer.recognize(CLIP, speech=speech) == recognizer.recognize(CLIP)


def test_a_clip_without_speech_is_refused(recognizer):
    with pytest.raises(UnusableClipError, match="expected speech, got none"):
        recognizer.recognize(Clip("note", make_noise(2.0)))


def test_a_known_voice_moves_the_center(recognizer):
    plain = recognizer.recognize(CLIP)
    baseline = VoiceBaseline.empty("tiny 1.0", 2).with_clip(plain.statistics)
    _, waveforms = cut_windows(CLIP)
    center = 0.25 * (plain.statistics - STATISTICS_MEAN)
    weights = [window.speech_share for window in cut_windows(CLIP)[0]]
    logits = np.average(compute_tiny_logits(waveforms, center), axis=0, weights=weights)

    known = recognizer.recognize(CLIP, baseline=baseline)

    np.testing.assert_allclose(list(known.posterior.values()), apply_temperature(logits, 1.5), rtol=1e-4)
    np.testing.assert_array_equal(known.statistics, plain.statistics)
    assert (plain.n_known, known.n_known) == (0, 1)


def test_an_empty_baseline_changes_nothing(recognizer):
    baseline = VoiceBaseline.empty("tiny 1.0", 2)

    assert recognizer.recognize(CLIP, baseline=baseline) == recognizer.recognize(CLIP)


def test_a_baseline_of_another_model_is_refused(recognizer):
    with pytest.raises(
        VoiceBaselineError, match=r"expected a voice baseline of model 'tiny 1\.0', got one of 'other 2'"
    ):
        recognizer.recognize(CLIP, baseline=VoiceBaseline.empty("other 2", 2))


def test_one_recognizer_serves_many_threads(recognizer):
    clips = [Clip(str(seed), make_speech(2.0, seed=seed)) for seed in range(6)]
    alone = [recognizer.recognize(clip) for clip in clips]

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(recognizer.recognize, clips))

    assert together == alone


def test_a_model_that_answers_with_no_numbers_is_refused(tmp_path):
    bias = BIAS.copy()
    bias[1] = np.nan
    recognizer = EmotionRecognizer.load(write_tiny_bundle(tmp_path / "broken", bias=bias).folder)

    with pytest.raises(RecognizerError, match=r"expected numbers from model 'tiny 1\.0', got NaN or infinity"):
        recognizer.recognize(CLIP)


def test_weights_that_are_no_model_are_refused(tmp_path):
    file = tmp_path / "no.onnx"
    file.write_bytes(b"no model")
    bundle = write_bundle(
        tmp_path / "no",
        describe_tiny_model(file),
        model_file=file,
        statistics_mean=STATISTICS_MEAN,
        model_card="",
    )

    with pytest.raises(BundleError, match="ONNX Runtime refuses it"):
        EmotionRecognizer.load(bundle.folder)


def test_a_model_with_other_inputs_is_refused(tmp_path):
    file = write_tiny_model(tmp_path / "other.onnx", input_name="audio")
    bundle = write_bundle(
        tmp_path / "other",
        describe_tiny_model(file),
        model_file=file,
        statistics_mean=STATISTICS_MEAN,
        model_card="",
    )

    with pytest.raises(BundleError, match=r"expected inputs \['center', 'waveform'\] .* got \['audio', 'center'\]"):
        EmotionRecognizer.load(bundle.folder)


def test_learning_a_voice_adds_the_clip(recognizer):
    heard = recognizer.recognize(CLIP)

    once = recognizer.learn_voice(heard)
    twice = recognizer.learn_voice(heard, once)

    assert (once.model, once.n_clips, twice.n_clips) == ("tiny 1.0", 1, 2)
    np.testing.assert_allclose(twice.mean, heard.statistics, rtol=1e-6)


def test_the_listener_s_word_goes_before_what_was_heard(tmp_path):
    model_file = write_tiny_model(tmp_path / "exported.onnx")
    write_bundle(
        tmp_path / "tiny",
        describe_tiny_model(model_file),
        model_file=model_file,
        statistics_mean=STATISTICS_MEAN,
        mood_offsets=np.array([[1, 0], [0, 1], [0, 0], [0, 0]]),
        model_card="",
    )
    recognizer = EmotionRecognizer.load(tmp_path / "tiny")
    heard = recognizer.recognize(CLIP)

    voice = recognizer.learn_voice(heard, label="sad")

    np.testing.assert_allclose(voice.mean, heard.statistics - np.array([0.0, 0.5]), rtol=1e-6)


def test_a_recognition_by_another_model_teaches_no_voice(recognizer):
    heard = replace(recognizer.recognize(CLIP), model="other 2")

    with pytest.raises(
        VoiceBaselineError, match=r"expected a voice baseline of model 'other 2', got one of 'tiny 1\.0'"
    ):
        recognizer.learn_voice(heard)
