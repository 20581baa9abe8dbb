"""Tracks that lie next to one another in the index that serves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from catalog.queries import TrackFacts
    from recommender.pipeline import MusicRecommender


@dataclass(frozen=True, slots=True)
class Neighbor:
    """A track and how alike its embedding is, 1 for the same."""

    track: TrackFacts
    similarity: float


class NeighborService:
    """Find what sounds alike, as the embedding has it.

    Args:
        get_recommender: hands out the recommender over the index that serves.
        load_facts: reads tracks by id.
    """

    def __init__(
        self,
        get_recommender: Callable[[], MusicRecommender],
        load_facts: Callable[[Sequence[int]], Sequence[TrackFacts]],
    ) -> None:
        self._get_recommender = get_recommender
        self._load_facts = load_facts

    def find(self, track_id: int, *, k: int = 8) -> tuple[Neighbor, ...]:
        """Find the nearest k tracks; none where the index does not hold the track yet."""
        index = self._get_recommender().index
        try:
            embedding = index.get_embeddings([track_id])[0]
        except KeyError:
            return ()
        found_ids, similarities = index.search(embedding, k, excluded_ids={track_id})
        similarity_by_id = dict(zip(found_ids.tolist(), similarities.tolist(), strict=True))
        tracks = self._load_facts(found_ids.tolist())
        return tuple(Neighbor(track, similarity_by_id[track.track_id]) for track in tracks)
