"""What another policy would have earned, judged by the logs of the one that served."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

# A place counts at most this often: beyond, one lucky place would be the estimate. Clipping pulls estimates down.
MAX_WEIGHT: Final = 20.0
_N_RESAMPLES: Final = 1_000


@dataclass(frozen=True, slots=True)
class LoggedPlaces:
    """Places of playlists that were filled by a policy whose odds were logged; all arrays of shape (n,).

    Attributes:
        reward: what the place earned, such as 1 for a like.
        logged: how likely the logging policy was to fill it so, within (0, 1].
        target: how likely the policy to judge is to fill it so.
        playlist: which playlist it belongs to; places of one playlist are drawn together, as one listener heard them.
    """

    reward: np.ndarray
    logged: np.ndarray
    target: np.ndarray
    playlist: np.ndarray

    def __post_init__(self) -> None:
        shapes = {np.shape(column) for column in (self.reward, self.logged, self.target, self.playlist)}
        if len(shapes) != 1:
            raise ValueError(f"expected columns of one length, got shapes {sorted(shapes)}")
        # Written so that nan is refused.
        if not ((self.logged > 0) & (self.logged <= 1)).all():
            raise ValueError("logged propensities must lie within (0, 1]")
        if not ((self.target >= 0) & (self.target <= 1)).all():
            raise ValueError("target propensities must lie within [0, 1]")
        if not np.isfinite(self.reward).all():
            raise ValueError("rewards must be finite")


@dataclass(frozen=True, slots=True)
class OffPolicyEstimate:
    """What a policy would earn a place.

    Attributes:
        value: mean reward a place; nan without any.
        low: 2.5 % quantile over resampled playlists.
        high: 97.5 % quantile.
        n_places: how many logged places there are.
        effective_n: how many places of the target's own log would tell as much; far below `n_places`, the policies
            differ too much for the logs to say.
        clipped_share: share of places whose weight was clipped.
    """

    value: float
    low: float
    high: float
    n_places: int
    effective_n: float
    clipped_share: float


def estimate_ips(places: LoggedPlaces, *, max_weight: float = MAX_WEIGHT, seed: int = 0) -> OffPolicyEstimate:
    """Weigh each reward by how much likelier the target makes its place: right on average, but of wide spread.

    Source: Horvitz and Thompson (1952), JASA 47; clipping as Ionides (2008), JCGS 17.
    """
    weight = _weigh(places, max_weight)
    return _estimate(places, weight * places.reward, np.ones(len(weight)), max_weight, seed)


def estimate_snips(places: LoggedPlaces, *, max_weight: float = MAX_WEIGHT, seed: int = 0) -> OffPolicyEstimate:
    """Divide the weighted rewards by the sum of weights: a little off, of far narrower spread, within the rewards.

    Source: Swaminathan and Joachims (2015), The self-normalized estimator for counterfactual learning, NIPS.
    """
    weight = _weigh(places, max_weight)
    return _estimate(places, weight * places.reward, weight, max_weight, seed)


def estimate_doubly_robust(
    places: LoggedPlaces,
    predicted: np.ndarray,
    predicted_target: np.ndarray,
    *,
    max_weight: float = MAX_WEIGHT,
    seed: int = 0,
) -> OffPolicyEstimate:
    """Start from a model of rewards, and correct it by what was logged: right if either the odds or the model are.

    Args:
        places: what was logged.
        predicted: the reward the model expects of the place as it was filled, shape (n,).
        predicted_target: the reward it expects on average as the target would fill it, shape (n,).
        max_weight: a place counts at most this often.
        seed: for the resampled playlists.

    Source: Dudík, Langford and Li (2011), Doubly robust policy evaluation and learning, ICML.
    """
    if not predicted.shape == predicted_target.shape == places.reward.shape:
        raise ValueError(
            f"expected predictions of shape {places.reward.shape}, got {predicted.shape} and {predicted_target.shape}"
        )
    worth = predicted_target + _weigh(places, max_weight) * (places.reward - predicted)
    return _estimate(places, worth, np.ones(len(worth)), max_weight, seed)


def _weigh(places: LoggedPlaces, max_weight: float) -> np.ndarray:
    if not max_weight > 0:
        raise ValueError(f"max_weight must be above 0, got {max_weight!r}")
    return np.asarray(np.minimum(places.target / places.logged, max_weight))


def _estimate(
    places: LoggedPlaces, gains: np.ndarray, shares: np.ndarray, max_weight: float, seed: int
) -> OffPolicyEstimate:
    """Estimate the sum of gains over the sum of shares, both by place."""
    n_places = len(places.reward)
    if n_places == 0:
        return OffPolicyEstimate(float("nan"), float("nan"), float("nan"), 0, 0.0, 0.0)
    weight = _weigh(places, max_weight)
    squares = float(np.square(weight).sum())
    low, high = _bootstrap(places.playlist, gains, shares, seed)
    return OffPolicyEstimate(
        value=float(gains.sum() / shares.sum()) if shares.sum() > 0 else float("nan"),
        low=low,
        high=high,
        n_places=n_places,
        effective_n=float(weight.sum()) ** 2 / squares if squares else 0.0,
        clipped_share=float(np.mean(places.target / places.logged > max_weight)),
    )


def _bootstrap(playlist: np.ndarray, gains: np.ndarray, shares: np.ndarray, seed: int) -> tuple[float, float]:
    """Resample whole playlists with replacement, and return the middle 95 % of the estimates."""
    rng = np.random.default_rng(seed)
    _, member = np.unique(playlist, return_inverse=True)
    gain_by_playlist, share_by_playlist = np.bincount(member, gains), np.bincount(member, shares)
    n_playlists = len(gain_by_playlist)
    values = []
    for _ in range(_N_RESAMPLES):
        drawn = rng.integers(0, n_playlists, n_playlists)
        share = share_by_playlist[drawn].sum()
        if share > 0:
            values.append(gain_by_playlist[drawn].sum() / share)
    if not values:
        return float("nan"), float("nan")
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
