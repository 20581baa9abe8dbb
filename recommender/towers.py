"""Two towers that meet in one space: a mood (posterior, doubt, intent) and a track (its embedding), as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from recommender.affect import LABELS
from recommender.space import Intent, build_direction, compute_doubt, fold_direction, validate_posterior

if TYPE_CHECKING:
    from collections.abc import Mapping

ARRAYS: Final = ("mood_hidden", "mood_bias", "mood_out", "track_map")
# Intents the towers were trained on, in the order of their inputs.
TOWER_INTENTS: Final = (Intent.STAY, Intent.LIFT, Intent.CALM, Intent.ENERGIZE)


@dataclass(frozen=True, slots=True)
class Towers:
    """The mood tower's perceptron and the track tower's map; s the shared dimension, h hidden units.

    Attributes:
        mood_hidden: from mood features to hidden units, shape (h, 9).
        mood_bias: shape (h,).
        mood_out: from hidden units to the shared space, shape (s, h).
        track_map: from raw embeddings to the shared space, shape (s, N_DIMENSIONS - 1).
    """

    mood_hidden: np.ndarray
    mood_bias: np.ndarray
    mood_out: np.ndarray
    track_map: np.ndarray

    @property
    def name(self) -> str:
        """Name in reports and settings."""
        return "towers"

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Towers:
        """Take the arrays that belong to the towers.

        Raises:
            ValueError: one is missing.
        """
        missing = [name for name in ARRAYS if name not in arrays]
        if missing:
            raise ValueError(f"expected the arrays {', '.join(ARRAYS)} of the towers, {missing} missing")
        return cls(**{name: np.asarray(arrays[name], dtype=np.float64) for name in ARRAYS})

    def embed_mood(self, posterior: Mapping[str, float], intent: Intent = Intent.STAY) -> np.ndarray:
        """Place a mood in the shared space, shape (s,).

        The direction set by hand comes first; the perceptron adds what training found missing.
        """
        by_hand, _ = build_direction(posterior, intent)
        learned = self.mood_out @ np.tanh(self.mood_hidden @ describe_mood(posterior, intent) + self.mood_bias)
        learned[: len(by_hand)] += by_hand
        return np.asarray(learned)

    def embed_tracks(self, raw: np.ndarray) -> np.ndarray:
        """Place tracks in the shared space, shape (n, s), from raw embeddings, shape (n, N_DIMENSIONS - 1)."""
        return np.asarray(raw @ self.track_map.T)

    def build_query(self, posterior: Mapping[str, float], intent: Intent = Intent.STAY) -> np.ndarray:
        """Build a query that carries the track tower, see `query_models`; doubt moderates as in `space.build_query`.

        Raises:
            InvalidPosteriorError: the posterior is no distribution over the labels.
        """
        _, moderation = build_direction(posterior, intent)
        direction = self.track_map.T @ self.embed_mood(posterior, intent)
        return fold_direction(direction / max(float(np.linalg.norm(direction)), 1e-9), moderation)


def describe_mood(posterior: Mapping[str, float], intent: Intent) -> np.ndarray:
    """Describe a mood to the mood tower: the posterior, its doubt, and which intent; shape (9,).

    Raises:
        InvalidPosteriorError: the posterior is no distribution over the labels.
    """
    mood = validate_posterior(posterior)
    which = [float(Intent(intent) is known) for known in TOWER_INTENTS]
    return np.array([*(mood[label] for label in LABELS), compute_doubt(mood), *which])
