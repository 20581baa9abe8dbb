"""Fit the classifier's head on kept statistics, centered on voices as when served, but with no bound on the weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.sparse import csr_array
from sklearn.linear_model import LogisticRegression

from recognizer.labels import LABELS
from recognizer.training.committee import Committee, Mixture, build_network
from recognizer.training.errors import TrainingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

    from recognizer.training.config import TrainingConfig

# Share of the clips of an epoch that know nothing of the voice, as a listener's first note does.
UNKNOWN_VOICE_SHARE = 0.3
# Strength of the gate's regularization, scikit-learn's C: weak enough to know a corpus by, strong enough to doubt.
_GATE_C = 1e-3
# The gate's bias to corpora that are not there.
_NEVER = -50.0


@dataclass(frozen=True, eq=False)
class Head:
    """Standardization and small networks to logits.

    Attributes:
        mean: float32, shape (d,), of the training set's statistics.
        std: float32, shape (d,).
        mood_offsets: float32, shape (n_labels, d), how far each label's mean lies from the mean over labels,
            standardized.
        specialists: corpora that have a committee of their own in the network.
        network: standardized statistics, centered and not, (B, d) each, to logits (B, n_labels); in evaluation mode.
    """

    mean: np.ndarray
    std: np.ndarray
    mood_offsets: np.ndarray
    specialists: tuple[str, ...]
    network: Committee | Mixture

    @torch.inference_mode()
    def compute_logits(self, statistics: np.ndarray, center: np.ndarray | float = 0.0) -> np.ndarray:
        """Turn statistics (n, d) into logits (n, n_labels); `center` is taken off after standardizing."""
        standardized = ((statistics - self.mean) / self.std).astype(np.float32)
        centered = (standardized - center).astype(np.float32)
        logits: np.ndarray = self.network(torch.from_numpy(centered), torch.from_numpy(standardized)).numpy()
        return logits

    @torch.inference_mode()
    def compute_shares(self, statistics: np.ndarray) -> np.ndarray:
        """Say how far statistics (n, d) sound like each specialist's corpus and, last, like others; rows sum to 1."""
        if isinstance(self.network, Committee):
            return np.ones((len(statistics), 1))
        standardized = ((statistics - self.mean) / self.std).astype(np.float32)
        shares: np.ndarray = self.network.compute_shares(torch.from_numpy(standardized)).numpy()
        return shares


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
        TrainingError: a label does not occur, or a corpus with a committee of its own lacks one.
    """
    refuse_missing_labels(clips.truth, clips.corpora)
    weights = clips.weigh()
    standardized, mean, std = standardize(clips, weights)
    specialists = _find_specialists(clips, config)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = build_network(config, standardized.shape[2], len(specialists))
        if isinstance(network, Committee):
            _optimize(network, standardized, clips, config, seed=seed)
        else:
            _optimize(network.general, standardized, clips, config, seed=seed)
            for corpus, specialist in zip(specialists, network.list_specialists(), strict=True):
                own = clips.corpora == corpus
                _optimize(specialist, standardized[own], clips.select(own), config, seed=seed)
            _fit_gate(network.gate, standardized[:, 0], clips.corpora, specialists, weights)
    offsets = compute_mood_offsets(standardized.mean(axis=1), clips.truth, weights)
    return Head(mean, std, offsets, specialists, network.eval())


def _find_specialists(clips: TrainingClips, config: TrainingConfig) -> tuple[str, ...]:
    """List the corpora that get a committee of their own: of those the run names, the ones there are clips of."""
    present = np.unique(clips.corpora)
    specialists = tuple(corpus for corpus in config.list_specialists() if corpus in present and len(present) > 1)
    for corpus in specialists:
        own = clips.select(clips.corpora == corpus)
        refuse_missing_labels(own.truth, own.corpora, where="specialist")
    return specialists


def _fit_gate(
    gate: nn.Linear, standardized: np.ndarray, corpora: np.ndarray, specialists: Sequence[str], weights: np.ndarray
) -> None:
    """Fit whose corpus a clip sounds like, from statistics (n_clips, d): a logistic regression over all corpora."""
    classes = np.array([specialists.index(corpus) if corpus in specialists else len(specialists) for corpus in corpora])
    model = LogisticRegression(C=_GATE_C, max_iter=1000, tol=1e-3)
    model.fit(standardized, classes, sample_weight=weights)
    is_binary = len(model.classes_) == 2  # noqa: PLR2004 - scikit-learn keeps one row then, for the second class
    weight, bias = torch.zeros_like(gate.weight), torch.full_like(gate.bias, _NEVER)
    known = torch.from_numpy(model.classes_[1:] if is_binary else model.classes_)
    bias[torch.from_numpy(model.classes_)] = 0.0
    weight[known] = torch.from_numpy(model.coef_).float()
    bias[known] = torch.from_numpy(model.intercept_).float()
    gate.load_state_dict({"weight": weight, "bias": bias})


def refuse_missing_labels(truth: np.ndarray, corpora: np.ndarray, *, where: str = "training") -> None:
    """Check that every label occurs among integers, shape (n_clips,).

    Args:
        truth: labels as integers.
        corpora: those that the clips come from; each may occur many times.
        where: names what is trained in the message.

    Raises:
        TrainingError: naming the corpora, and the first label that does not.
    """
    missing = sorted(set(range(len(LABELS))) - set(truth.tolist()))
    if missing:
        named = ", ".join(repr(str(name)) for name in np.unique(corpora))
        raise TrainingError(
            f"{where}: no clip of label {LABELS[missing[0]]!r} to train on in {named}; "
            f"expected some of each of {', '.join(LABELS)}"
        )


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


def _optimize(
    network: Committee, standardized: np.ndarray, clips: TrainingClips, config: TrainingConfig, *, seed: int
) -> None:
    weights, rng = clips.weigh(), np.random.default_rng(seed)
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
