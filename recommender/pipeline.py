"""MusicRecommender: retrieve, rank, explain."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from catalog.analysis.embeddings import AFFECT_AXES, EMBEDDING_MODEL, MAX_RAW_NORM
from recommender.errors import EmptyIndexError, IndexMismatchError
from recommender.ranking import Pick, RankingOptions, TrackKeys, pick_playlist
from recommender.reasons import HeardTrack, explain_playlist
from recommender.space import Intent, build_query, compute_doubt, contributions_to_relevance, validate_posterior

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from catalog.queries import TrackFacts
    from recommender.index import TrackIndex

MAX_K: Final = 500
# As many as re-ranking looks at in a few milliseconds, and far more than diversity ever reaches down to.
N_CANDIDATES: Final = 2_000
# A flat posterior weighs diversity this much more: three times the default.
_DOUBT_DIVERSITY: Final = 0.2


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One track of a playlist.

    Attributes:
        track_id: which track.
        score: sum of the contributions. In standard deviations of the training tracks towards the mood asked for, less
            what moderation and diversity took; 0 is an average track.
        reason: why, in plain words.
        contributions: what made the score: by affect axis, `moderation` (<= 0, for extreme tracks under doubt),
            `diversity` (<= 0, for being like a track above) and `chance` (what the seed added).
        facts: what the catalog knows of the track.
    """

    track_id: int
    score: float
    reason: str
    contributions: Mapping[str, float]
    facts: TrackFacts = field(repr=False)


class MusicRecommender:
    """Recommends tracks of one index; safe to share between threads, as it keeps nothing of a call."""

    def __init__(
        self,
        index: TrackIndex,
        load_facts: Callable[[Sequence[int]], Sequence[TrackFacts]],
        *,
        options: RankingOptions | None = None,
    ) -> None:
        """Join an index and a catalog.

        Args:
            index: the tracks' embeddings.
            load_facts: reads what the catalog knows of tracks by id; tracks that are gone may be missing.
            options: how playlists are put together.

        Raises:
            IndexMismatchError: the index holds embeddings of another model.
        """
        if index.metadata.model != EMBEDDING_MODEL:
            raise IndexMismatchError(EMBEDDING_MODEL, index.metadata.model)
        self.index = index
        self._load_facts = load_facts
        self._options = options or RankingOptions()

    def recommend(
        self,
        posterior: Mapping[str, float],
        *,
        intent: Intent = Intent.STAY,
        k: int = 20,
        excluded_track_ids: Collection[int] = frozenset(),
        seed: int | None = None,
    ) -> list[Recommendation]:
        """Put a playlist together.

        Args:
            posterior: probability by label; the whole of it counts, and its doubt widens the choice.
            intent: what the music should do with the mood.
            k: length of the playlist, 1 to 500.
            excluded_track_ids: tracks never to play.
            seed: for another playlist of about the same worth; None gives the same one each time.

        Returns:
            Up to k tracks, each once; fewer only if the index holds no more that are neither excluded nor gone.

        Raises:
            ValueError: k is out of bounds.
            InvalidPosteriorError: the posterior is no distribution over the labels.
            EmptyIndexError: the index holds no track.
        """
        if not 1 <= k <= MAX_K:
            raise ValueError(f"k must lie within 1 to {MAX_K}, got {k!r}")
        mood = validate_posterior(posterior)
        if len(self.index) == 0:
            raise EmptyIndexError
        candidates = self._retrieve(build_query(mood, intent), excluded_track_ids)
        picks = pick_playlist(
            candidates.relevance,
            candidates.content,
            candidates.load_keys,
            k=k,
            options=self._widen(compute_doubt(mood)),
            seed=seed,
        )
        return candidates.explain(picks)

    def _widen(self, doubt: float) -> RankingOptions:
        wider = self._options.diversity_weight + _DOUBT_DIVERSITY * doubt
        return replace(self._options, diversity_weight=wider)

    def _retrieve(self, query: np.ndarray, excluded_track_ids: Collection[int]) -> _Candidates:
        track_ids, _ = self.index.search(query, N_CANDIDATES, excluded=excluded_track_ids)
        embeddings = self.index.get_embeddings(track_ids).astype(np.float64)
        return _Candidates(track_ids, embeddings, query.astype(np.float64), self._load_facts)


class _Candidates:
    """What one search brought, with the facts read so far."""

    def __init__(
        self,
        track_ids: np.ndarray,
        embeddings: np.ndarray,
        query: np.ndarray,
        load_facts: Callable[[Sequence[int]], Sequence[TrackFacts]],
    ) -> None:
        self._track_ids = track_ids
        self._load_facts = load_facts
        self._facts_by_id: dict[int, TrackFacts] = {}
        # The last coordinate only completes the unit length. Times MAX_RAW_NORM, the others count standard deviations.
        self.content = embeddings[:, :-1] * MAX_RAW_NORM
        self._parts = contributions_to_relevance(query, self.content)
        self.relevance = self._parts.sum(axis=1)

    def load_keys(self, positions: Sequence[int]) -> list[TrackKeys | None]:
        track_ids = self._track_ids[positions].tolist()
        self._facts_by_id |= {facts.track_id: facts for facts in self._load_facts(track_ids)}
        return [_keys(self._facts_by_id.get(track_id)) for track_id in track_ids]

    def explain(self, picks: Sequence[Pick]) -> list[Recommendation]:
        facts = [self._facts_by_id[int(self._track_ids[pick.position])] for pick in picks]
        heard = [
            HeardTrack(dict(zip(AFFECT_AXES, self.content[pick.position].tolist(), strict=False)), facts_of_one)
            for pick, facts_of_one in zip(picks, facts, strict=True)
        ]
        rows = zip(picks, facts, explain_playlist(heard), strict=True)
        return [self._recommendation(pick, facts_of_one, reason) for pick, facts_of_one, reason in rows]

    def _recommendation(self, pick: Pick, facts: TrackFacts, reason: str) -> Recommendation:
        contributions = {
            **dict(zip((*AFFECT_AXES, "moderation"), self._parts[pick.position].tolist(), strict=True)),
            "diversity": pick.diversity,
            "chance": pick.chance,
        }
        return Recommendation(facts.track_id, math.fsum(contributions.values()), reason, contributions, facts)


def _keys(facts: TrackFacts | None) -> TrackKeys | None:
    if facts is None:
        return None
    artist = facts.artist.casefold().strip() if facts.artist else None
    title = facts.title.casefold().strip()
    return TrackKeys(artist, (title, artist) if title else None)
