"""MusicRecommender: retrieve, rank, explain."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypedDict, Unpack

from catalog.analysis.embeddings import EMBEDDING_MODEL
from recommender.candidates import Candidates, Recommendation, Wishes
from recommender.errors import EmptyIndexError, IndexMismatchError
from recommender.journeys import JourneyStep, plan_journey
from recommender.mood_mix import build_mood_mix
from recommender.query_models import QueryModel, load_query_model
from recommender.questions import Question, ask_about_mood
from recommender.ranking import RankingOptions, Taste, name_policy, pick_playlist
from recommender.space import Intent, compute_doubt, validate_posterior

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    import numpy as np

    from catalog.queries import TrackFacts
    from recommender.filters import PlaylistFilter
    from recommender.stores.vector_index import DescribedIndex

MAX_K: Final = 500
DEFAULT_K: Final = 20
# As many as re-ranking looks at in a few milliseconds, and far more than diversity ever reaches down to.
N_CANDIDATES: Final = 2_000
# A flat posterior weighs diversity this much more: three times the default.
_DOUBT_DIVERSITY: Final = 0.2


@dataclass(frozen=True, slots=True)
class Playlist:
    """A playlist and what is left to ask.

    Attributes:
        tracks: in playing order.
        question: what to ask the listener, as their mood is in doubt; None where it is not.
        doubt: how little the posterior says, 0 to 1.
        policy: what filled the places, as the log of playlists names it.
    """

    tracks: tuple[Recommendation, ...]
    question: Question | None
    doubt: float
    policy: str = "greedy"


class PlaylistWishes(TypedDict, total=False):
    """Keywords of `MusicRecommender.recommend_playlist`, where they are explained."""

    intent: Intent
    k: int | None
    max_minutes: float | None
    excluded_track_ids: Collection[int]
    allowed_track_ids: np.ndarray | None
    where: PlaylistFilter | None
    taste: Taste | None
    familiarity: float
    play_counts: Mapping[int, int] | None
    has_abstained: bool
    seed: int | None


class MusicRecommender:
    """Recommends tracks of one index; safe to share between threads, as it keeps nothing of a call."""

    def __init__(
        self,
        index: DescribedIndex,
        load_facts: Callable[[Sequence[int]], Sequence[TrackFacts]],
        *,
        options: RankingOptions | None = None,
        query_model: QueryModel | None = None,
        model: str = EMBEDDING_MODEL,
    ) -> None:
        """Join an index and a catalog.

        Args:
            index: the tracks' embeddings.
            load_facts: reads what the catalog knows of tracks by id; tracks that are gone may be missing.
            options: how playlists are put together.
            query_model: turns a mood into a query; the one that measured best where None.
            model: whose embeddings the index must hold; of the layout of the shipped one.

        Raises:
            IndexMismatchError: the index holds embeddings of another model.
        """
        if index.metadata.model != model:
            raise IndexMismatchError(model, index.metadata.model)
        self.index = index
        self.query_model = query_model or load_query_model()
        self._load_facts = load_facts
        self._options = options or RankingOptions()

    def recommend(self, posterior: Mapping[str, float], **wishes: Unpack[PlaylistWishes]) -> list[Recommendation]:
        """Put a playlist together as `recommend_playlist` does, and return its tracks alone."""
        return list(self.recommend_playlist(posterior, **wishes).tracks)

    def recommend_playlist(  # noqa: PLR0913 (keywords of one act)
        self,
        posterior: Mapping[str, float],
        *,
        intent: Intent = Intent.STAY,
        k: int | None = None,
        max_minutes: float | None = None,
        excluded_track_ids: Collection[int] = frozenset(),
        allowed_track_ids: np.ndarray | None = None,
        where: PlaylistFilter | None = None,
        taste: Taste | None = None,
        familiarity: float = 0.0,
        play_counts: Mapping[int, int] | None = None,
        has_abstained: bool = False,
        seed: int | None = None,
    ) -> Playlist:
        """Put a playlist together, and say what to ask where the mood is in doubt.

        Args:
            posterior: probability by label; the whole of it counts, and its doubt widens the choice.
            intent: what the music should do with the mood.
            k: length of the playlist, 1 to 500; None means 20, or 500 where `max_minutes` bounds it.
            max_minutes: how long it may play, above 0; a track of unknown length counts as nothing, and one track comes
                however long it is.
            excluded_track_ids: tracks never to play.
            allowed_track_ids: tracks to choose from; all where None.
            where: what tracks must be like; of any kind where None.
            taste: what the listener likes; nothing is known where None.
            familiarity: -1 for new music alone to 1 for known music alone, 0 where it does not matter.
            play_counts: how often the listener has played a track, by id, >= 0.
            has_abstained: whether the recognizer declined to name a mood.
            seed: for another playlist of about the same worth; None gives the same one each time.

        Returns:
            Up to k tracks, each once; fewer only if the index holds no more that are allowed and not gone. None where
            everything is excluded or the filters leave nothing.

        Raises:
            ValueError: k, `max_minutes`, `familiarity` or a play count is out of bounds.
            InvalidPosteriorError: the posterior is no distribution over the labels.
            EmptyIndexError: the index holds no track.
        """
        k = _check_length(k, max_minutes)
        wishes = Wishes(taste, familiarity, play_counts or {}, self._options.familiarity_weight)
        mood = validate_posterior(posterior)
        if len(self.index) == 0:
            raise EmptyIndexError
        query = self.query_model.build_query(mood, intent)
        track_ids, _ = self.index.search(
            query, N_CANDIDATES, allowed_ids=allowed_track_ids, excluded_ids=excluded_track_ids, where=where
        )
        candidates = Candidates(track_ids, self.index.get_embeddings(track_ids), query, wishes, self._load_facts)
        doubt = compute_doubt(mood)
        weight = self._options.mood_mix_weight
        picks = pick_playlist(
            candidates.relevance,
            candidates.content,
            candidates.load_keys,
            k=k,
            options=self._widen(doubt),
            # The mix of a mood to leave behind is no goal.
            mood_mix=build_mood_mix(mood, candidates.content, weight) if intent == Intent.STAY and weight else None,
            max_duration_s=None if max_minutes is None else 60.0 * max_minutes,
            seed=seed,
        )
        question = ask_about_mood(mood, has_abstained=has_abstained)
        policy = name_policy(self._options, seed)
        return Playlist(tuple(candidates.explain(picks)), question, doubt, policy)

    def recommend_journey(  # noqa: PLR0913 (keywords of one act)
        self,
        posterior: Mapping[str, float],
        target: Mapping[str, float],
        *,
        k: int = 10,
        excluded_track_ids: Collection[int] = frozenset(),
        allowed_track_ids: np.ndarray | None = None,
        where: PlaylistFilter | None = None,
        seed: int | None = None,
    ) -> list[JourneyStep]:
        """Plan a playlist that travels from the mood heard to another one, see `plan_journey`.

        Raises:
            ValueError: k is out of bounds.
            InvalidPosteriorError: a mood is no distribution over the labels.
            EmptyIndexError: the index holds no track.
        """
        return plan_journey(
            self.index,
            self._load_facts,
            posterior,
            target,
            k=k,
            excluded_track_ids=excluded_track_ids,
            allowed_track_ids=allowed_track_ids,
            where=where,
            seed=seed,
        )

    def _widen(self, doubt: float) -> RankingOptions:
        wider = self._options.diversity_weight + _DOUBT_DIVERSITY * doubt
        return replace(self._options, diversity_weight=wider)


def _check_length(k: int | None, max_minutes: float | None) -> int:
    if max_minutes is not None and not (math.isfinite(max_minutes) and max_minutes > 0):
        raise ValueError(f"max_minutes must be finite and above 0, got {max_minutes!r}")
    if k is None:
        return DEFAULT_K if max_minutes is None else MAX_K
    if not 1 <= k <= MAX_K:
        raise ValueError(f"k must lie within 1 to {MAX_K}, got {k!r}")
    return k
