"""Turn a mood into a playlist: recommend, drop what cannot be played, keep what a page or a terminal shows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import numpy as np

from app.services.mixing import N_SPARE, POLICY, mix
from app.services.playable import PlayableTracks
from app.services.wishes import DEFAULT_STEPS, PlaylistWishes
from recommender.journeys import JourneyStep
from recommender.pipeline import DEFAULT_K, MAX_K
from recommender.policies import Greedy
from recommender.space import Intent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from app.services.listeners import ListenerModel
    from recommender.candidates import Recommendation
    from recommender.pipeline import MusicRecommender
    from recommender.questions import Question

# A folder that is unmounted makes every track vanish at once: then a short playlist comes, not a long wait.
MAX_SEARCH_S: Final = 1.0
SEEDED: Final = "seeded"


class Lack(StrEnum):
    """Why there is no track at all."""

    FILTERS = "filters"
    FILES = "files"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class PlaylistItem:
    """One track of a playlist, with the reason it is there.

    Attributes:
        contributions: what made the score, by name; they add up to it.
        progress: on a journey, the share of the way covered: 0 at the mood heard, 1 at the target.
        propensity: how likely it was to come at its place; None where that is not known.
    """

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
    progress: float | None = None
    propensity: float | None = None


@dataclass(frozen=True, slots=True)
class ServedPlaylist:
    """A playlist as it is given.

    Attributes:
        items: in playing order.
        wishes: what it was made by.
        posterior: the mood it is for, by the listener's own model where there is one.
        policy: name of what filled its places.
        question: what to ask the listener, as their mood is in doubt; None where it is not.
        lack: why it is empty; None where it is not.
        playlist_id: names its entry in the log; None where it is not logged.
    """

    items: tuple[PlaylistItem, ...]
    wishes: PlaylistWishes
    posterior: Mapping[str, float]
    policy: str
    question: Question | None = None
    lack: Lack | None = None
    playlist_id: str | None = None


@dataclass(frozen=True, slots=True)
class FilterChoices:
    """What the filters can be set to: what the tracks of the index bear, in lower case."""

    genres: tuple[str, ...]
    licences: tuple[str, ...]
    first_year: int | None
    last_year: int | None


class PlaylistService:
    """Recommend tracks that can be played now.

    Args:
        get_recommender: hands out the recommender over the index that serves at the moment.
        playable: knows which tracks can be played.
    """

    def __init__(
        self, get_recommender: Callable[[], MusicRecommender], *, playable: PlayableTracks | None = None
    ) -> None:
        self._get_recommender = get_recommender
        self._playable = playable or PlayableTracks()

    def recommend(
        self, posterior: Mapping[str, float], *, intent: Intent = Intent.STAY, k: int = DEFAULT_K
    ) -> tuple[PlaylistItem, ...]:
        """Put a playlist together as `serve` does, and return its tracks alone."""
        return self.serve(posterior, PlaylistWishes(intent=intent, k=k)).items

    def serve(
        self,
        posterior: Mapping[str, float],
        wishes: PlaylistWishes,
        *,
        listener: ListenerModel | None = None,
        has_abstained: bool = False,
        chance_seed: int | None = None,
    ) -> ServedPlaylist:
        """Rank tracks for a mood; a file that is gone from disk is left out and the next one takes its place.

        Args:
            posterior: probability by label, summing to 1.
            wishes: what the playlist should be like.
            listener: what is known of who asks; nothing where None.
            has_abstained: whether the recognizer declined to name a mood.
            chance_seed: lets known odds order the tracks, for the log; without effect on a journey or another mix.

        Raises:
            ValueError: a wish is out of bounds.
            InvalidPosteriorError: the posterior is no distribution over the four labels.
            EmptyIndexError: there is no track to recommend.
            DatabaseUnavailableError: the catalog cannot be read.
        """
        mood = dict(listener.mood_model.correct(posterior) if listener else posterior)
        call = _Call(self._get_recommender(), mood, wishes, listener, has_abstained=has_abstained)
        is_mixed = chance_seed is not None and wishes.seed is None and wishes.target is None
        ranked, gone = self._rank_playable(call, N_SPARE if is_mixed else 0)
        if is_mixed:
            items, policy = _mix(ranked.tracks, wishes, chance_seed or 0), POLICY.name
        else:
            propensity, policy = (1.0, Greedy().name) if wishes.seed is None else (None, SEEDED)
            items = tuple(to_item(track, propensity) for track in ranked.tracks)
        lack = None if items else _find_lack(wishes, gone)
        return ServedPlaylist(items, wishes, mood, policy, ranked.question, lack)

    def list_choices(self) -> FilterChoices:
        """Tell what the filters can be set to."""
        attributes = self._get_recommender().index.attributes
        years = attributes.years[attributes.years >= 0]
        first_year, last_year = (int(years.min()), int(years.max())) if len(years) else (None, None)
        return FilterChoices(attributes.genres.names, attributes.licences.names, first_year, last_year)

    def _rank_playable(self, call: _Call, n_spare: int) -> tuple[_Ranked, frozenset[int]]:
        """Rank until every track can be played, or the time is up; a remembered gap is not looked at again."""
        deadline_s = self._playable.get_time_s() + MAX_SEARCH_S
        gone = self._playable.remember_gone()
        probe_k = 2 * call.k
        while True:
            ranked = call.rank(gone, n_spare)
            newly_gone = self._playable.find_gone(track.facts for track in ranked.tracks)
            gone |= newly_gone
            if not newly_gone or self._playable.get_time_s() >= deadline_s:
                break
            # Where some are gone there may be many: look further ahead each time.
            gone |= self._playable.find_gone(track.facts for track in call.probe(gone, min(probe_k, MAX_K)))
            probe_k *= 2
        tracks = tuple(track for track in ranked.tracks if track.track_id not in newly_gone)
        return _Ranked(tracks, ranked.question), gone


@dataclass(frozen=True, slots=True)
class _Ranked:
    tracks: tuple[Recommendation | JourneyStep, ...]
    question: Question | None = None


@dataclass(frozen=True, slots=True)
class _Call:
    """One question to the recommender, to be asked again without some tracks."""

    recommender: MusicRecommender
    mood: Mapping[str, float]
    wishes: PlaylistWishes
    listener: ListenerModel | None
    has_abstained: bool

    @property
    def k(self) -> int:
        """How many tracks are expected."""
        return self.wishes.k or (DEFAULT_STEPS if self.wishes.target else DEFAULT_K)

    def rank(self, gone: frozenset[int], n_spare: int) -> _Ranked:
        """Rank tracks but those that are gone, `n_spare` more than are wished for."""
        wishes, listener = self.wishes, self.listener
        if wishes.target:
            return _Ranked(tuple(self._travel(gone, wishes.target)))
        is_timed = wishes.max_minutes is not None and wishes.k is None
        playlist = self.recommender.recommend_playlist(
            self.mood,
            intent=wishes.intent,
            k=None if is_timed else min(self.k + n_spare, MAX_K),
            max_minutes=wishes.max_minutes and wishes.max_minutes * (1.5 if n_spare else 1.0),
            excluded_track_ids=self._exclude(gone),
            where=wishes.where,
            taste=listener.taste if listener else None,
            familiarity=wishes.familiarity,
            play_counts=listener.play_counts if listener else None,
            has_abstained=self.has_abstained,
            seed=wishes.seed,
        )
        return _Ranked(playlist.tracks, playlist.question)

    def probe(self, gone: frozenset[int], k: int) -> Sequence[Recommendation]:
        """Name the tracks that would come next."""
        return self.recommender.recommend(
            self.mood, intent=self.wishes.intent, k=k, excluded_track_ids=self._exclude(gone), where=self.wishes.where
        )

    def _travel(self, gone: frozenset[int], target: str) -> list[JourneyStep]:
        return self.recommender.recommend_journey(
            self.mood,
            {target: 1.0},
            k=self.k,
            excluded_track_ids=self._exclude(gone),
            where=self.wishes.where,
            seed=self.wishes.seed,
        )

    def _exclude(self, gone: frozenset[int]) -> frozenset[int]:
        return gone | self.listener.excluded_track_ids if self.listener else gone


def to_item(track: Recommendation | JourneyStep, propensity: float | None = None) -> PlaylistItem:
    """Keep of a recommended track what is shown."""
    facts = track.facts
    return PlaylistItem(
        track_id=track.track_id,
        title=facts.title,
        artist=facts.artist,
        path_or_url=facts.path or facts.url or "",
        score=track.score,
        reason=track.reason,
        duration_s=facts.duration_s,
        licence=facts.licence,
        attribution=facts.attribution,
        tempo_bpm=facts.tempo_bpm,
        valence=facts.valence,
        arousal=facts.arousal,
        contributions=track.contributions,
        progress=track.progress if isinstance(track, JourneyStep) else None,
        propensity=propensity,
    )


def _mix(tracks: Sequence[Recommendation | JourneyStep], wishes: PlaylistWishes, seed: int) -> tuple[PlaylistItem, ...]:
    rng = np.random.default_rng(seed)
    max_duration_s = None if wishes.max_minutes is None else 60.0 * wishes.max_minutes
    k = wishes.k or (DEFAULT_K if wishes.max_minutes is None else MAX_K)
    mixed = mix(tracks, rng, k=k, max_duration_s=max_duration_s)
    return tuple(to_item(one.track, one.propensity) for one in mixed)


def _find_lack(wishes: PlaylistWishes, gone: frozenset[int]) -> Lack:
    if not wishes.where.is_open:
        return Lack.FILTERS
    return Lack.FILES if gone else Lack.NEVER
