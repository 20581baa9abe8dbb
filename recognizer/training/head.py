"""Fit the classifier's head on kept statistics, centered on voices as it will be served."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor, nn
from torch.nn import functional

from recognizer.labels import LABELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recognizer.training.config import TrainingConfig

# Share of the clips of an epoch that know nothing of the voice, as a listener's first note does.
UNKNOWN_VOICE_SHARE = 0.3
# Between two layers; before the first one a run may choose.
HIDDEN_DROPOUT = 0.5


@dataclass(frozen=True, eq=False)
class Head:
    """Standardization and small networks to logits.

    Attributes:
        mean: float32, shape (d,), of the training set's statistics.
        std: float32, shape (d,).
        mood_offsets: float32, shape (n_labels, d), how far each label's mean lies from the mean over labels,
            standardized.
        network: standardized, centered statistics (B, d) -> logits (B, n_labels), in evaluation mode.
    """

    mean: np.ndarray
    std: np.ndarray
    mood_offsets: np.ndarray
    network: Committee

    @torch.inference_mode()
    def compute_logits(self, statistics: np.ndarray, center: np.ndarray | float = 0.0) -> np.ndarray:
        """Turn statistics (n, d) into logits (n, n_labels); `center` is taken off after standardizing."""
        standardized = ((statistics - self.mean) / self.std - center).astype(np.float32)
        logits: np.ndarray = self.network(torch.from_numpy(standardized)).numpy()
        return logits


@dataclass(frozen=True, eq=False)
class TrainingClips:
    """What a head is fitted on.

    Attributes:
        statistics: float32, shape (n_clips, n_views, d).
        truth: shape (n_clips,), labels as integers.
        speakers: shape (n_clips,), unique over all corpora.
        corpora: shape (n_clips,).
    """

    statistics: np.ndarray
    truth: np.ndarray
    speakers: np.ndarray
    corpora: np.ndarray

    def select(self, keep: np.ndarray) -> TrainingClips:
        """Return the clips where `keep`, shape (n_clips,), is True."""
        return TrainingClips(self.statistics[keep], self.truth[keep], self.speakers[keep], self.corpora[keep])

    def weigh(self) -> np.ndarray:
        """Weigh clips so that every corpus counts the same, and within it every label; the mean weight is 1."""
        groups = np.char.add(self.corpora.astype(str), self.truth.astype(str))
        _, group, n_in_group = np.unique(groups, return_inverse=True, return_counts=True)
        n_groups_of_corpus = {
            corpus: len(np.unique(self.truth[self.corpora == corpus])) for corpus in np.unique(self.corpora)
        }
        weights = 1.0 / (n_in_group[group] * np.array([n_groups_of_corpus[corpus] for corpus in self.corpora]))
        normalized: np.ndarray = weights * len(weights) / weights.sum()
        return normalized


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

    def forward(self, statistics: Tensor) -> Tensor:
        """Turn (B, d) into logits (B, n_labels)."""
        return self._run_members(statistics).mean(dim=0)

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


def _build_member(statistics_dim: int, hidden_size: int) -> nn.Module:
    if not hidden_size:
        return nn.Linear(statistics_dim, len(LABELS))
    return nn.Sequential(
        nn.Linear(statistics_dim, hidden_size),
        nn.GELU(),
        nn.Dropout(HIDDEN_DROPOUT),
        nn.Linear(hidden_size, len(LABELS)),
    )


def fit_head(clips: TrainingClips, config: TrainingConfig, *, seed: int) -> Head:
    """Fit a head on all views of the clips.

    In every epoch each clip is centered on a random number of the same voice's other clips, shrunk by
    n / (n + kappa), so that the head serves first notes and known voices alike. Clips are drawn by weight, so that
    corpora and labels come equally often.

    Args:
        clips: all labels must occur.
        config: the network and its optimization.
        seed: of every draw.

    Raises:
        ValueError: a label does not occur.
    """
    refuse_missing_labels(clips.truth)
    weights = clips.weigh()
    standardized, mean, std = standardize(clips, weights)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Committee(standardized.shape[2], hidden_sizes=config.hidden_sizes, dropout=config.dropout)
        _optimize(network, standardized, clips, weights=weights, config=config, rng=np.random.default_rng(seed))
    offsets = compute_mood_offsets(standardized.mean(axis=1), clips.truth, weights)
    return Head(mean, std, offsets, network.eval())


def refuse_missing_labels(truth: np.ndarray) -> None:
    """Check that every label occurs among integers, shape (n_clips,).

    Raises:
        ValueError: naming the first that does not.
    """
    missing = sorted(set(range(len(LABELS))) - set(truth.tolist()))
    if missing:
        raise ValueError(f"no clip of label {LABELS[missing[0]]!r} to train on; expected some of each of {LABELS}")


def standardize(clips: TrainingClips, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Standardize the clips' statistics by their own weighted mean and deviation, over all views.

    Returns:
        float32: standardized statistics (n_clips, n_views, d), their mean (d,) and deviation (d,).
    """
    mean = np.average(clips.statistics.mean(axis=1), axis=0, weights=weights).astype(np.float32)
    deviation = np.square(clips.statistics - mean).mean(axis=1)
    std = (np.sqrt(np.average(deviation, axis=0, weights=weights)) + 1e-5).astype(np.float32)
    return ((clips.statistics - mean) / std).astype(np.float32), mean, std


def compute_mood_offsets(standardized: np.ndarray, truth: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Compute what each mood does to the statistics, so that a listener's usual mood is not taken for the voice.

    Args:
        standardized: shape (n_clips, d).
        truth: shape (n_clips,), labels as integers; each label occurs.
        weights: shape (n_clips,), see `TrainingClips.weigh`.

    Returns:
        float32, shape (n_labels, d): each label's weighted mean less the plain mean of these means.
    """
    means = np.stack(
        [
            np.average(standardized[truth == label], axis=0, weights=weights[truth == label])
            for label in range(len(LABELS))
        ]
    )
    offsets: np.ndarray = (means - means.mean(axis=0)).astype(np.float32)
    return offsets


def _optimize(  # noqa: PLR0913 - what a training loop needs
    network: Committee,
    standardized: np.ndarray,
    clips: TrainingClips,
    *,
    weights: np.ndarray,
    config: TrainingConfig,
    rng: np.random.Generator,
) -> None:
    n_clips, n_views = standardized.shape[:2]
    n_batches = max(1, n_clips // config.batch_size)
    truth = torch.from_numpy(clips.truth)
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=config.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, config.learning_rate, total_steps=config.n_epochs * n_batches + 1
    )
    network.train()
    for _ in range(config.n_epochs):
        centers = _draw_centers(standardized[:, 0], clips.speakers, config, rng)
        for _ in range(n_batches):
            rows = rng.choice(n_clips, config.batch_size, p=weights / weights.sum())
            views = rng.integers(0, n_views, config.batch_size)
            centered = torch.from_numpy(standardized[rows, views] - centers[rows])
            loss = network.compute_loss(centered, truth[rows], config.label_smoothing)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            optimizer.step()
            schedule.step()


def _draw_centers(
    standardized: np.ndarray, speakers: np.ndarray, config: TrainingConfig, rng: np.random.Generator
) -> np.ndarray:
    """Draw what is taken off each clip: a shrunken mean of other clips of the same voice, (n_clips, d) as given."""
    centers = np.empty_like(standardized)
    for speaker in np.unique(speakers):
        rows = np.flatnonzero(speakers == speaker)
        # Few weigh anything, so that a dense product would cost many times more.
        centers[rows] = csr_array(_draw_weights(len(rows), config, rng)) @ standardized[rows]
    return centers


def _draw_weights(n_clips: int, config: TrainingConfig, rng: np.random.Generator) -> np.ndarray:
    """Draw which other clips of a voice each clip knows, and weigh them by 1 / (n + kappa), (n_clips, n_clips)."""
    n_known = np.minimum(rng.integers(1, config.max_known_clips + 1, n_clips), n_clips - 1)
    n_known[rng.random(n_clips) < UNKNOWN_VOICE_SHARE] = 0
    order = rng.random((n_clips, n_clips))
    np.fill_diagonal(order, np.inf)
    is_known = order.argsort(axis=1).argsort(axis=1) < n_known[:, np.newaxis]
    weights: np.ndarray = (is_known / (n_known + config.kappa)[:, np.newaxis]).astype(np.float32)
    return weights
