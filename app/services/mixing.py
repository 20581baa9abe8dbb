"""Order a playlist by chance of known odds, so that what listeners do with it can judge other rankings."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from recommender.policies import PlackettLuce, choose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recommender.candidates import Recommendation
    from recommender.journeys import JourneyStep

    AnyTrack = Recommendation | JourneyStep

# Tracks beyond the playlist's length that chance may bring in.
N_SPARE: Final = 10
POLICY: Final = PlackettLuce()


@dataclass(frozen=True, slots=True)
class MixedTrack:
    """A track that came by chance.

    Attributes:
        track: what was recommended.
        propensity: how likely it was to come at this place, given the places before.
    """

    track: AnyTrack
    propensity: float


def mix(
    ranked: Sequence[AnyTrack],
    rng: np.random.Generator,
    *,
    k: int,
    max_duration_s: float | None = None,
) -> tuple[MixedTrack, ...]:
    """Fill up to k places, each by chance among the best that are left, no artist twice in a row where that can be.

    Args:
        ranked: what may come, some more than k.
        rng: the chance.
        k: how many places.
        max_duration_s: how long all may play; one track comes however long it is.
    """
    left_s = np.inf if max_duration_s is None else max_duration_s
    values = np.array([item.score for item in ranked])
    mixed: list[MixedTrack] = []
    while len(mixed) < k:
        if mixed:
            values[[(item.facts.duration_s or 0.0) > left_s for item in ranked]] = -np.inf
        if not (values > -np.inf).any():
            break
        choice = choose(_spaced(values, ranked, mixed), POLICY, rng)
        values[choice.position] = -np.inf
        mixed.append(MixedTrack(ranked[choice.position], choice.propensity))
        left_s -= ranked[choice.position].facts.duration_s or 0.0
    return tuple(mixed)


def derive_seed(*parts: object) -> int:
    """Derive a seed from what a playlist is for, so that a page loaded again shows the same one."""
    digest = hashlib.sha256("\0".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:4], "big")


def _spaced(values: np.ndarray, ranked: Sequence[AnyTrack], mixed: Sequence[MixedTrack]) -> np.ndarray:
    if not mixed or not mixed[-1].track.facts.artist:
        return values
    artist = mixed[-1].track.facts.artist.casefold()
    spaced = np.where([item.facts.artist.casefold() == artist for item in ranked], -np.inf, values)
    return spaced if (spaced > -np.inf).any() else values
