"""From a state's frames to one vector: the mean, the deviation, or both weighted by learned attention."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from recognizer.training.config import Pooling

_ATTENTION_SIZE = 64
_LEAST_VARIANCE = 1e-6


class MeanPooler(nn.Module):
    """The mean over time."""

    n_statistics = 1

    def forward(self, hidden: Tensor) -> tuple[Tensor, ...]:
        """Turn (B, T, D) into one (B, D)."""
        return (hidden.mean(dim=1),)


class DeviationPooler(nn.Module):
    """Mean and standard deviation over time."""

    n_statistics = 2

    def forward(self, hidden: Tensor) -> tuple[Tensor, ...]:
        """Turn (B, T, D) into two (B, D)."""
        mean = hidden.mean(dim=1)
        variance = (hidden - mean[:, None]).pow(2).mean(dim=1)
        return mean, torch.sqrt(variance + _LEAST_VARIANCE)


class AttentivePooler(nn.Module):
    """Mean and standard deviation over time, each frame weighted by what a small network makes of it.

    It starts as the plain mean and deviation: its last layer is zero.

    Source: Okabe, Koshinaka and Shinoda (2018), Interspeech, "Attentive statistics pooling".
    """

    n_statistics = 2

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        last = nn.Linear(_ATTENTION_SIZE, 1)
        nn.init.zeros_(last.weight)
        self.attention = nn.Sequential(nn.Linear(hidden_size, _ATTENTION_SIZE), nn.Tanh(), last)

    def forward(self, hidden: Tensor) -> tuple[Tensor, ...]:
        """Turn (B, T, D) into two (B, D)."""
        weights = torch.softmax(self.attention(hidden).float(), dim=1)  # (B, T, 1)
        mean = (weights * hidden).sum(dim=1)
        variance = (weights * (hidden - mean[:, None]).pow(2)).sum(dim=1)
        return mean, torch.sqrt(variance + _LEAST_VARIANCE)


def build_pooler(pooling: Pooling, hidden_size: int) -> MeanPooler | DeviationPooler | AttentivePooler:
    """Build the pooler of a name, for frames of `hidden_size`."""
    if pooling == "mean":
        return MeanPooler()
    return DeviationPooler() if pooling == "mean-and-deviation" else AttentivePooler(hidden_size)
