"""What a change would do to playlists, found out before anything is written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from app.services.listening import pure_posterior
from catalog.analysis.embeddings import N_DIMENSIONS
from catalog.corrections import move_embedding
from catalog.edit_values import check_fields
from catalog.errors import InvalidEditError
from recommender.affect import LABELS
from recommender.moved_index import MovedIndex
from recommender.pipeline import MusicRecommender

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from catalog.queries import TrackFacts
    from recommender.stores.vector_index import DescribedIndex

N_TRACKS: Final = 20
# What playlists tell tracks apart by; other fields change no playlist.
KEY_FIELDS: Final = frozenset({"title", "artist", "album"})


@dataclass(frozen=True, slots=True)
class MovedTrack:
    """One track of a playlist that would change.

    Attributes:
        rank_before: place in the playlist as it is, from 1; None where it would enter.
        rank_after: place in the playlist as it would be; None where it would leave.
        is_changed: whether it is one of the tracks that are changed.
    """

    track_id: int
    title: str
    artist: str
    rank_before: int | None
    rank_after: int | None
    is_changed: bool


@dataclass(frozen=True, slots=True)
class PlaylistChange:
    """How the playlist for one mood would change.

    Attributes:
        label: the mood, as if it were sure.
        entered: tracks that would come in, by their place.
        left: tracks that would drop out, by the place they have.
        moved: tracks that would stand elsewhere in it, by their new place.
    """

    label: str
    entered: tuple[MovedTrack, ...]
    left: tuple[MovedTrack, ...]
    moved: tuple[MovedTrack, ...]

    @property
    def is_same(self) -> bool:
        """Whether nothing would change."""
        return not (self.entered or self.left or self.moved)


@dataclass(frozen=True, slots=True)
class WhatIf:
    """How playlists would change, on the index that serves now.

    Attributes:
        playlists: one for each mood, in the order of `LABELS`; empty where no changed track is in the index.
        n_indexed: how many of the changed tracks the index holds.
        n_tracks: length of the playlists that were compared, at most.
    """

    playlists: tuple[PlaylistChange, ...]
    n_indexed: int
    n_tracks: int = N_TRACKS


class WhatIfService:
    """Compare playlists as they are with what they would be; reads the index that serves, and writes nothing.

    Args:
        get_recommender: hands out the recommender over the index that serves.
        load_facts: reads tracks by id.
        get_revision: tells whether the catalog changed, so that playlists as they are need not be put together again.
    """

    def __init__(
        self,
        get_recommender: Callable[[], MusicRecommender],
        load_facts: Callable[[Sequence[int]], Sequence[TrackFacts]],
        get_revision: Callable[[], int],
    ) -> None:
        self._get_recommender = get_recommender
        self._load_facts = load_facts
        self._get_revision = get_revision
        self._present: tuple[MusicRecommender, int, Mapping[str, list[TrackFacts]]] | None = None

    def correct(self, track_id: int, valence: float, arousal: float) -> WhatIf:
        """Tell what would change if a track stood elsewhere in the plane.

        Raises:
            InvalidEditError: the place lies outside the plane.
        """
        recommender = self._get_recommender()
        index = recommender.index
        if not _is_in(index, [track_id]).any() or index.metadata.dimension != N_DIMENSIONS:
            return WhatIf((), 0)
        try:
            moved = move_embedding(index.get_embeddings([track_id])[0], valence, arousal)
        except ValueError as error:
            raise InvalidEditError("affect", str(error)) from error
        after = MovedIndex(index, [track_id], moved[None])
        return self._compare(recommender, _over(recommender, after, self._load_facts), {track_id})

    def edit(self, track_ids: Sequence[int], fields: Mapping[str, str | int | None]) -> WhatIf:
        """Tell what would change if tracks were called otherwise, for a playlist keeps artists and albums apart.

        Args:
            track_ids: which tracks.
            fields: new value by field, as for `catalog.edit_values.TrackEdit`.

        Raises:
            InvalidEditError: a field cannot be changed, or not to this value.
        """
        recommender = self._get_recommender()
        new = {name: value or "" for name, value in check_fields(fields).items() if name in KEY_FIELDS}
        changed = {int(track_id) for track_id in track_ids}
        n_indexed = int(_is_in(recommender.index, track_ids).sum())
        if not new or not n_indexed:
            return WhatIf((), n_indexed)

        def load(some_ids: Sequence[int]) -> list[TrackFacts]:
            facts = self._load_facts(some_ids)
            return [replace(each, **new) if each.track_id in changed else each for each in facts]  # type: ignore[arg-type]

        return self._compare(recommender, _over(recommender, recommender.index, load), changed)

    def delete(self, track_ids: Sequence[int]) -> WhatIf:
        """Tell what would change if tracks were gone."""
        recommender = self._get_recommender()
        changed = {int(track_id) for track_id in track_ids}
        if not _is_in(recommender.index, track_ids).any():
            return WhatIf((), 0)
        return self._compare(recommender, recommender, changed, excluded=changed)

    def _compare(
        self,
        before: MusicRecommender,
        after: MusicRecommender,
        changed: Collection[int],
        *,
        excluded: Collection[int] = frozenset(),
    ) -> WhatIf:
        present = self._list_present(before)
        changes = []
        for label in LABELS:
            items = after.recommend(pure_posterior(label), k=N_TRACKS, excluded_track_ids=excluded)
            changes.append(_compare_lists(label, present[label], [item.facts for item in items], changed))
        return WhatIf(tuple(changes), int(_is_in(before.index, list(changed)).sum()))

    def _list_present(self, recommender: MusicRecommender) -> Mapping[str, list[TrackFacts]]:
        """Put together the playlists as they are, once for each state of index and catalog."""
        revision, known = self._get_revision(), self._present
        if known and known[0] is recommender and known[1] == revision:
            return known[2]
        present: dict[str, list[TrackFacts]] = {
            label: [item.facts for item in recommender.recommend(pure_posterior(label), k=N_TRACKS)] for label in LABELS
        }
        self._present = (recommender, revision, present)
        return present


def _over(
    recommender: MusicRecommender, index: DescribedIndex, load_facts: Callable[[Sequence[int]], Sequence[TrackFacts]]
) -> MusicRecommender:
    return MusicRecommender(index, load_facts, query_model=recommender.query_model, model=index.metadata.model)


def _is_in(index: DescribedIndex, track_ids: Sequence[int]) -> np.ndarray:
    return np.isin(np.asarray(track_ids, dtype=np.int64), index.track_ids)


def _compare_lists(
    label: str, old: Sequence[TrackFacts], new: Sequence[TrackFacts], changed: Collection[int]
) -> PlaylistChange:
    rank_before = {facts.track_id: rank for rank, facts in enumerate(old, 1)}
    rank_after = {facts.track_id: rank for rank, facts in enumerate(new, 1)}

    def tell(facts: TrackFacts) -> MovedTrack:
        before, after = rank_before.get(facts.track_id), rank_after.get(facts.track_id)
        return MovedTrack(facts.track_id, facts.title, facts.artist, before, after, facts.track_id in changed)

    told = [tell(facts) for facts in new]
    return PlaylistChange(
        label,
        entered=tuple(track for track in told if track.rank_before is None),
        left=tuple(tell(facts) for facts in old if facts.track_id not in rank_after),
        moved=tuple(track for track in told if track.rank_before not in {None, track.rank_after}),
    )
