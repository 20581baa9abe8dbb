"""From scored candidates to a playlist: diversity, artists kept apart, near-duplicates last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

# Codes of an artist or a title that was not looked up yet, and of one that nobody knows.
_UNREAD: Final = -2
_NAMELESS: Final = -1


@dataclass(frozen=True, slots=True)
class RankingOptions:
    """How a playlist is put together.

    Attributes:
        diversity_weight: what a track loses for being like one chosen before, as a share of the length of an average
            embedding; 0 ranks by relevance alone, .1 is a light hand.
        window: length of a stretch of the playlist, in tracks.
        max_per_window: how often an artist may come in such a stretch.
        duplicate_distance: two tracks nearer than this share of their length count as the same recording. One recording
            as MP3 and as Ogg lay .12 apart, the nearest two of eight classical pieces .30.
        chance_weight: spread of the random part that a seed brings, in the unit of `diversity_weight`.
    """

    diversity_weight: float = 0.1
    window: int = 10
    max_per_window: int = 2
    duplicate_distance: float = 0.15
    chance_weight: float = 0.05


@dataclass(frozen=True, slots=True)
class TrackKeys:
    """What tells that two tracks are by the same artist, or are the same piece; None where nobody knows."""

    artist: Hashable | None
    piece: Hashable | None


@dataclass(frozen=True, slots=True)
class Pick:
    """One place of the playlist.

    Attributes:
        position: which candidate.
        diversity: what it lost for being like an earlier one, <= 0.
        chance: what the seed added; 0 without one.
    """

    position: int
    diversity: float
    chance: float


def pick_playlist(  # noqa: PLR0913 (keywords of one act)
    relevance: np.ndarray,
    content: np.ndarray,
    load_keys: Callable[[Sequence[int]], Sequence[TrackKeys | None]],
    *,
    k: int,
    options: RankingOptions | None = None,
    seed: int | None = None,
) -> list[Pick]:
    """Choose a playlist greedily by maximal marginal relevance, under rules that yield only where they must.

    Each place goes to the candidate with the largest `relevance - weight * likeness + chance`, likeness being the
    largest cosine, at least 0, to a track chosen before. But first come candidates that break no rule, then those that
    break the least: an artist too often in the window, then the artist of the track before, then a near-duplicate of a
    track chosen before (by sound or by piece). So a catalog of one artist still gives a playlist, and asking for
    everything gives everything. A nameless artist repeats nobody. Ties go to the earlier candidate.

    Args:
        relevance: shape (n_candidates,), best first.
        content: what the tracks sound like, shape (n_candidates, d), in the unit of `relevance`.
        load_keys: reads artist and piece of candidates by position, None for a candidate that is gone. It is asked for
            the most promising ones in growing batches, as most candidates never come near the playlist.
        k: length of the playlist, at least 1.
        options: how to put it together.
        seed: for another playlist of about the same worth; the same seed gives the same one. None adds no chance.

    Returns:
        At most k picks, in playing order.

    Source:
        Carbonell and Goldstein (1998), SIGIR, for the marginal relevance.
    """
    selection = _Selection(relevance, content, load_keys, options or RankingOptions(), seed)
    selection.batch_size = 3 * k
    picks: list[Pick] = []
    while len(picks) < k and (pick := selection.pick_next()) is not None:
        picks.append(pick)
    return picks


class _Selection:
    """What was chosen so far, and what that means for the candidates left."""

    batch_size = 60

    def __init__(
        self,
        relevance: np.ndarray,
        content: np.ndarray,
        load_keys: Callable[[Sequence[int]], Sequence[TrackKeys | None]],
        options: RankingOptions,
        seed: int | None,
    ) -> None:
        n = len(relevance)
        self._options = options
        self._load_keys = load_keys
        self._relevance = np.asarray(relevance, dtype=np.float64)
        self._content = np.asarray(content, dtype=np.float64)
        self._lengths = np.linalg.norm(self._content, axis=1)
        self._scale = float(self._lengths.mean()) if n else 0.0
        self._chance = _draw_chance(n, options.chance_weight * self._scale, seed)
        self._likeness = np.zeros(n)
        self._is_open = np.ones(n, dtype=bool)
        self._is_duplicate = np.zeros(n, dtype=bool)
        self._artists = np.full(n, _UNREAD)
        self._pieces = np.full(n, _UNREAD)
        self._codes: dict[Hashable, int] = {}
        self._chosen: list[int] = []

    def pick_next(self) -> Pick | None:
        """Take the best candidate that breaks the fewest rules; None when there is none left."""
        value = self._relevance + self._chance + self._diversity()
        while self._is_open.any():
            broken = np.where(self._is_open, self._broken_rules(), np.inf)
            eligible = np.where(broken == broken.min(), value, -np.inf)
            best = int(eligible.argmax())
            if self._artists[best] != _UNREAD:
                return self._take(best)
            self._read_keys(eligible)
        return None

    def _diversity(self) -> np.ndarray:
        return -self._options.diversity_weight * self._scale * self._likeness

    def _broken_rules(self) -> np.ndarray:
        """Weigh the rules so that a graver one outweighs all lighter ones together."""
        artists = self._artists[self._chosen].tolist()
        recent = artists[max(0, len(artists) - self._options.window + 1) :]
        broken = np.where(self._is_duplicate, 4.0, 0.0)
        if artists and artists[-1] >= 0:
            broken[self._artists == artists[-1]] += 2.0
        for artist in set(recent):
            if artist >= 0 and recent.count(artist) >= self._options.max_per_window:
                broken[self._artists == artist] += 1.0
        return broken

    def _read_keys(self, eligible: np.ndarray) -> None:
        promising = np.where(self._artists == _UNREAD, eligible, -np.inf)
        order = np.argsort(-promising, kind="stable")[: self.batch_size]
        positions = order[np.isfinite(promising[order])]
        self.batch_size *= 2
        for position, keys in zip(positions, self._load_keys(positions.tolist()), strict=True):
            if keys is None:
                self._is_open[position] = False
                continue
            self._artists[position] = self._code("artist", keys.artist)
            self._pieces[position] = self._code("piece", keys.piece)
        known = [piece for piece in self._pieces[self._chosen] if piece >= 0]
        self._is_duplicate |= np.isin(self._pieces, known)

    def _code(self, kind: str, key: Hashable | None) -> int:
        return _NAMELESS if key is None else self._codes.setdefault((kind, key), len(self._codes))

    def _take(self, best: int) -> Pick:
        pick = Pick(best, float(self._diversity()[best]), float(self._chance[best]))
        self._chosen.append(best)
        self._is_open[best] = False
        products = self._content @ self._content[best]
        lengths = self._lengths * self._lengths[best]
        cosines = np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0)
        np.maximum(self._likeness, cosines, out=self._likeness)
        squares = self._lengths**2 + self._lengths[best] ** 2
        self._is_duplicate |= squares - 2 * products <= self._options.duplicate_distance**2 * squares / 2
        if self._pieces[best] >= 0:
            self._is_duplicate |= self._pieces == self._pieces[best]
        return pick


def _draw_chance(n: int, spread: float, seed: int | None) -> np.ndarray:
    return np.zeros(n) if seed is None else spread * np.random.default_rng(seed).standard_normal(n)
