from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import ClapAudioConfig, ClapConfig, ClapFeatureExtractor, ClapModel, ClapTextConfig

from catalog.analysis.music_encoders import open_encoder
from catalog.errors import MusicModelError


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A tiny CLAP of chance weights, in the layout of the published ones."""
    folder = tmp_path_factory.mktemp("clap")
    audio = ClapAudioConfig(
        spec_size=64,
        num_mel_bins=16,
        window_size=4,
        patch_embeds_hidden_size=8,
        hidden_size=16,
        depths=[1, 1],
        num_attention_heads=[1, 2],
        num_hidden_layers=2,
        projection_dim=16,
    )
    text = ClapTextConfig(
        vocab_size=20,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=32,
        projection_dim=16,
    )
    torch.manual_seed(0)
    config = ClapConfig(text_config=text.to_dict(), audio_config=audio.to_dict(), projection_dim=16)
    ClapModel(config).save_pretrained(folder)
    ClapFeatureExtractor(
        feature_size=16, hop_length=2000, truncation="rand_trunc", padding="repeatpad"
    ).save_pretrained(folder)
    return folder


def test_a_checkpoint_turns_music_into_a_unit_vector(checkpoint):
    encoder = open_encoder(f"clap:{checkpoint}", None)
    rng = np.random.default_rng(0)

    vectors = [encoder(rng.normal(0, 0.1, n_s * 48_000).astype(np.float32)) for n_s in (3, 25)]

    assert encoder.sample_rate == 48_000
    assert [vector.shape for vector in vectors] == [(16,), (16,)]
    assert [float(np.linalg.norm(vector)) for vector in vectors] == pytest.approx([1.0, 1.0], abs=1e-5)


def test_equal_music_gives_equal_vectors(checkpoint):
    encoder = open_encoder(f"clap:{checkpoint}", None)
    waveform = np.random.default_rng(1).normal(0, 0.1, 480_000).astype(np.float32)

    np.testing.assert_allclose(encoder(waveform), encoder(waveform), atol=1e-6)


def test_a_folder_without_weights_is_named(tmp_path):
    with pytest.raises(MusicModelError, match="its weights cannot be read"):
        open_encoder(f"clap:{tmp_path}", None)
