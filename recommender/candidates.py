"""What one search brought: each track's worth in parts that add up, and the facts read so far."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from catalog.analysis.embeddings import AFFECT_AXES, MAX_RAW_NORM
from recommender.reasons import HeardTrack, explain_playlist
from recommender.space import contributions_to_relevance
from recommender.spacing import TrackKeys

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from catalog.queries import TrackFacts
    from recommender.ranking import Pick, Taste

_RELEVANCE_PARTS: Final = (*AFFECT_AXES, "timbre", "moderation", "taste", "familiarity")
CONTRIBUTIONS: Final = (*_RELEVANCE_PARTS, "mood_mix", "diversity")


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One track of a playlist.

    Attributes:
        track_id: which track.
        score: sum of the contributions. In standard deviations of the training tracks towards the mood asked for, with
            what the listener's wishes and the rest of the playlist added and took; 0 is an average track.
        reason: why, in plain words.
        contributions: what made the score, by CONTRIBUTIONS: the affect axes, `timbre`, `moderation` (<= 0, for extreme
            tracks under doubt), `taste`, `familiarity`, `mood_mix` (for the balance of moods) and `diversity`
            (<= 0, for being like a track above).
        facts: what the catalog knows of the track.
        propensity: how likely the ranking was to put it here, given the places before; 1 where nothing was left to
            chance.
    """

    track_id: int
    score: float
    reason: str
    contributions: Mapping[str, float]
    facts: TrackFacts = field(repr=False)
    propensity: float = 1.0


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the listener wants besides the mood.

    Attributes:
        taste: what they like; None where nothing is known.
        familiarity: -1 for new music to 1 for known music.
        play_counts: how often they played a track, by id.
        familiarity_weight: standard deviations between a track never played and the one played most, at either end.
    """

    taste: Taste | None
    familiarity: float
    play_counts: Mapping[int, int]
    familiarity_weight: float

    def __post_init__(self) -> None:
        if not -1.0 <= self.familiarity <= 1.0:
            raise ValueError(f"familiarity must lie within -1 to 1, got {self.familiarity!r}")
        wrong = [track_id for track_id, count in self.play_counts.items() if not count >= 0]
        if wrong:
            raise ValueError(f"play counts must be at least 0, got {self.play_counts[wrong[0]]!r} for track {wrong[0]}")

    def score_taste(self, embeddings: np.ndarray) -> np.ndarray:
        """Score tracks by taste, shape (n,)."""
        if self.taste is None or not len(embeddings):
            return np.zeros(len(embeddings))
        return np.asarray(self.taste.score(embeddings), dtype=np.float64)

    def score_familiarity(self, track_ids: np.ndarray) -> np.ndarray:
        """Score tracks by how well known they are, on a logarithmic scale, shape (n,)."""
        most = max(self.play_counts.values(), default=0)
        if not self.familiarity or not most:
            return np.zeros(len(track_ids))
        counts = np.array([self.play_counts.get(track_id, 0) for track_id in track_ids.tolist()])
        return np.asarray(self.familiarity_weight * self.familiarity * (np.log1p(counts) / np.log1p(most) - 0.5))


class Candidates:
    """What one search brought, best first."""

    def __init__(
        self,
        track_ids: np.ndarray,
        embeddings: np.ndarray,
        query: np.ndarray,
        wishes: Wishes,
        load_facts: Callable[[Sequence[int]], Sequence[TrackFacts]],
    ) -> None:
        self._wishes = wishes
        self._load_facts = load_facts
        self._facts_by_id: dict[int, TrackFacts] = {}
        self._track_ids, self._embeddings = track_ids, embeddings
        # The last coordinate only completes the unit length. Times MAX_RAW_NORM, the others count standard deviations.
        self.content = embeddings[:, :-1].astype(np.float64) * MAX_RAW_NORM
        self._parts = np.column_stack(
            [
                contributions_to_relevance(query.astype(np.float64), self.content),
                wishes.score_taste(embeddings),
                wishes.score_familiarity(track_ids),
            ]
        )
        self.relevance = self._parts.sum(axis=1)

    def load_keys(self, positions: Sequence[int]) -> list[TrackKeys | None]:
        """Read what tells candidates apart; None for one that is gone."""
        track_ids = self._track_ids[positions].tolist()
        self._facts_by_id |= {facts.track_id: facts for facts in self._load_facts(track_ids)}
        return [_keys(self._facts_by_id.get(track_id)) for track_id in track_ids]

    def explain(self, picks: Sequence[Pick]) -> list[Recommendation]:
        """Say of each pick what made its score, in numbers and in words."""
        heard = [self._hear(pick) for pick in picks]
        rows = zip(picks, heard, explain_playlist(heard), strict=True)
        return [
            Recommendation(
                track.facts.track_id,
                math.fsum(track.contributions.values()),
                reason,
                track.contributions,
                track.facts,
                pick.propensity,
            )
            for pick, track, reason in rows
        ]

    def _hear(self, pick: Pick) -> HeardTrack:
        parts = [*self._parts[pick.position].tolist(), pick.mood_mix, pick.diversity]
        affect_sd = dict(zip(AFFECT_AXES, self.content[pick.position].tolist(), strict=False))
        taste = self._wishes.taste
        return HeardTrack(
            affect_sd,
            self._facts_by_id[int(self._track_ids[pick.position])],
            dict(zip(CONTRIBUTIONS, parts, strict=True)),
            taste.explain(self._embeddings[pick.position]) if taste else "",
        )


def _keys(facts: TrackFacts | None) -> TrackKeys | None:
    if facts is None:
        return None
    artist, title, album = (_normalize(name) for name in (facts.artist, facts.title, facts.album))
    return TrackKeys(
        artist,
        (title, artist) if title else None,
        (album, artist) if album else None,
        facts.duration_s,
    )


def _normalize(name: str | None) -> str | None:
    return (name or "").casefold().strip() or None
