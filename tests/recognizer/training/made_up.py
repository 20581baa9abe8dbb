"""What training needs, small: random encoders as the hub would hand them out, and a corpus of made-up voices."""

from __future__ import annotations

import dataclasses
import resource
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import torch
from transformers import (
    AutoConfig,
    AutoModel,
    WhisperConfig,
    WhisperForAudioClassification,
)

from recognizer.calibration import Confidence
from recognizer.training import export
from recognizer.training.checkpoints import Checkpoint, build_model
from recognizer.training.config import TrainingConfig
from recognizer.training.detached_heads import save_head
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
hidden_sizes = [8, 0]
n_epochs = 12
batch_size = 16
learning_rate = 0.05
dropout = 0.1
n_seeds = 1
max_known_clips = 3
"""


@contextmanager
def full_disk(n_bytes: int = 10):
    """Let no file grow beyond a few bytes, as on a disk without room."""
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, limit[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, handler)


def make_config(**fields) -> TrainingConfig:
    defaults = {
        "name": "tiny",
        "encoder": "nowhere/tiny-encoder",
        "corpora": ("ravdess",),
        "n_blocks": 2,
        "first_layer": 1,
        "hidden_sizes": (8, 0),
        "n_epochs": 12,
        "batch_size": 16,
        "learning_rate": 0.05,
        "dropout": 0.1,
        "n_seeds": 1,
        "max_known_clips": 3,
    }
    return TrainingConfig(**{**defaults, **fields})


def write_whisper(folder: Path, *, seed: int = 0, width: int = HIDDEN, n_blocks: int = 3) -> Path:
    torch.manual_seed(seed)
    config = WhisperConfig(
        d_model=width,
        encoder_layers=n_blocks,
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


def write_wav2vec2(folder: Path, kind: str = "wav2vec2", **fields) -> Path:
    """Write an encoder of waveforms; a WavLM and a HuBERT are made alike."""
    torch.manual_seed(0)
    config = AutoConfig.for_model(
        kind,
        hidden_size=HIDDEN,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=32,
        conv_dim=(8,) * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=2,
        vocab_size=32,
        **fields,
    )
    AutoModel.from_config(config).save_pretrained(folder)
    return folder


def write_ravdess(folder: Path, *, duration_s: float = 1.2, n_actors: int = N_ACTORS) -> Path:
    """Write one clip of each label for each actor, by default the 24 that the published folds are made of."""
    for actor in range(1, n_actors + 1):
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


def make_checkpoint(encoder_dir: Path) -> Checkpoint:
    """Make a checkpoint whose head tells apart what the exporter's test sounds differ in."""
    config = make_config(
        encoder=str(encoder_dir), corpora=("ravdess", "nemo"), specialists=("nemo",), specialist_sizes=(6, 0)
    )
    model = build_model(config)
    rng = np.random.default_rng(0)
    windows = [torch.from_numpy(each) for each in export._make_windows(config.window_s)]
    with torch.inference_mode():
        pooled = torch.cat([model.pool(window) for window in windows])
    with torch.no_grad():
        model.statistics_mean.copy_(pooled.mean(dim=0))
        model.statistics_std.copy_(pooled.std(dim=0) + 1e-5)
        model.mood_offsets.copy_(torch.from_numpy(rng.standard_normal(tuple(model.mood_offsets.shape))))
        for parameter in model.head.parameters():
            parameter.copy_(torch.from_numpy(rng.standard_normal(tuple(parameter.shape))))
    return Checkpoint(model.eval(), config, confidence=Confidence(temperature=1.3, margin_threshold=0.1), facts={})


def write_head(folder: Path, encoder_dir: Path) -> Path:
    """Write the head of that checkpoint, as of an encoder that only the hub could know."""
    checkpoint = make_checkpoint(encoder_dir)
    named = dataclasses.replace(
        checkpoint, config=dataclasses.replace(checkpoint.config, encoder="nowhere/tiny-encoder", name=folder.name)
    )
    save_head(folder, named, version="3", model_card="# A head\n")
    return folder


def make_tuning_config(**fields) -> FineTuningConfig:
    defaults = {
        "name": "tiny",
        "encoder": "nowhere/tiny-encoder",
        "corpora": ("ravdess",),
        "n_blocks": 2,
        "hidden_sizes": (8, 0),
        "batch_size": 8,
        "n_steps": 30,
        "n_evaluations": 3,
        "learning_rate": 0.01,
        "dropout": 0.1,
        "n_seeds": 1,
        "max_known_clips": 3,
    }
    return FineTuningConfig(**{**defaults, **fields})
