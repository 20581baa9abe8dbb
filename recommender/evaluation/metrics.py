"""What a ranked list is worth: relevance, spread over the catalog, diversity, and the mix of moods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Keeps the divergence finite where a playlist lacks a mood altogether; Steck's value.
KL_SMOOTHING: Final = 0.01


def ndcg_at_k(relevance: np.ndarray, k: int) -> float:
    """Score one ranked list by normalized discounted cumulative gain.

    Gain is linear, the discount log2(rank + 1), ranks from 1; the ideal list sorts all candidates.

    Args:
        relevance: shape (n_candidates,), graded, >= 0, in ranked order, every relevant track included.
        k: cut-off, at least 1; beyond the list it means the whole list.

    Returns:
        A value in [0, 1]; nan if nothing is relevant.

    Raises:
        ValueError: k is below 1, or a relevance is negative or not finite.

    Example:
        >>> round(ndcg_at_k(np.array([0.0, 1.0]), 2), 4)
        0.6309

    Source:
        Järvelin and Kekäläinen (2002), ACM TOIS 20(4).
    """
    _check_cutoff(k)
    if not np.isfinite(relevance).all() or (relevance < 0).any():
        raise ValueError(f"relevance must be finite and at least 0, got {relevance!r}")
    discount = 1.0 / np.log2(np.arange(2, min(k, len(relevance)) + 2))
    ideal = float(np.sort(relevance)[::-1][:k] @ discount)
    return float(relevance[:k] @ discount) / ideal if ideal > 0 else float("nan")


def precision_at_k(is_relevant: np.ndarray, k: int) -> float:
    """Share of the first k places that are relevant.

    Args:
        is_relevant: shape (n_candidates,), bool, in ranked order.
        k: cut-off and denominator, at least 1, also where the list is shorter.

    Returns:
        A value in [0, 1]; nan for an empty list.

    Raises:
        ValueError: k is below 1.

    Example:
        >>> precision_at_k(np.array([True, False, True]), 2)
        0.5
    """
    _check_cutoff(k)
    return float(np.count_nonzero(is_relevant[:k])) / k if len(is_relevant) else float("nan")


def reciprocal_rank(is_relevant: np.ndarray) -> float:
    """One over the rank of the first relevant track, ranks from 1; its mean over queries is MRR.

    Args:
        is_relevant: shape (n_candidates,), bool, in ranked order, every relevant track included.

    Returns:
        A value in (0, 1]; nan if nothing is relevant.

    Example:
        >>> reciprocal_rank(np.array([False, True, True]))
        0.5
    """
    ranks = np.flatnonzero(is_relevant)
    return 1.0 / (int(ranks[0]) + 1) if len(ranks) else float("nan")


def catalog_coverage(playlists: Sequence[Sequence[int]], n_tracks: int) -> float:
    """Share of the catalog's tracks that come in any of the playlists.

    Args:
        playlists: track ids.
        n_tracks: size of the catalog, which holds all of them.

    Returns:
        A value in [0, 1]; nan for an empty catalog.

    Example:
        >>> catalog_coverage([[1, 2], [2, 3]], 6)
        0.5
    """
    return len({track for playlist in playlists for track in playlist}) / n_tracks if n_tracks else float("nan")


def gini(counts: np.ndarray) -> float:
    """Inequality of how often tracks are played: half the mean absolute difference over the mean.

    Args:
        counts: shape (n_tracks,), >= 0, tracks never played included as 0.

    Returns:
        0 if all are played equally to (n - 1) / n if one is played alone; nan if none is.

    Raises:
        ValueError: a count is negative.

    Example:
        >>> gini(np.array([0, 0, 0, 8]))
        0.75

    Source:
        Gini (1912), in the form for sorted values: sum((2 i - n - 1) x_i) / (n sum(x)).
    """
    if (counts < 0).any():
        raise ValueError(f"counts must be at least 0, got {int(counts.min())}")
    n, total = len(counts), float(counts.sum())
    if not total:
        return float("nan")
    return float((2 * np.arange(1, n + 1) - n - 1) @ np.sort(counts)) / (n * total)


def intra_list_diversity(vectors: np.ndarray) -> float:
    """Mean of one minus the cosine over all pairs of a playlist.

    Args:
        vectors: shape (n_tracks, d), none of length 0.

    Returns:
        A value in [0, 2], 0 if all point the same way; nan below two tracks.

    Example:
        >>> intra_list_diversity(np.array([[1.0, 0.0], [0.0, 2.0]]))
        1.0

    Source:
        Ziegler et al. (2005), WWW, as a dissimilarity.
    """
    n = len(vectors)
    if n < 2:  # noqa: PLR2004 (a pair)
        return float("nan")
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    # The squared length of the sum holds every ordered pair, and each vector with itself.
    mean_cosine = (float(np.square(unit.sum(axis=0)).sum()) - n) / (n * (n - 1))
    return min(2.0, max(0.0, 1.0 - mean_cosine))


def novelty(popularity: np.ndarray) -> float:
    """Mean self-information of a playlist: how little known its tracks are.

    Args:
        popularity: share of all likes or plays that each track of the playlist has, shape (n_tracks,), within [0, 1].
            A track nobody knows counts as known to a millionth.

    Returns:
        Bits, 0 if one track has all likes; nan for an empty playlist.

    Raises:
        ValueError: a share lies outside [0, 1].

    Example:
        >>> novelty(np.array([0.5, 0.125]))
        2.0

    Source:
        Vargas and Castells (2011), RecSys, eq. 6, without the rank discount.
    """
    if ((popularity < 0) | (popularity > 1)).any():
        raise ValueError(f"popularity must lie within [0, 1], got {popularity!r}")
    return float(-np.log2(np.maximum(popularity, 1e-6)).mean()) if len(popularity) else float("nan")


def mood_mix_kl(posterior: Mapping[str, float], mix: Mapping[str, float]) -> float:
    """Divergence of a playlist's mix of moods from the mood it was made for, in nats.

    KL(p || (1 - a) q + a p) with p the posterior, q the mix and a = KL_SMOOTHING.

    Args:
        posterior: probability by label.
        mix: share of the playlist by label, the same labels; both are normalized here.

    Returns:
        0 for equal mixes to log(1 / a) for disjoint ones; nan if either holds nothing.

    Raises:
        ValueError: the labels differ.

    Example:
        >>> mood_mix_kl({"happy": 0.5, "sad": 0.5}, {"happy": 2.0, "sad": 2.0})
        0.0

    Source:
        Steck (2018), RecSys, eq. 6 and 7.
    """
    if set(posterior) != set(mix):
        raise ValueError(f"posterior and mix differ in labels: {sorted(posterior)} != {sorted(mix)}")
    wanted = np.array([posterior[label] for label in posterior])
    given = np.array([mix[label] for label in posterior])
    if not wanted.sum() or not given.sum():
        return float("nan")
    wanted, given = wanted / wanted.sum(), given / given.sum()
    is_wanted = wanted > 0
    smoothed = (1 - KL_SMOOTHING) * given[is_wanted] + KL_SMOOTHING * wanted[is_wanted]
    return max(0.0, float(wanted[is_wanted] @ np.log(wanted[is_wanted] / smoothed)))


def _check_cutoff(k: int) -> None:
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k!r}")
