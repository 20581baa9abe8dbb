from __future__ import annotations

import numpy as np
import pytest
import torch

from recognizer.training.checkpoints import build_model, set_head
from recognizer.training.head import TrainingClips
from recognizer.training.inner_folds import fit_with_inner_folds
from tests.recognizer.training.made_up import HIDDEN, make_config, make_statistics
from tests.signals import make_speech

SPEECH = torch.from_numpy(np.stack([make_speech(1.0, seed=seed) for seed in range(3)]))


@pytest.fixture(params=["whisper_dir", "wav2vec2_dir"])
def encoder_dir(request):
    return str(request.getfixturevalue(request.param))


@pytest.mark.parametrize(("layer_mix", "n_pooled"), [("concatenated", 2), ("weighted", 1)])
def test_statistics_are_mean_and_deviation_of_the_layers_read(encoder_dir, layer_mix, n_pooled):
    model = build_model(make_config(encoder=encoder_dir, layer_mix=layer_mix))

    with torch.inference_mode():
        logits, statistics = model(SPEECH)
        states = model.encoder(model.set_level(SPEECH))[1:]

    assert logits.shape == (3, 4)
    assert statistics.shape == (3, model.statistics_dim) == (3, 2 * n_pooled * HIDDEN)
    first = states[0] if layer_mix == "concatenated" else torch.stack(states).mean(dim=0)
    torch.testing.assert_close(statistics[:, :HIDDEN], first.mean(dim=1), atol=1e-5, rtol=1e-4)
    deviation = torch.sqrt(first.var(dim=1, correction=0) + 1e-6)
    torch.testing.assert_close(statistics[:, HIDDEN : 2 * HIDDEN], deviation, atol=1e-5, rtol=1e-4)


def test_the_head_answers_in_torch_as_it_was_fitted_in_numpy(encoder_dir):
    model = build_model(make_config(encoder=encoder_dir))
    truth = np.tile(np.arange(4), 9)
    speakers = np.repeat(["a", "b", "c"], 12)
    clips = TrainingClips(
        make_statistics(truth, dim=model.statistics_dim), truth, speakers, np.array(["made up"] * len(truth))
    )
    fitted = fit_with_inner_folds(clips, make_config(), seed=0)
    center = np.random.default_rng(0).standard_normal((1, model.statistics_dim)).astype(np.float32)

    with torch.inference_mode():
        pooled = model.pool(SPEECH).numpy()
        set_head(model, fitted.head)
        logits = model(SPEECH)[0].numpy()
        centered = model(SPEECH, torch.from_numpy(center))[0].numpy()

    np.testing.assert_allclose(logits, fitted.head.compute_logits(pooled), atol=1e-3, rtol=1e-4)
    np.testing.assert_allclose(centered, fitted.head.compute_logits(pooled, center), atol=1e-3, rtol=1e-4)


def test_a_microphone_s_gain_changes_nothing(encoder_dir):
    model = build_model(make_config(encoder=encoder_dir))

    with torch.inference_mode():
        torch.testing.assert_close(model.pool(SPEECH), model.pool(0.1 * SPEECH), atol=1e-4, rtol=1e-3)


def test_silence_gives_numbers(encoder_dir):
    model = build_model(make_config(encoder=encoder_dir))

    with torch.inference_mode():
        logits, statistics = model(torch.zeros(1, 16_000))

    assert torch.isfinite(logits).all()
    assert torch.isfinite(statistics).all()


def test_windows_of_a_batch_do_not_hear_each_other(encoder_dir):
    model = build_model(make_config(encoder=encoder_dir))

    with torch.inference_mode():
        torch.testing.assert_close(model(SPEECH)[0][1:2], model(SPEECH[1:2])[0], atol=1e-4, rtol=1e-3)


def test_a_slowed_down_copy_of_a_whole_window_can_be_trained_on(encoder_dir):
    config = make_config(encoder=encoder_dir, window_s=1.0, hop_s=0.5)
    slowest = torch.zeros(1, int(16_000 / 0.9))

    with torch.inference_mode():
        pooled = build_model(config).pool(slowest)

    assert torch.isfinite(pooled).all()
