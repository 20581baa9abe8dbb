"""The network: level, encoder, layers read, pooling over time, centering on the voice, a small head."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from recognizer.labels import LABELS
from recognizer.training.committee import build_network
from recognizer.training.pooling import build_pooler

if TYPE_CHECKING:
    from recognizer.training.config import TrainingConfig
    from recognizer.training.encoders import SpeechEncoder

# Keeps digital silence from being raised to a roar: -66 dB of full scale.
_LEAST_RMS = 5e-4


class EmotionClassifier(nn.Module):
    """Waveform in, logits over the four labels out.

    The pooled statistics are standardized by constants of the training set, and a voice's own center, where one is
    known, is taken off them before the head (see `recognizer.voice_baseline`).

    Args:
        encoder: gives the stem's output and every block's.
        config: which layers are read, how they are mixed and pooled, at what level, and the head.

    Source: Chen et al. (2022), SUPERB, for the weighted sum of layers.
    """

    statistics_mean: Tensor
    statistics_std: Tensor
    mood_offsets: Tensor

    def __init__(self, encoder: SpeechEncoder, config: TrainingConfig) -> None:
        super().__init__()
        self.encoder = encoder
        self.first_layer = config.first_layer
        self.level = 10.0 ** (config.level_db / 20.0)
        n_layers = len(encoder.blocks) + 1 - config.first_layer
        self.layer_weights = nn.Parameter(torch.zeros(n_layers)) if config.layer_mix == "weighted" else None
        n_pooled = 1 if config.layer_mix == "weighted" else n_layers
        poolers = [build_pooler(config.pooling, encoder.hidden_size) for _ in range(n_pooled)]
        self.statistics_dim = sum(pooler.n_statistics for pooler in poolers) * encoder.hidden_size
        self.poolers = nn.ModuleList(poolers)
        self.register_buffer("statistics_mean", torch.zeros(self.statistics_dim))
        self.register_buffer("statistics_std", torch.ones(self.statistics_dim))
        # What each mood does to the standardized statistics; serving takes it off a voice's baseline.
        self.register_buffer("mood_offsets", torch.zeros(len(LABELS), self.statistics_dim))
        self.head = build_network(config, self.statistics_dim, len(config.list_specialists()))

    def forward(self, waveform: Tensor, center: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Classify windows of speech.

        Args:
            waveform: shape (B, n_samples), 16 kHz, within [-1, 1].
            center: shape (B or 1, statistics_dim), taken off the standardized statistics; zeros where no voice is
                known.

        Returns:
            Logits (B, 4), and standardized statistics (B, statistics_dim), not centered.
        """
        return self.classify(self.pool(waveform), center)

    def classify(self, pooled: Tensor, center: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Give logits and standardized statistics of pooled statistics (B, statistics_dim); see `forward`."""
        statistics = (pooled - self.statistics_mean) / self.statistics_std
        centered = statistics if center is None else statistics - center
        return self.head(centered, statistics), statistics

    def pool(self, waveform: Tensor) -> Tensor:
        """Turn waveforms (B, n_samples) into statistics over time of the layers read, (B, statistics_dim)."""
        return self.pool_states(self.encoder(self.set_level(waveform))[self.first_layer :])

    def pool_states(self, states: list[Tensor]) -> Tensor:
        """Pool the states read, n_layers of (B, T, D), into (B, statistics_dim)."""
        if self.layer_weights is not None:
            weights = torch.softmax(self.layer_weights, dim=0)
            states = [torch.stack([w * state for w, state in zip(weights, states, strict=True)]).sum(dim=0)]
        pooled = [part for pooler, state in zip(self.poolers, states, strict=True) for part in pooler(state)]
        return torch.cat(pooled, dim=1)

    def set_level(self, waveform: Tensor) -> Tensor:
        """Bring waveforms (B, n_samples) to the level that the encoder is shown."""
        return set_level(waveform, self.level)


def set_level(waveform: Tensor, level: float) -> Tensor:
    """Bring waveforms (B, n_samples) to a root mean square, within [-1, 1]."""
    rms = torch.sqrt(waveform.pow(2).mean(dim=1, keepdim=True)).clamp(min=_LEAST_RMS)
    leveled: Tensor = waveform * (level / rms)
    return leveled.clamp(-1.0, 1.0)
