"""What training needs, small: random encoders as the hub would hand them out, and a corpus of made-up voices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from transformers import (
    Wav2Vec2Config,
    Wav2Vec2Model,
    WhisperConfig,
    WhisperForAudioClassification,
)

from recognizer.training.config import TrainingConfig
from recognizer.training.tuning_config import FineTuningConfig
from tests.signals import encode_wav, make_speech

if TYPE_CHECKING:
    from pathlib import Path

HIDDEN = 16
N_ACTORS = 24
# RAVDESS's codes for the four labels, with a pitch that a head can tell apart.
PITCH_BY_CODE = {"01": 110.0, "03": 220.0, "04": 85.0, "05": 165.0}

TOML = """
name = "tiny"
encoder = "nowhere/tiny-encoder"
corpora = ["ravdess"]
n_blocks = 2
first_layer = 1
hidden_size = 8
n_epochs = 12
batch_size = 16
learning_rate = 0.05
dropout = 0.1
n_seeds = 1
max_known_clips = 3
"""


def make_config(**fields) -> TrainingConfig:
    defaults = {
        "name": "tiny",
        "encoder": "nowhere/tiny-encoder",
        "corpora": ("ravdess",),
        "n_blocks": 2,
        "first_layer": 1,
        "hidden_size": 8,
        "n_epochs": 12,
        "batch_size": 16,
        "learning_rate": 0.05,
        "dropout": 0.1,
        "n_seeds": 1,
        "max_known_clips": 3,
    }
    return TrainingConfig(**{**defaults, **fields})


def write_whisper(folder: Path) -> Path:
    torch.manual_seed(0)
    config = WhisperConfig(
        d_model=HIDDEN,
        encoder_layers=3,
        encoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_layers=1,
        decoder_attention_heads=2,
        decoder_ffn_dim=32,
        classifier_proj_size=8,
        vocab_size=32,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=3,
    )
    WhisperForAudioClassification(config).save_pretrained(folder)
    return folder


def write_wav2vec2(folder: Path) -> Path:
    torch.manual_seed(0)
    config = Wav2Vec2Config(
        hidden_size=HIDDEN,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=32,
        conv_dim=(8,) * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=2,
        vocab_size=32,
    )
    Wav2Vec2Model(config).save_pretrained(folder)
    return folder


def write_ravdess(folder: Path, *, duration_s: float = 1.2) -> Path:
    """Write one clip of each label for each of the 24 actors that the published folds are made of."""
    for actor in range(1, N_ACTORS + 1):
        for code, pitch_hz in PITCH_BY_CODE.items():
            speech = make_speech(duration_s, seed=actor * 10 + int(code), pitch_hz=pitch_hz * (1 + actor / 200))
            path = folder / f"Actor_{actor:02}" / f"03-01-{code}-01-01-01-{actor:02}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode_wav(speech))
    return folder


def make_statistics(truth: np.ndarray, *, n_views: int = 2, dim: int = 12, seed: int = 0) -> np.ndarray:
    """Draw statistics (n_clips, n_views, dim) that tell the labels apart, though not always."""
    rng = np.random.default_rng(seed)
    means = 2.0 * np.eye(4, dim)
    noise = rng.standard_normal((len(truth), n_views, dim))
    return (means[truth][:, None] + noise).astype(np.float32)


def make_tuning_config(**fields) -> FineTuningConfig:
    defaults = {
        "name": "tiny",
        "encoder": "nowhere/tiny-encoder",
        "corpora": ("ravdess",),
        "n_blocks": 2,
        "hidden_size": 8,
        "batch_size": 8,
        "n_steps": 30,
        "n_evaluations": 3,
        "learning_rate": 0.01,
        "dropout": 0.1,
        "n_seeds": 1,
        "max_known_clips": 3,
    }
    return FineTuningConfig(**{**defaults, **fields})
