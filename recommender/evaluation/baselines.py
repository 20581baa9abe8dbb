"""Ways of ranking a catalog for a mood: ours, and the plain ones it has to beat."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from catalog.analysis.embeddings import AFFECT_AXES, EMBEDDING_MODEL, N_TIMBRE_AXES, fold
from catalog.queries import TrackFacts
from recommender.affect import AFFECT_BY_LABEL, LABELS, expected_affect
from recommender.index import TrackIndex
from recommender.pipeline import MusicRecommender
from recommender.query_models import load_query_model
from recommender.ranking import RankingOptions
from recommender.space import build_query, contributions_to_relevance

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from recommender.evaluation.datasets import RatedTracks

    # Ranks all tracks for a posterior: positions, best first, shape (n,).
    Ranker: TypeAlias = Callable[[RatedTracks, Mapping[str, float], np.random.Generator], np.ndarray]

# Fitted to no track. One that was fitted to these would have met the artists it is asked for; such models are measured
# by scores kept out of fold, see `alternatives`.
MEASURED_QUERY_MODEL: Final = "mood-query"
# How many average tracks a tag counts as bearing before it bears any.
_TAG_CAUTION: Final = 3
# The playlist as it serves; further down the order of the query goes on.
_SERVED_K: Final = 50


def rank_by_mood_query(tracks: RatedTracks, posterior: Mapping[str, float], _rng: np.random.Generator) -> np.ndarray:
    """Rank by the query alone, before diversity and artist spacing."""
    query = build_query(posterior).astype(np.float64)
    return _best_first(contributions_to_relevance(query, tracks.affect_sd).sum(axis=1))


def rank_by_recommender(tracks: RatedTracks, posterior: Mapping[str, float], rng: np.random.Generator) -> np.ndarray:
    """Rank by the whole recommender as it serves; what it does not reach follows in the order of the query.

    Predictions stand for the affect axes; timbre is left at its average, as out-of-fold timbre is not kept.
    """
    playlist = build_recommender(tracks).recommend(posterior, k=min(_SERVED_K, len(tracks)))
    picked = np.array([row.track_id for row in playlist], dtype=np.int64)
    rest = rank_by_mood_query(tracks, posterior, rng)
    return np.concatenate([picked, rest[~np.isin(rest, picked)]])


@lru_cache(maxsize=4)
def build_recommender(tracks: RatedTracks) -> MusicRecommender:
    """Put a recommender on top of the tracks' index, as it serves."""
    return MusicRecommender(
        build_index(tracks),
        name_tracks(tracks),
        # Without timbre, tracks of one mood would pass for one recording.
        options=RankingOptions(duplicate_distance=0.0),
        query_model=load_query_model(MEASURED_QUERY_MODEL),
    )


def build_index(tracks: RatedTracks) -> TrackIndex:
    """Put the tracks into an index, each under its position in the catalog."""
    raw = np.hstack([tracks.affect_sd, np.zeros((len(tracks), N_TIMBRE_AXES))])
    embeddings = np.array([fold(row) for row in raw])
    return TrackIndex.build(np.arange(len(tracks)), embeddings, model=EMBEDDING_MODEL, revision=0)


def name_tracks(tracks: RatedTracks) -> Callable[[Sequence[int]], list[TrackFacts]]:
    """Return what reads title and artist of tracks by their position in the catalog."""
    return lambda chosen: [TrackFacts(i, tracks.titles[i] or f"track {i}", tracks.artists[i]) for i in chosen]


def rank_at_random(tracks: RatedTracks, _posterior: Mapping[str, float], rng: np.random.Generator) -> np.ndarray:
    """Shuffle."""
    return rng.permutation(len(tracks))


def rank_by_popularity(tracks: RatedTracks, _posterior: Mapping[str, float], rng: np.random.Generator) -> np.ndarray:
    """Rank by the share of people who like the track, whatever the mood; at random where nobody was asked."""
    return rng.permutation(len(tracks)) if tracks.liked is None else _best_first(tracks.liked)


def rank_by_genre(tracks: RatedTracks, posterior: Mapping[str, float], _rng: np.random.Generator) -> np.ndarray:
    """Look up how people feel about the genre, from the other folds; genres met nowhere else count as average."""
    genres = np.array(tracks.genres)
    scores = np.zeros(len(tracks))
    for part in np.unique(tracks.folds):
        known = tracks.folds != part
        for genre in np.unique(genres[~known]):
            alike = known & (genres == genre)
            rating = tracks.ratings[alike if alike.any() else known].mean(axis=0)
            scores[~known & (genres == genre)] = rating @ _as_array(posterior)
    return _best_first(scores)


def rank_by_tags(tracks: RatedTracks, posterior: Mapping[str, float], _rng: np.random.Generator) -> np.ndarray:
    """Look up how people feel about the track's tags, from the other folds.

    A tag counts as the mean rating of the tracks that bear it, drawn towards the average by as much as `_TAG_CAUTION`
    average tracks would; a track counts as the mean of its tags that are met elsewhere.
    """
    scores = np.zeros(len(tracks))
    wanted = tracks.ratings @ _as_array(posterior)
    for part in np.unique(tracks.folds):
        known = np.flatnonzero(tracks.folds != part)
        average = float(wanted[known].mean())
        values_by_tag: dict[str, list[float]] = {}
        for row in known.tolist():
            for tag in tracks.tags[row]:
                values_by_tag.setdefault(tag, [average] * _TAG_CAUTION).append(float(wanted[row]))
        rating_by_tag = {tag: float(np.mean(values)) for tag, values in values_by_tag.items()}
        for row in np.flatnonzero(tracks.folds == part).tolist():
            met = [rating_by_tag[tag] for tag in sorted(tracks.tags[row]) if tag in rating_by_tag]
            scores[row] = np.mean(met) if met else average
    return _best_first(scores)


def rank_by_distance_in_plane(
    tracks: RatedTracks, posterior: Mapping[str, float], _rng: np.random.Generator
) -> np.ndarray:
    """Rank by nearness of predicted valence and arousal to those expected of the mood."""
    place = expected_affect(posterior)
    plane = tracks.predicted[:, [AFFECT_AXES.index("valence"), AFFECT_AXES.index("arousal")]]
    return _best_first(-np.linalg.norm(plane - [place.valence, place.arousal], axis=1))


def rank_by_likeliest_label(
    tracks: RatedTracks, posterior: Mapping[str, float], rng: np.random.Generator
) -> np.ndarray:
    """Rank as ours does for the likeliest label alone: what throwing the distribution away costs."""
    likeliest = max(LABELS, key=lambda label: posterior.get(label, 0.0))
    return rank_by_mood_query(tracks, {likeliest: 1.0}, rng)


def rank_by_prototypes(tracks: RatedTracks, posterior: Mapping[str, float], _rng: np.random.Generator) -> np.ndarray:
    """Rank by cosine to the posterior-weighted mean of label prototypes.

    A label's prototype is the mean prediction over tracks of the other folds that are rated in its top quartile.
    """
    scores = np.zeros(len(tracks))
    for part in np.unique(tracks.folds):
        known = tracks.folds != part
        prototypes = np.array([_prototype(tracks, known, column) for column in range(len(LABELS))])
        target = _as_array(posterior) @ prototypes
        candidates = tracks.affect_sd[~known]
        lengths = np.linalg.norm(candidates, axis=1) * max(float(np.linalg.norm(target)), 1e-12)
        scores[~known] = candidates @ target / np.maximum(lengths, 1e-12)
    return _best_first(scores)


def _prototype(tracks: RatedTracks, known: np.ndarray, column: int) -> np.ndarray:
    ratings = tracks.ratings[:, column]
    is_typical = known & (ratings >= np.quantile(ratings[known], 0.75)) & (ratings > 0)
    return np.asarray(tracks.affect_sd[is_typical if is_typical.any() else known].mean(axis=0))


def _as_array(posterior: Mapping[str, float]) -> np.ndarray:
    return np.array([posterior.get(label, 0.0) for label in AFFECT_BY_LABEL])


def _best_first(scores: np.ndarray) -> np.ndarray:
    return np.argsort(-scores, kind="stable")


OURS: Final = "recommender"
RANDOM: Final = "random"
RANKERS: Final[Mapping[str, Ranker]] = {
    OURS: rank_by_recommender,
    "mood-query": rank_by_mood_query,
    "likeliest-label": rank_by_likeliest_label,
    "prototypes": rank_by_prototypes,
    "nearest-valence-arousal": rank_by_distance_in_plane,
    "genre-look-up": rank_by_genre,
    "tag-look-up": rank_by_tags,
    "popularity": rank_by_popularity,
    RANDOM: rank_at_random,
}
# What ours is tested against, the baselines of the protocol; and ours with a part taken away. Each family is corrected
# for its own size.
BASELINES: Final = ("prototypes", "nearest-valence-arousal", "genre-look-up", "tag-look-up", "popularity", RANDOM)
ABLATIONS: Final = ("mood-query", "likeliest-label")
