"""From scored candidates to a playlist: relevance, diversity, the mix of moods, and kin kept apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from recommender.policies import N_CHOICES, Greedy, PlackettLuce
from recommender.spacing import Spacing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from recommender.mood_mix import MoodMix
    from recommender.policies import SlotPolicy
    from recommender.spacing import TrackKeys


_FIRST_BATCH: Final = 60
# A gap this short at the end is filled, if at all, by a track already looked at: no reason to read the whole catalog.
_LAST_STRETCH_S: Final = 300.0


class Taste(Protocol):
    """What one listener likes, learned from what they did."""

    def score(self, embeddings: np.ndarray) -> np.ndarray:
        """Score tracks for the listener.

        Args:
            embeddings: as the index holds them, shape (n, d), float32.

        Returns:
            Shape (n,), float64, in standard deviations as relevance is, bounded; 0 where nothing is known.
        """
        ...

    def explain(self, embedding: np.ndarray) -> str:
        """Say in plain words what of a track, shape (d,), speaks for or against it; empty where nothing does."""
        ...


@dataclass(frozen=True, slots=True)
class RankingOptions:
    """How a playlist is put together.

    Attributes:
        diversity_weight: what a track loses for being like one chosen before, as a share of the length of an average
            embedding; 0 ranks by relevance alone, .1 is a light hand.
        chance_weight: where a seed lets chance in, a track worth this much less comes e times as rarely, in the unit of
            `diversity_weight`.
        n_choices: how many of the best a place may go to then.
        mood_mix_weight: what a nat between the moods asked for and those of the playlist costs, in standard deviations.
        familiarity_weight: what a track wins or loses at most where only known, or only new, music is asked for, in
            standard deviations.
        window: length of a stretch of the playlist, in tracks.
        max_per_window: how often an artist may come in such a stretch.
        album_window: length of a stretch in which an album comes at most once.
        duplicate_distance: two tracks nearer than this share of their length count as the same recording. One recording
            as MP3 and as Ogg lay .12 apart, the nearest two of eight classical pieces .30.
    """

    diversity_weight: float = 0.1
    chance_weight: float = 0.05
    n_choices: int = N_CHOICES
    mood_mix_weight: float = 0.1
    familiarity_weight: float = 1.0
    window: int = 10
    max_per_window: int = 2
    album_window: int = 5
    duplicate_distance: float = 0.15


@dataclass(frozen=True, slots=True)
class Pick:
    """One place of the playlist.

    Attributes:
        position: which candidate.
        diversity: what it lost for being like an earlier one, <= 0.
        mood_mix: what it won or lost for the mix of moods; 0 without one.
        propensity: how likely it was to get this place, given the places before; 1 without a seed.
    """

    position: int
    diversity: float
    mood_mix: float
    propensity: float


def pick_playlist(  # noqa: PLR0913 (keywords of one act)
    relevance: np.ndarray,
    content: np.ndarray,
    load_keys: Callable[[Sequence[int]], Sequence[TrackKeys | None]],
    *,
    k: int,
    options: RankingOptions | None = None,
    mood_mix: MoodMix | None = None,
    max_duration_s: float | None = None,
    seed: int | None = None,
) -> list[Pick]:
    """Choose a playlist greedily by maximal marginal relevance, under rules that yield only where they must.

    Each place goes to the candidate with the largest `relevance - weight * likeness + mood mix`, likeness being the
    largest cosine, at least 0, to a track chosen before; with a seed it goes to one of the best by chance, the better
    the likelier (Plackett-Luce). But first come candidates that break no rule, then
    those that break the least: a near-duplicate of a track chosen before (by sound or by piece), the artist of the
    track before, an artist too often in the window, an album too soon. So a catalog of one artist still gives a
    playlist, and asking for everything gives everything. What has no name repeats nobody. Ties go to the earlier
    candidate.

    Args:
        relevance: shape (n_candidates,), best first.
        content: what the tracks sound like, shape (n_candidates, d), in the unit of `relevance`.
        load_keys: reads what tells tracks apart by position, None for a candidate that is gone. It is asked for the
            most promising ones in growing batches, as most candidates never come near the playlist.
        k: length of the playlist, at least 1.
        options: how to put it together.
        mood_mix: the mix of moods the playlist should have; None where it does not matter.
        max_duration_s: how long the playlist may play; a track of unknown length counts as nothing, and the first track
            comes however long it is. None sets no bound.
        seed: for another playlist of about the same worth, the same one for the same seed. None leaves nothing to
            chance.

    Returns:
        At most k picks, in playing order.

    Source:
        Carbonell and Goldstein (1998), SIGIR, for the marginal relevance.
    """
    options = options or RankingOptions()
    selection = _Selection(relevance, content, options, mood_mix)
    spacing = Spacing(selection.content, load_keys, options)
    policy = _build_policy(options, selection.scale, seed)
    rng = np.random.default_rng(seed)
    left_s = float("inf") if max_duration_s is None else max_duration_s
    picks: list[Pick] = []
    batch_size = min(3 * k, _FIRST_BATCH)
    while len(picks) < k and selection.is_open.any():
        worth = selection.weigh(spacing)
        propensities = policy.compute_propensities(worth)
        front = np.flatnonzero(propensities)
        if not spacing.is_read(front).all():
            selection.close(spacing.read(_most_promising(worth, spacing.find_unread(), batch_size)))
            batch_size *= 2
        elif picks and (spacing.durations_s[front] > left_s).any():
            is_out = spacing.durations_s > left_s
            if left_s < _LAST_STRETCH_S:
                is_out |= spacing.find_unread()
            selection.close(np.flatnonzero(is_out))
        else:
            best = int(rng.choice(front, p=propensities[front]))
            left_s -= float(spacing.durations_s[best])
            picks.append(selection.take(best, spacing, float(propensities[best])))
    return picks


def name_policy(options: RankingOptions, seed: int | None) -> str:
    """Name what fills the places, for the log of playlists."""
    return _build_policy(options, 1.0, seed).name


def _build_policy(options: RankingOptions, scale: float, seed: int | None) -> SlotPolicy:
    temperature = options.chance_weight * scale
    return Greedy() if seed is None or not temperature else PlackettLuce(temperature, options.n_choices)


def _most_promising(eligible: np.ndarray, is_unread: np.ndarray, n: int) -> np.ndarray:
    promising = np.where(is_unread, eligible, -np.inf)
    order = np.argsort(-promising, kind="stable")[:n]
    return np.asarray(order[np.isfinite(promising[order])])


class _Selection:
    """What the candidates left are worth, given what was chosen so far."""

    def __init__(
        self,
        relevance: np.ndarray,
        content: np.ndarray,
        options: RankingOptions,
        mood_mix: MoodMix | None,
    ) -> None:
        n = len(relevance)
        self.content = np.asarray(content, dtype=np.float64)
        self.is_open = np.ones(n, dtype=bool)
        self._relevance = np.asarray(relevance, dtype=np.float64)
        self._lengths = np.linalg.norm(self.content, axis=1)
        self.scale = float(self._lengths.mean()) if n else 0.0
        self._diversity_weight = options.diversity_weight * self.scale
        self._likeness = np.zeros(n)
        self._mood_mix = mood_mix
        self._chosen: list[int] = []
        self._shifts = self._compute_shifts()

    def weigh(self, spacing: Spacing) -> np.ndarray:
        """Weigh the candidates that break the fewest rules; -inf for the others, shape (n_candidates,)."""
        worth = self._relevance + self._shifts - self._diversity_weight * self._likeness
        broken = np.where(self.is_open, spacing.weigh_broken_rules(), np.inf)
        return np.where(broken == broken.min(), worth, -np.inf)

    def close(self, positions: Sequence[int] | np.ndarray) -> None:
        """Leave candidates out of the playlist."""
        self.is_open[positions] = False

    def take(self, best: int, spacing: Spacing, propensity: float) -> Pick:
        """Put a candidate into the playlist."""
        diversity = 0.0 - self._diversity_weight * float(self._likeness[best])
        pick = Pick(best, diversity, float(self._shifts[best]), propensity)
        self._chosen.append(best)
        self.close([best])
        products = self.content @ self.content[best]
        lengths = self._lengths * self._lengths[best]
        cosines = np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0)
        np.maximum(self._likeness, cosines, out=self._likeness)
        self._shifts = self._compute_shifts()
        spacing.take(best, products)
        return pick

    def _compute_shifts(self) -> np.ndarray:
        if self._mood_mix is None:
            return np.zeros(len(self._relevance))
        return self._mood_mix.compute_shifts(np.array(self._chosen, dtype=np.int64))
