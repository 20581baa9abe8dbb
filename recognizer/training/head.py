"""Fit the classifier's head on kept statistics: logistic regression, centered on voices as it will be served."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression

from recognizer.labels import LABELS

if TYPE_CHECKING:
    from recognizer.training.config import TrainingConfig

# Directions kept of the standardized statistics; the rest is noise that only costs time.
N_COMPONENTS = 384
# Share of the copies that know nothing of the voice, as a listener's first note does.
UNKNOWN_VOICE_SHARE = 0.3


@dataclass(frozen=True, eq=False)
class LinearHead:
    """Standardization and a linear map to logits.

    Attributes:
        mean: shape (d,), of the training set's statistics.
        std: shape (d,).
        weight: shape (n_labels, d), on standardized statistics.
        bias: shape (n_labels,).
    """

    mean: np.ndarray
    std: np.ndarray
    weight: np.ndarray
    bias: np.ndarray

    def compute_logits(self, statistics: np.ndarray, center: np.ndarray | float = 0.0) -> np.ndarray:
        """Turn statistics (n, d) into logits (n, n_labels); `center` is taken off after standardizing."""
        logits: np.ndarray = ((statistics - self.mean) / self.std - center) @ self.weight.T + self.bias
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


def fit_head(
    clips: TrainingClips, config: TrainingConfig, *, inverse_penalty: float, rng: np.random.Generator
) -> LinearHead:
    """Fit a head on all views of the clips.

    Each copy of a clip is centered on a random number of the same voice's other clips, shrunk by n / (n + kappa), so
    that the head serves first notes and known voices alike.

    Args:
        clips: all labels must occur.
        config: how many copies and known clips, kappa.
        inverse_penalty: scikit-learn's C.
        rng: draws the clips each copy is centered on.

    Raises:
        ValueError: a label does not occur.
    """
    missing = sorted(set(range(len(LABELS))) - set(clips.truth.tolist()))
    if missing:
        raise ValueError(f"no clip of label {LABELS[missing[0]]!r} to train on; expected some of each of {LABELS}")
    n_clips, n_views, dim = clips.statistics.shape
    flat = clips.statistics.reshape(-1, dim)
    weights = np.repeat(clips.weigh(), n_views)
    mean = np.average(flat, axis=0, weights=weights).astype(np.float32)
    std = (np.sqrt(np.average((flat - mean) ** 2, axis=0, weights=weights)) + 1e-5).astype(np.float32)
    pca = PCA(min(N_COMPONENTS, len(flat), dim), svd_solver="covariance_eigh").fit((flat - mean) / std)
    axes = pca.components_.T.astype(np.float32)  # (d, n_components)
    reduced = (((flat - mean) / std) @ axes).reshape(n_clips, n_views, -1)
    copies = [_center(reduced, clips.speakers, config, rng) for _ in range(config.centered_copies)]
    regression = LogisticRegression(C=inverse_penalty, max_iter=500, tol=1e-3)
    regression.fit(
        np.concatenate([copy.reshape(-1, axes.shape[1]) for copy in copies]),
        np.tile(np.repeat(clips.truth, n_views), config.centered_copies),
        sample_weight=np.tile(weights, config.centered_copies),
    )
    return LinearHead(
        mean, std, (regression.coef_ @ axes.T).astype(np.float32), regression.intercept_.astype(np.float32)
    )


def _center(reduced: np.ndarray, speakers: np.ndarray, config: TrainingConfig, rng: np.random.Generator) -> np.ndarray:
    """Take a shrunken mean of other clips of the same voice off every clip, (n_clips, n_views, n_components)."""
    centered = reduced.copy()
    for speaker in np.unique(speakers):
        rows = np.flatnonzero(speakers == speaker)
        for row in rows:
            n_known = min(int(rng.integers(1, config.max_known_clips + 1)), len(rows) - 1)
            if n_known < 1 or rng.random() < UNKNOWN_VOICE_SHARE:
                continue
            known = rng.choice(rows[rows != row], n_known, replace=False)
            centered[row] -= reduced[known, 0].mean(axis=0) * (n_known / (n_known + config.kappa))
    return centered
