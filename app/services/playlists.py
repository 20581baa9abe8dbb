"""Turn a mood into a playlist: recommend, drop what cannot be played, keep what a page or a terminal shows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from recommender.space import Intent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from recommender.pipeline import MusicRecommender, Recommendation

# A folder that is unmounted makes every track vanish at once: then a short playlist comes, not a long wait.
MAX_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class PlaylistItem:
    """One track of a playlist, with the reason it is there."""

    track_id: int
    title: str
    artist: str
    path_or_url: str
    score: float
    reason: str
    duration_s: float | None
    licence: str | None
    attribution: str | None
    tempo_bpm: float | None
    valence: float | None
    arousal: float | None
    contributions: Mapping[str, float]


class PlaylistService:
    """Recommend tracks that can be played now.

    Args:
        get_recommender: hands out the recommender over the index that serves at the moment.
    """

    def __init__(self, get_recommender: Callable[[], MusicRecommender]) -> None:
        self._get_recommender = get_recommender

    def recommend(
        self, posterior: Mapping[str, float], *, intent: Intent = Intent.STAY, k: int = 20
    ) -> tuple[PlaylistItem, ...]:
        """Rank tracks for a mood; a file that is gone from disk is left out and the next one takes its place.

        Args:
            posterior: probability by label, summing to 1.
            intent: stay with the mood or travel from it.
            k: how many tracks, 1 to 500; fewer come where the catalog holds fewer.

        Raises:
            InvalidPosteriorError: the posterior is no distribution over the four labels.
            EmptyIndexError: there is no track to recommend.
            DatabaseUnavailableError: the catalog cannot be read.
        """
        recommender = self._get_recommender()
        gone: set[int] = set()
        for _ in range(MAX_ROUNDS):
            ranked = recommender.recommend(posterior, intent=intent, k=k, excluded_track_ids=frozenset(gone))
            newly_gone = {item.track_id for item in ranked if not _is_playable(item)}
            if not newly_gone:
                break
            gone |= newly_gone
        return tuple(_to_item(item) for item in ranked if item.track_id not in gone)


def _is_playable(item: Recommendation) -> bool:
    facts = item.facts
    return bool(facts.url) or (facts.path is not None and Path(facts.path).is_file())


def _to_item(item: Recommendation) -> PlaylistItem:
    facts = item.facts
    return PlaylistItem(
        track_id=item.track_id,
        title=facts.title,
        artist=facts.artist,
        path_or_url=facts.path or facts.url or "",
        score=item.score,
        reason=item.reason,
        duration_s=facts.duration_s,
        licence=facts.licence,
        attribution=facts.attribution,
        tempo_bpm=facts.tempo_bpm,
        valence=facts.valence,
        arousal=facts.arousal,
        contributions=item.contributions,
    )
