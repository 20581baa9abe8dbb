from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
import torch

import recognizer.training.export as export_module
from recognizer.audio import Clip
from recognizer.inference import EmotionRecognizer
from recognizer.speech import Speech
from recognizer.training.errors import TrainingError
from recognizer.training.export import export
from tests.recognizer.training.made_up import make_checkpoint
from tests.signals import make_speech


@pytest.fixture(params=["whisper_dir", "wav2vec2_dir"], scope="module")
def checkpoint(request):
    return make_checkpoint(request.getfixturevalue(request.param))


@pytest.fixture(scope="module")
def bundle_dir(checkpoint, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle") / "exact"
    export(checkpoint, folder, version="7", model_card="# Card\n", is_quantized=False)
    return folder


@pytest.mark.parametrize("duration_s", [0.6, 1.7, 3.0])
def test_the_bundle_answers_as_the_checkpoint_does(checkpoint, bundle_dir, duration_s):
    waveform = make_speech(duration_s)
    recognizer = EmotionRecognizer.load(bundle_dir)

    heard = recognizer.recognize(Clip("note", waveform), speech=whole(duration_s))

    with torch.inference_mode():
        logits, statistics = checkpoint.model(torch.from_numpy(waveform)[None])
    posterior = torch.softmax(logits[0] / checkpoint.confidence.temperature, dim=0).numpy()
    np.testing.assert_allclose(list(heard.posterior.values()), posterior, atol=1e-3)
    np.testing.assert_allclose(heard.statistics, statistics[0].numpy(), atol=1e-2)
    assert heard.model == "tiny 7"


def whole(duration_s):
    n_chunks = int(np.ceil(duration_s * 16_000 / 512))
    return Speech(0.0, duration_s, np.ones(n_chunks, dtype=bool))


def test_several_windows_and_a_voice_s_center_go_in(checkpoint, bundle_dir):
    windows = np.stack([make_speech(3.0, seed=seed) for seed in range(3)])
    center = np.random.default_rng(1).standard_normal((1, checkpoint.model.statistics_dim)).astype(np.float32)
    session = onnxruntime.InferenceSession(bundle_dir / "model.onnx", providers=["CPUExecutionProvider"])

    logits = session.run(["logits"], {"waveform": windows, "center": center})[0]

    with torch.inference_mode():
        expected = checkpoint.model(torch.from_numpy(windows), torch.from_numpy(center))[0].numpy()
    np.testing.assert_allclose(logits, expected, atol=2e-3)


def test_the_bundle_carries_the_run_and_its_calibration(checkpoint, bundle_dir):
    description = EmotionRecognizer.load(bundle_dir).bundle.description

    assert (description.window_s, description.hop_s) == (checkpoint.config.window_s, checkpoint.config.hop_s)
    assert (description.calibration.temperature, description.calibration.margin_threshold) == (1.3, 0.1)
    assert (bundle_dir / "MODEL_CARD.md").read_text() == "# Card\n"


def test_the_bundle_carries_what_moods_do_to_the_statistics(checkpoint, bundle_dir):
    bundle = EmotionRecognizer.load(bundle_dir).bundle

    np.testing.assert_array_equal(bundle.mood_offsets, checkpoint.model.mood_offsets.numpy())
    assert bundle.description.calibration.fitted_on == "out-of-fold speakers of ravdess, nemo"


def test_int8_is_smaller_or_as_small_and_agrees(checkpoint, bundle_dir, tmp_path):
    bundle, report = export(checkpoint, tmp_path / "small", version="1", model_card="", is_quantized=True)

    assert report.largest_difference <= export_module.PARITY_TOLERANCE
    assert report.int8_agreement >= export_module.MIN_INT8_AGREEMENT
    assert 0 < report.int8_shift < 0.1
    assert report.size_bytes == bundle.model_file.stat().st_size
    assert bundle.model_file.read_bytes() != (bundle_dir / "model.onnx").read_bytes()


def test_int8_that_disagrees_is_refused_and_the_old_bundle_stays(checkpoint, tmp_path, monkeypatch):
    export(checkpoint, tmp_path / "bundle", version="1", model_card="", is_quantized=False)
    monkeypatch.setattr(export_module, "MIN_INT8_AGREEMENT", 1.01)

    with pytest.raises(TrainingError, match=r"int8 agrees with float32 on .*export without quantizing"):
        export(checkpoint, tmp_path / "bundle", version="2", model_card="", is_quantized=True)

    assert EmotionRecognizer.load(tmp_path / "bundle").model == "tiny 1"


def test_a_graph_that_answers_differently_is_refused(checkpoint, tmp_path, monkeypatch):
    monkeypatch.setattr(export_module, "PARITY_TOLERANCE", -1.0)

    with pytest.raises(TrainingError, match="differs from the checkpoint by"):
        export(checkpoint, tmp_path / "bundle", version="1", model_card="")

    assert not (tmp_path / "bundle").exists()


def test_exporting_gives_no_advice_that_a_user_could_not_follow(checkpoint, tmp_path, caplog):
    export(checkpoint, tmp_path / "bundle", version="1", model_card="")

    assert caplog.messages == []


def test_exporting_leaves_no_other_file_behind(checkpoint, tmp_path):
    export(checkpoint, tmp_path / "bundle", version="1", model_card="", is_quantized=False)

    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]
