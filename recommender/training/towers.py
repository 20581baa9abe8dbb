"""Train the two towers together: a contrastive loss over a whole catalog, weighted by how alike moods are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import torch

from catalog.analysis.embeddings import AFFECT_AXES
from recommender.affect import LABELS
from recommender.space import Intent, build_direction
from recommender.towers import TOWER_INTENTS, Towers, describe_mood

if TYPE_CHECKING:
    from recommender.training.emotify_space import PlacedTracks

N_SHARED: Final = 8
N_HIDDEN: Final = 16
N_STEPS: Final = 300
_BATCH: Final = 64
_LEARNING_RATE: Final = 0.01
# Tracks as likely to be meant as they feel alike; in standard deviations, wide, as ratings are noisy.
_TARGET_TEMPERATURE_SD: Final = 1.0
_START_SCALE: Final = 0.3
_N_MOODS: Final = 2048
# Below 1: most moods have one or two labels that matter.
_CONCENTRATION: Final = 0.5


@dataclass(frozen=True, slots=True)
class Moods:
    """Moods to train on.

    Attributes:
        posteriors: shape (n, 4).
        features: as the mood tower takes them, shape (n, 9).
        directions: as set by hand, shape (n, 6).
        is_stay: whether to stay with the mood, shape (n,).
    """

    posteriors: np.ndarray
    features: np.ndarray
    directions: np.ndarray
    is_stay: np.ndarray


def draw_moods(seed: int = 0, n_moods: int = _N_MOODS) -> Moods:
    """Draw posteriors, half of them to stay with, the others shared by the other intents."""
    rng = np.random.default_rng(seed)
    posteriors = rng.dirichlet([_CONCENTRATION] * len(LABELS), n_moods)
    others = [intent for intent in TOWER_INTENTS if intent is not Intent.STAY]
    intents = [Intent.STAY if i % 2 == 0 else others[i // 2 % len(others)] for i in range(n_moods)]
    by_label = [dict(zip(LABELS, row.tolist(), strict=True)) for row in posteriors]
    rows = list(zip(by_label, intents, strict=True))
    return Moods(
        posteriors,
        np.array([describe_mood(mood, intent) for mood, intent in rows]),
        np.array([build_direction(mood, intent)[0] for mood, intent in rows]),
        np.array([intent is Intent.STAY for intent in intents]),
    )


def compute_wanted(tracks: PlacedTracks, moods: Moods) -> np.ndarray:
    """Compute how well what listeners felt fits each mood, in standard deviations, shape (n_moods, n_tracks).

    Staying asks for the posterior-weighted mean rating; the other intents for their direction by hand, laid over what
    was felt rather than over what a model predicts.
    """
    felt = np.hstack([tracks.ratings, tracks.plane])
    felt_sd = (felt - felt.mean(axis=0)) / np.maximum(felt.std(axis=0), 1e-9)
    shares = tracks.ratings / float(tracks.ratings.std(axis=0).mean())
    return np.where(moods.is_stay[:, None], moods.posteriors @ shares.T, moods.directions @ felt_sd.T)


def fit_towers(tracks: PlacedTracks, moods: Moods, *, penalty: float, n_steps: int = N_STEPS, seed: int = 0) -> Towers:
    """Fit both towers to predict which tracks a mood means.

    The loss is the cross-entropy between a softmax over the catalog of what was felt and one of the towers' inner
    products: every other track is a negative, the less so the more alike it feels. The towers start at the direction
    set by hand, and `penalty` keeps them near: 300 tracks cannot say more than a little.

    Args:
        tracks: all that is learned from.
        moods: from `draw_moods`.
        penalty: of the squared changes.
        n_steps: of the optimizer.
        seed: of the start and the batches.

    Source:
        Doh et al. (2023), ICASSP, for weighting by emotion similarity; van den Oord et al. (2018), InfoNCE, for the
        loss, with soft targets instead of one positive.
    """
    rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    raw = _as_tensor(tracks.raw)
    wanted = torch.softmax(_as_tensor(compute_wanted(tracks, moods)) / _TARGET_TEMPERATURE_SD, dim=1)
    features, by_hand = _as_tensor(moods.features), _as_tensor(moods.directions)
    start = torch.eye(N_SHARED, raw.shape[1])
    start[len(AFFECT_AXES) :] = 0.1 * torch.randn(N_SHARED - len(AFFECT_AXES), raw.shape[1], generator=generator)
    hidden = torch.randn(N_HIDDEN, features.shape[1], generator=generator) / features.shape[1] ** 0.5
    hidden.requires_grad_()
    bias, out, change, log_scale = (
        torch.zeros(shape, requires_grad=True) for shape in ((N_HIDDEN,), (N_SHARED, N_HIDDEN), start.shape, ())
    )
    optimizer = torch.optim.Adam([hidden, bias, out, change, log_scale], lr=_LEARNING_RATE)
    padded = torch.nn.functional.pad(by_hand, (0, N_SHARED - by_hand.shape[1]))
    for _ in range(n_steps):
        rows = torch.from_numpy(rng.integers(0, len(features), _BATCH))
        mood = padded[rows] + torch.tanh(features[rows] @ hidden.T + bias) @ out.T  # (B, s)
        logits = _START_SCALE * log_scale.exp() * mood @ (start + change) @ raw.T  # (B, n)
        loss = -(wanted[rows] * torch.log_softmax(logits, dim=1)).sum(dim=1).mean()
        loss = loss + penalty * (change.square().sum() + out.square().sum())
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return Towers(_as_array(hidden), _as_array(bias), _as_array(out), _as_array(start + change))


def _as_tensor(values: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))


def _as_array(values: torch.Tensor) -> np.ndarray:
    return values.detach().numpy().astype(np.float64)
