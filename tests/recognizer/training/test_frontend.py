from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import WhisperFeatureExtractor

from recognizer.training.frontend import LogMelSpectrogram
from tests.signals import make_noise, make_speech, make_tone


@pytest.mark.parametrize(
    "waveform",
    [make_speech(3.0), make_speech(0.5, level=0.01), make_noise(1.0), make_tone(1.0, level=0.9)],
    ids=["speech", "soft and short", "noise", "tone"],
)
@pytest.mark.parametrize("n_mels", [80, 128])
def test_features_are_those_whisper_was_trained_on_but_for_padding(waveform, n_mels):
    extractor = WhisperFeatureExtractor(feature_size=n_mels)
    expected = extractor(waveform, sampling_rate=16_000, padding=False, return_tensors="np")["input_features"]

    features = LogMelSpectrogram(n_mels=n_mels)(torch.from_numpy(waveform)[None])

    assert features.shape == expected.shape
    difference = np.abs(features.numpy() - expected)
    assert np.quantile(difference, 0.99) < 1e-5
    # In the quietest bands float32 products are farther from the extractor's float64.
    assert difference.max() < 1e-4


def test_digital_silence_has_features_too():
    features = LogMelSpectrogram()(torch.zeros(1, 16_000))

    assert features.shape == (1, 80, 100)
    assert torch.isfinite(features).all()


def test_clips_of_a_batch_do_not_hear_each_other():
    loud, soft = (torch.from_numpy(make_speech(1.0, seed=seed, level=level)) for seed, level in ((0, 0.9), (1, 0.01)))
    log_mel = LogMelSpectrogram()

    together = log_mel(torch.stack([loud, soft]))

    torch.testing.assert_close(together[1], log_mel(soft[None])[0])


def test_fixed_matrices_are_no_weights():
    assert LogMelSpectrogram().state_dict() == {}
