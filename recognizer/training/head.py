"""Fit the classifier's head on kept statistics, centered on voices as it will be served."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from recognizer.labels import LABELS

if TYPE_CHECKING:
    from recognizer.training.config import TrainingConfig

# Share of the clips of an epoch that know nothing of the voice, as a listener's first note does.
UNKNOWN_VOICE_SHARE = 0.3
# Between the two layers; before the first one a run may choose.
HIDDEN_DROPOUT = 0.5


@dataclass(frozen=True, eq=False)
class Head:
    """Standardization and a small network to logits.

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
    network: nn.Sequential

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


def build_network(statistics_dim: int, *, hidden_size: int, dropout: float) -> nn.Sequential:
    """Build a head's network: one hidden layer, which lets one head serve corpora that speak differently."""
    return nn.Sequential(
        nn.Dropout(dropout),
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
    missing = sorted(set(range(len(LABELS))) - set(clips.truth.tolist()))
    if missing:
        raise ValueError(f"no clip of label {LABELS[missing[0]]!r} to train on; expected some of each of {LABELS}")
    weights = clips.weigh()
    mean = np.average(clips.statistics.mean(axis=1), axis=0, weights=weights).astype(np.float32)
    deviation = np.square(clips.statistics - mean).mean(axis=1)
    std = (np.sqrt(np.average(deviation, axis=0, weights=weights)) + 1e-5).astype(np.float32)
    standardized = ((clips.statistics - mean) / std).astype(np.float32)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = build_network(standardized.shape[2], hidden_size=config.hidden_size, dropout=config.dropout)
        _optimize(network, standardized, clips, weights=weights, config=config, rng=np.random.default_rng(seed))
    offsets = compute_mood_offsets(standardized.mean(axis=1), clips.truth, weights)
    return Head(mean, std, offsets, network.eval())


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
    network: nn.Sequential,
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
        centered = torch.from_numpy(_center(standardized, clips.speakers, config, rng))
        for _ in range(n_batches):
            rows = rng.choice(n_clips, config.batch_size, p=weights / weights.sum())
            views = rng.integers(0, n_views, config.batch_size)
            loss = _compute_loss(network, centered[rows, views], truth[rows], config.label_smoothing)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            optimizer.step()
            schedule.step()


def _compute_loss(network: nn.Sequential, statistics: Tensor, truth: Tensor, label_smoothing: float) -> Tensor:
    return functional.cross_entropy(network(statistics), truth, label_smoothing=label_smoothing)


def _center(
    standardized: np.ndarray, speakers: np.ndarray, config: TrainingConfig, rng: np.random.Generator
) -> np.ndarray:
    """Take a shrunken mean of other clips of the same voice off every clip, (n_clips, n_views, d)."""
    centered = standardized.copy()
    for speaker in np.unique(speakers):
        rows = np.flatnonzero(speakers == speaker)
        for row in rows:
            n_known = min(int(rng.integers(1, config.max_known_clips + 1)), len(rows) - 1)
            if n_known < 1 or rng.random() < UNKNOWN_VOICE_SHARE:
                continue
            known = rng.choice(rows[rows != row], n_known, replace=False)
            centered[row] -= standardized[known, 0].mean(axis=0) * (n_known / (n_known + config.kappa))
    return centered
