"""Ways from a mood to a query, behind one interface: all rank by inner product with the stored embedding.

The track tower is linear, so a query can carry it: m(mood) . (A e) = (A^T m(mood)) . e. One index of stored embeddings
therefore serves every model, and a new tower needs no new index.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from catalog.analysis.embeddings import AFFECT_AXES, load_embedding_space
from recommender.affect import LABELS, AffectPoint, expected_affect
from recommender.space import Intent, build_direction, build_query, fold_direction, validate_posterior
from recommender.towers import Towers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PRETRAINED_PATH: Final = Path(__file__).parent / "pretrained" / "query_models.npz"
# How far an intent moves the target in the plane, of the 2.0 that each axis is long.
_STEP: Final = 0.6
_STEP_BY_INTENT: Final = {
    Intent.STAY: (0.0, 0.0),
    Intent.LIFT: (_STEP, 0.0),
    Intent.CALM: (0.0, -_STEP),
    Intent.ENERGIZE: (0.0, _STEP),
}


class QueryModel(Protocol):
    """Turns a mood and an intent into a query."""

    @property
    def name(self) -> str:
        """Name in reports and settings."""
        ...

    def build_query(self, posterior: Mapping[str, float], intent: Intent = Intent.STAY) -> np.ndarray:
        """Build a query.

        Args:
            posterior: probability by label.
            intent: what the music should do with the mood.

        Returns:
            Shape (N_DIMENSIONS,), float32, to be compared with embeddings by inner product; a longer one changes no
            order.

        Raises:
            InvalidPosteriorError: the posterior is no distribution over the labels.
        """
        ...


@dataclass(frozen=True, slots=True)
class MoodQuery:
    """The direction set by hand, see `space.build_query`."""

    name: str = "mood-query"

    def build_query(self, posterior: Mapping[str, float], intent: Intent = Intent.STAY) -> np.ndarray:
        """Build a query."""
        return build_query(posterior, intent)


@dataclass(frozen=True, slots=True)
class PlaneQuery:
    """Nearest to the mood's expected valence and arousal.

    The inner product with [t, 0, M] is -|raw - t|^2 / 2 up to a constant, so the other axes are drawn to their average.
    """

    name: str = "nearest-valence-arousal"

    def build_query(self, posterior: Mapping[str, float], intent: Intent = Intent.STAY) -> np.ndarray:
        """Build a query."""
        place = expected_affect(validate_posterior(posterior))
        by_valence, by_arousal = _STEP_BY_INTENT[Intent(intent)]
        return fold_direction(place_in_space(_step(place, by_valence, by_arousal)), moderation=1.0)


@dataclass(frozen=True, slots=True)
class LinearQuery:
    """One direction per label, mixed by the posterior: prototypes, or a ridge regression of what listeners felt.

    Attributes:
        name: which of them.
        directions: by label, in the order of LABELS, over the raw axes, shape (4, N_DIMENSIONS - 1).
    """

    name: str
    directions: np.ndarray

    def build_query(self, posterior: Mapping[str, float], intent: Intent = Intent.STAY) -> np.ndarray:
        """Build a query; an intent other than staying mixes by the labels' weights in the direction set by hand."""
        by_hand, moderation = build_direction(posterior, intent)
        mood = validate_posterior(posterior)
        is_stay = Intent(intent) is Intent.STAY
        weights = np.array([mood[label] for label in LABELS]) if is_stay else by_hand[: len(LABELS)]
        direction = weights @ self.directions
        return fold_direction(direction / max(float(np.linalg.norm(direction)), 1e-9), moderation)


def place_in_space(place: AffectPoint) -> np.ndarray:
    """Put a point of the plane on the affect axes, in standard deviations; shares at their average, shape (6,)."""
    space = load_embedding_space()
    n_labels = len(LABELS)
    target = np.zeros(len(AFFECT_AXES))
    values = np.array([place.valence, place.arousal])
    target[n_labels:] = (values - space.affect_center[n_labels:]) / space.affect_scale[n_labels:]
    return target


def _step(place: AffectPoint, by_valence: float, by_arousal: float) -> AffectPoint:
    return AffectPoint(max(-1.0, min(1.0, place.valence + by_valence)), max(-1.0, min(1.0, place.arousal + by_arousal)))


@lru_cache(maxsize=4)
def _load_arrays(path: Path = PRETRAINED_PATH) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name].astype(np.float64) for name in arrays.files}


def _load_linear(name: str) -> LinearQuery:
    return LinearQuery(name, _load_arrays()[name.replace("-", "_")])


QUERY_MODELS: Final[Mapping[str, Callable[[], QueryModel]]] = {
    "towers": lambda: Towers.from_arrays(_load_arrays()),
    "mood-query": MoodQuery,
    "ridge-map": lambda: _load_linear("ridge-map"),
    "prototypes": lambda: _load_linear("prototypes"),
    "nearest-valence-arousal": PlaneQuery,
}
# The towers measure .01 better out of fold, within chance (p = .17), and overshoot when lifting a calm mood.
DEFAULT_QUERY_MODEL: Final = "mood-query"


def load_query_model(name: str = DEFAULT_QUERY_MODEL) -> QueryModel:
    """Load a query model by name.

    Raises:
        ValueError: there is none of that name.
    """
    if name not in QUERY_MODELS:
        raise ValueError(f"unknown query model {name!r}, expected one of {', '.join(QUERY_MODELS)}")
    return QUERY_MODELS[name]()
