"""The mix of moods in a playlist, and what a track does to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from catalog.analysis.embeddings import load_embedding_space
from recommender.affect import LABELS

if TYPE_CHECKING:
    from collections.abc import Mapping

# Keeps the divergence finite where a playlist lacks a mood altogether; Steck's value.
_SMOOTHING: Final = 0.01
# No track may win or lose more than this for the mix, in standard deviations: the mix shades, it never decides alone.
MAX_SHIFT_SD: Final = 1.0
_LEAST_SHARE: Final = 1e-3


@dataclass(frozen=True, slots=True)
class MoodMix:
    """The mix that a playlist should have, and what each candidate would bring to it.

    Attributes:
        wanted: share of each mood, in the order of LABELS, summing to 1, shape (4,).
        moods: share of each mood in each candidate, rows summing to 1, shape (n_candidates, 4).
        weight: what a nat of divergence costs a track, in standard deviations.
    """

    wanted: np.ndarray
    moods: np.ndarray
    weight: float

    def compute_shifts(self, chosen: np.ndarray) -> np.ndarray:
        """Compute what the mix is worth to each candidate as the next track.

        With KL_n the divergence of a playlist of n tracks, the next track is worth weight * ((n - 1) KL_(n-1) - n KL_n)
        within +-MAX_SHIFT_SD. Counting n times the divergence keeps its pull the same down the playlist.

        Args:
            chosen: positions of the candidates in the playlist so far, shape (n - 1,).

        Returns:
            Standard deviations, shape (n_candidates,).

        Source:
            Steck (2018), RecSys, Calibrated recommendations, eq. 6 and 7; the factor n and the bound are ours.
        """
        n_before = len(chosen)
        total = self.moods[chosen].sum(axis=0)
        before = n_before * float(self._diverge((total / max(n_before, 1))[None, :])[0]) if n_before else 0.0
        after = (n_before + 1) * self._diverge((total + self.moods) / (n_before + 1))
        return np.asarray(np.clip(self.weight * (before - after), -MAX_SHIFT_SD, MAX_SHIFT_SD))

    def _diverge(self, mixes: np.ndarray) -> np.ndarray:
        """KL(wanted || (1 - a) mix + a wanted) in nats, shape (n,)."""
        is_wanted = self.wanted > 0
        wanted = self.wanted[is_wanted]
        smoothed = (1.0 - _SMOOTHING) * mixes[:, is_wanted] + _SMOOTHING * wanted
        return np.asarray(np.log(wanted) @ wanted - np.log(smoothed) @ wanted)


def build_mood_mix(posterior: Mapping[str, float], affect_sd: np.ndarray, weight: float) -> MoodMix:
    """Build the mix for a posterior.

    Args:
        posterior: probability by label, valid.
        affect_sd: affect axes of the candidates in standard deviations, the shares first, shape (n_candidates, >= 4).
        weight: what a nat of divergence costs.
    """
    return MoodMix(np.array([posterior[label] for label in LABELS]), mix_moods(affect_sd), weight)


def mix_moods(affect_sd: np.ndarray) -> np.ndarray:
    """Turn affect axes into the share of each mood in a track.

    Args:
        affect_sd: the shares in standard deviations first, shape (n, >= 4).

    Returns:
        Shares of listeners expected to hear each mood, made to sum to 1, shape (n, 4).
    """
    space = load_embedding_space()
    n_labels = len(LABELS)
    shares = space.affect_center[:n_labels] + space.affect_scale[:n_labels] * affect_sd[:, :n_labels]
    bounded = np.clip(shares, _LEAST_SHARE, 1.0)
    return np.asarray(bounded / bounded.sum(axis=1, keepdims=True))
