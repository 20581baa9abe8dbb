"""The head's networks: a committee over the same statistics, and a mixture of committees for ways of speaking."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from recognizer.labels import LABELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recognizer.training.config import TrainingConfig

# Between two layers; before the first one a run may choose.
HIDDEN_DROPOUT = 0.5
# What a specialist has to say where the gate is sure of its corpus; the rest stays with the committee for all.
SPECIALIST_SHARE = 0.5


class Committee(nn.Module):
    """Networks over the same statistics whose logits are averaged.

    Networks with a hidden layer let one head serve corpora that speak differently; a linear one strays less on voices
    unlike any it learned from; and the mean of several depends less on chance than any of them.

    Args:
        statistics_dim: width of the input.
        hidden_sizes: width of each member's hidden layer; 0 for a linear member.
        dropout: share of statistics dropped before all members, in training.
    """

    def __init__(self, statistics_dim: int, *, hidden_sizes: Sequence[int], dropout: float) -> None:
        super().__init__()
        # One for all: drawing it costs as much as the rest of a step.
        self.dropout = nn.Dropout(dropout)
        self.members = nn.ModuleList(_build_member(statistics_dim, size) for size in hidden_sizes)

    def forward(self, centered: Tensor, _standardized: Tensor | None = None) -> Tensor:
        """Turn standardized, centered statistics (B, d) into logits (B, n_labels); called as `Mixture` is."""
        return self._run_members(centered).mean(dim=0)

    def compute_loss(self, statistics: Tensor, truth: Tensor, label_smoothing: float) -> Tensor:
        """Sum the members' losses, so that each learns as if it were alone."""
        logits = self._run_members(statistics)
        loss = functional.cross_entropy(
            logits.flatten(0, 1), truth.repeat(len(logits)), label_smoothing=label_smoothing, reduction="sum"
        )
        return loss / len(truth)

    def _run_members(self, statistics: Tensor) -> Tensor:
        dropped = self.dropout(statistics)
        return torch.stack([member(dropped) for member in self.members])


class Mixture(nn.Module):
    """A committee for all voices, and one for each of some corpora, heard as far as a clip sounds like that corpus.

    A corpus has its own way of acting a mood, and of recording it. Who speaks like one of them is served best by a
    committee that heard nothing else; who does not, by the one that heard them all.

    Args:
        statistics_dim: width of the input.
        n_specialists: corpora that have a committee of their own.
        hidden_sizes: of the committee for all, see `Committee`.
        specialist_sizes: of each of the others.
        dropout: as of `Committee`.

    Source: Jacobs et al. (1991), Neural Computation 3(1), "Adaptive mixtures of local experts", for the gate.
    """

    temperatures: Tensor

    def __init__(
        self,
        statistics_dim: int,
        n_specialists: int,
        *,
        hidden_sizes: Sequence[int],
        specialist_sizes: Sequence[int],
        dropout: float,
    ) -> None:
        super().__init__()
        self.general = Committee(statistics_dim, hidden_sizes=hidden_sizes, dropout=dropout)
        self.specialists = nn.ModuleList(
            Committee(statistics_dim, hidden_sizes=specialist_sizes, dropout=dropout) for _ in range(n_specialists)
        )
        # The last of its outputs stands for all other corpora.
        self.gate = nn.Linear(statistics_dim, n_specialists + 1)
        # Who sounds like a corpus that is hard to hear is believed less.
        self.register_buffer("temperatures", torch.ones(n_specialists + 1))

    def forward(self, centered: Tensor, standardized: Tensor) -> Tensor:
        """Turn standardized statistics (B, d), centered and not, into logits (B, n_labels).

        The gate hears what is not centered: a known voice's center takes the recording's sound away with it.
        """
        general: Tensor = self.general(centered)
        shares = self.compute_shares(standardized)
        logits = general
        for number, specialist in enumerate(self.list_specialists()):
            logits = logits + SPECIALIST_SHARE * shares[:, number, None] * (specialist(centered) - general)
        return logits / (shares * self.temperatures).sum(dim=1, keepdim=True)

    def compute_shares(self, standardized: Tensor) -> Tensor:
        """Say how far clips (B, d) sound like each specialist's corpus and, last, like others; rows sum to 1."""
        return torch.softmax(self.gate(standardized), dim=1)

    def list_specialists(self) -> list[Committee]:
        """List the committees that serve one corpus each."""
        return [cast("Committee", each) for each in self.specialists]


def build_network(config: TrainingConfig, statistics_dim: int, n_specialists: int) -> Committee | Mixture:
    """Build a run's network, for so many corpora with a committee of their own."""
    if not n_specialists:
        return Committee(statistics_dim, hidden_sizes=config.hidden_sizes, dropout=config.dropout)
    return Mixture(
        statistics_dim,
        n_specialists,
        hidden_sizes=config.hidden_sizes,
        specialist_sizes=config.specialist_sizes,
        dropout=config.dropout,
    )


def _build_member(statistics_dim: int, hidden_size: int) -> nn.Module:
    if not hidden_size:
        return nn.Linear(statistics_dim, len(LABELS))
    return nn.Sequential(
        nn.Linear(statistics_dim, hidden_size),
        nn.GELU(),
        nn.Dropout(HIDDEN_DROPOUT),
        nn.Linear(hidden_size, len(LABELS)),
    )
