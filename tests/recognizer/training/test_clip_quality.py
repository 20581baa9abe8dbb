from __future__ import annotations

from collections import Counter

import pytest

from recognizer.training.clip_quality import compare_on_clips, load_clips
from recognizer.training.errors import TrainingError
from recognizer.training.export import export
from tests.recognizer.training.made_up import make_checkpoint
from tests.signals import encode_wav, make_speech


@pytest.fixture(scope="module")
def checkpoint(whisper_dir):
    return make_checkpoint(whisper_dir)


@pytest.fixture(scope="module")
def model_file(checkpoint, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle") / "exact"
    return export(checkpoint, folder, version="1", model_card="", is_quantized=False)[0].model_file


def test_every_label_is_drawn_as_often_and_alike_by_one_seed(ravdess_dir):
    clips = load_clips(ravdess_dir.parent, 20)

    assert Counter(clip.label for clip in clips) == {"happy": 5, "sad": 5, "angry": 5, "neutral": 5}
    assert clips == load_clips(ravdess_dir.parent, 20)
    assert len(load_clips(ravdess_dir.parent, 1000)) == 96


def test_float32_answers_as_the_network_does(checkpoint, model_file, ravdess_dir):
    quality = compare_on_clips(checkpoint, model_file, load_clips(ravdess_dir.parent, 24))

    assert (quality.n_clips, quality.agreement) == (24, 1.0)
    assert quality.uar_onnx == quality.uar_torch


def test_clips_that_serving_refuses_are_left_out(checkpoint, model_file, ravdess_dir):
    clips = load_clips(ravdess_dir.parent, 4)
    clips[0].path.with_suffix(".kept").write_bytes(clips[0].path.read_bytes())
    clips[0].path.write_bytes(encode_wav(0.0 * make_speech(1.0)))

    try:
        quality = compare_on_clips(checkpoint, model_file, clips)

        assert quality.n_clips == 3
        with pytest.raises(TrainingError, match="got none of 1 to hear"):
            compare_on_clips(checkpoint, model_file, clips[:1])
    finally:
        clips[0].path.with_suffix(".kept").replace(clips[0].path)
