"""Playlists that travel from one mood to another in small steps, by the iso principle: meet the listener, then move."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from catalog.analysis.embeddings import AFFECT_AXES, MAX_RAW_NORM
from recommender.beam_search import BeamOptions, Stop, find_path
from recommender.errors import EmptyIndexError
from recommender.space import Intent, build_direction, fold_direction, validate_posterior

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from catalog.queries import TrackFacts
    from recommender.filters import PlaylistFilter
    from recommender.stores.vector_index import VectorIndex

MIN_STEPS: Final = 2
MAX_STEPS: Final = 50
# Where a sure mood lies, in standard deviations from an average track: clearly itself, with tracks all around.
REACH_SD: Final = 1.5
_N_NEIGHBORS: Final = 40
# An octave of tempo counts as much as two standard deviations of affect.
TEMPO_WEIGHT: Final = 2.0
# Changes below this, in standard deviations, are not put into words.
_AUDIBLE_SD: Final = 0.3
_TURNS: Final = (("valence", "brighter", "darker"), ("arousal", "livelier", "calmer"))


@dataclass(frozen=True, slots=True)
class JourneyStep:
    """One track of a journey; the first five attributes are those of a `Recommendation`.

    Attributes:
        track_id: which track.
        score: sum of the contributions; 0 is a track right on the way that sounds like the one before.
        reason: how it differs from the one before, in plain words.
        contributions: `place` (<= 0, for lying off the way), `step` (<= 0, for the jump from the track before),
            `setback` (<= 0, for going back) and `chance`, in squared standard deviations.
        facts: what the catalog knows of the track.
        progress: share of the way covered, 0 at the mood heard, 1 at the target; beyond both ends for some tracks.
    """

    track_id: int
    score: float
    reason: str
    contributions: Mapping[str, float]
    facts: TrackFacts = field(repr=False)
    progress: float


@dataclass(frozen=True, slots=True)
class TravelSpace:
    """Tracks as a journey sees them.

    Attributes:
        track_ids: shape (n,).
        points: the raw embedding, then the tempo in octaves times TEMPO_WEIGHT, so that distances count affect, timbre
            and tempo together, in standard deviations, shape (n, N_DIMENSIONS).
        facts: one a track.
    """

    track_ids: np.ndarray
    points: np.ndarray
    facts: tuple[TrackFacts, ...]

    @property
    def affect(self) -> np.ndarray:
        """The affect axes alone, shape (n, 6)."""
        return self.points[:, : len(AFFECT_AXES)]


def place_mood(posterior: Mapping[str, float]) -> np.ndarray:
    """Place a mood among tracks: the posterior-weighted mean of where each sure mood lies.

    The less a posterior says, the nearer to an average track it lies.

    Returns:
        Standard deviations over AFFECT_AXES, shape (6,).

    Raises:
        InvalidPosteriorError: the posterior is no distribution over the labels.
    """
    mood = validate_posterior(posterior)
    return np.asarray(sum(REACH_SD * p * build_direction({label: 1.0}, Intent.STAY)[0] for label, p in mood.items()))


def plan_journey(  # noqa: PLR0913 (keywords of one act)
    index: VectorIndex,
    load_facts: Callable[[Sequence[int]], Sequence[TrackFacts]],
    posterior: Mapping[str, float],
    target: Mapping[str, float],
    *,
    k: int = 10,
    excluded_track_ids: Collection[int] = frozenset(),
    allowed_track_ids: np.ndarray | None = None,
    where: PlaylistFilter | None = None,
    options: BeamOptions | None = None,
    seed: int | None = None,
) -> list[JourneyStep]:
    """Plan a journey from the mood heard to another one.

    Args:
        index: the tracks' embeddings.
        load_facts: reads what the catalog knows of tracks by id; tracks that are gone may be missing.
        posterior: the mood heard, probability by label.
        target: the mood to arrive at, probability by label.
        k: how many tracks, 2 to 50.
        excluded_track_ids: tracks never to play.
        allowed_track_ids: tracks to choose from; all where None.
        where: what tracks must be like; of any kind where None.
        options: what makes a good way.
        seed: for another journey of about the same worth; None gives the same one each time.

    Returns:
        k tracks, each once, fewer only where the index holds no more that are allowed and not gone.

    Raises:
        ValueError: k is out of bounds.
        InvalidPosteriorError: a mood is no distribution over the labels.
        EmptyIndexError: the index holds no track.

    Source:
        Altshuler (1948), for the iso principle of music therapy.
    """
    if not MIN_STEPS <= k <= MAX_STEPS:
        raise ValueError(f"k must lie within {MIN_STEPS} to {MAX_STEPS}, got {k!r}")
    start, end = place_mood(posterior), place_mood(target)
    if len(index) == 0:
        raise EmptyIndexError
    waypoints = build_waypoints(start, end, k)
    pools = [
        index.search(
            fold_direction(waypoint, moderation=1.0),
            max(_N_NEIGHBORS, k),
            allowed_ids=allowed_track_ids,
            excluded_ids=excluded_track_ids,
            where=where,
        )[0]
        for waypoint in waypoints
    ]
    space = load_travel_space(index, load_facts, np.unique(np.concatenate(pools)))
    waypoints = build_waypoints(start, end, min(k, len(space.track_ids)))
    rows_of = [np.flatnonzero(np.isin(space.track_ids, pool)) for pool in pools]
    path = find_path(space, waypoints, rows_of, options or BeamOptions(), seed)
    return _explain(space, path, start, end)


def build_waypoints(start: np.ndarray, end: np.ndarray, k: int) -> np.ndarray:
    """Lay points evenly on the line between two places, ends included, shape (k, 6)."""
    return np.asarray(np.linspace(start, end, k))


def load_travel_space(
    index: VectorIndex, load_facts: Callable[[Sequence[int]], Sequence[TrackFacts]], track_ids: np.ndarray
) -> TravelSpace:
    """Read tracks as a journey sees them; those that are gone from the catalog are left out."""
    facts_by_id = {facts.track_id: facts for facts in load_facts(track_ids.tolist())}
    kept = np.array([track_id for track_id in track_ids.tolist() if track_id in facts_by_id], dtype=np.int64)
    facts = tuple(facts_by_id[track_id] for track_id in kept.tolist())
    raw = index.get_embeddings(kept)[:, :-1].astype(np.float64) * MAX_RAW_NORM
    octaves = np.array([math.log2(one.tempo_bpm) if one.tempo_bpm else math.nan for one in facts])
    # A track of unknown tempo is taken to lie in the middle.
    middle = float(np.nanmean(octaves)) if np.isfinite(octaves).any() else 0.0
    tempo = TEMPO_WEIGHT * np.where(np.isfinite(octaves), octaves, middle)
    return TravelSpace(kept, np.column_stack([raw, tempo]), facts)


def measure_progress(affect: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Project tracks on the way: 0 at its start, 1 at its end, shape (n,); all 1 where start and end are one.

    Args:
        affect: over AFFECT_AXES, shape (n, 6).
        start: shape (6,).
        end: shape (6,).
    """
    way = end - start
    length = float(way @ way)
    return np.asarray((affect - start) @ way / length) if length > 0 else np.ones(len(affect))


def _explain(space: TravelSpace, path: Sequence[Stop], start: np.ndarray, end: np.ndarray) -> list[JourneyStep]:
    rows = [stop.row for stop in path]
    progress = measure_progress(space.affect[rows], start, end).tolist()
    steps = []
    for i, stop in enumerate(path):
        before = None if i == 0 else space.affect[rows[i - 1]]
        steps.append(
            JourneyStep(
                int(space.track_ids[stop.row]),
                math.fsum(stop.contributions.values()),
                _describe_turn(before, space.affect[stop.row]),
                stop.contributions,
                space.facts[stop.row],
                progress[i],
            )
        )
    return steps


def _describe_turn(before: np.ndarray | None, here: np.ndarray) -> str:
    if before is None:
        return "starts where you are"
    words = []
    for axis, up, down in _TURNS:
        change = float((here - before)[AFFECT_AXES.index(axis)])
        if abs(change) >= _AUDIBLE_SD:
            words.append(up if change > 0 else down)
    return f"a little {' and '.join(words)} than the one before" if words else "stays close to the one before"
