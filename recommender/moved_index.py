"""An index in which some tracks stand elsewhere, to see what would come of it; nothing is copied or written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from recommender.filters import PlaylistFilter, TrackAttributes
    from recommender.index_file import IndexMetadata
    from recommender.stores.vector_index import DescribedIndex


class MovedIndex:
    """Searches an index as if some of its tracks had other embeddings; see `stores.vector_index.DescribedIndex`.

    Args:
        below: the index, which stays as it is.
        track_ids: tracks of it, distinct.
        embeddings: where they would stand, shape (n, dimension), unit length.

    Raises:
        KeyError: a track is not in the index.
    """

    def __init__(self, below: DescribedIndex, track_ids: Sequence[int], embeddings: np.ndarray) -> None:
        self._below = below
        self._ids = np.asarray(track_ids, dtype=np.int64)
        self._embeddings = np.asarray(embeddings, dtype=np.float32)
        self._row_by_id = {track_id: row for row, track_id in enumerate(self._ids.tolist())}
        # Raises where a track is unknown.
        below.get_embeddings(self._ids)

    def __len__(self) -> int:
        return len(self._below)

    @property
    def metadata(self) -> IndexMetadata:
        """What the index below says of itself."""
        return self._below.metadata

    @property
    def track_ids(self) -> np.ndarray:
        """The same as below."""
        return self._below.track_ids

    @property
    def attributes(self) -> TrackAttributes:
        """The same as below: only places differ."""
        return self._below.attributes

    def search(
        self,
        query: np.ndarray,
        k: int,
        *,
        allowed_ids: np.ndarray | None = None,
        excluded_ids: Collection[int] = (),
        where: PlaylistFilter | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Find the tracks with the largest inner product; see `VectorIndex.search`."""
        excluded = {*excluded_ids, *self._row_by_id}
        ids, similarities = self._below.search(query, k, allowed_ids=allowed_ids, excluded_ids=excluded, where=where)
        is_open = self._select(allowed_ids, excluded_ids, where)
        all_ids = np.concatenate([ids, self._ids[is_open]])
        own = self._embeddings[is_open] @ np.asarray(query, dtype=np.float32)
        all_similarities = np.concatenate([similarities, own]).astype(np.float32)
        order = np.lexsort((all_ids, -all_similarities))[:k]
        return all_ids[order], all_similarities[order]

    def get_embeddings(self, track_ids: Sequence[int] | np.ndarray) -> np.ndarray:
        """Look embeddings up by id; see `VectorIndex.get_embeddings`."""
        found = self._below.get_embeddings(track_ids)
        for place, track_id in enumerate(np.asarray(track_ids).tolist()):
            if track_id in self._row_by_id:
                found[place] = self._embeddings[self._row_by_id[track_id]]
        return found

    def _select(
        self, allowed_ids: np.ndarray | None, excluded_ids: Collection[int], where: PlaylistFilter | None
    ) -> np.ndarray:
        is_open = ~np.isin(self._ids, list(excluded_ids))
        if allowed_ids is not None:
            is_open &= np.isin(self._ids, allowed_ids)
        if where is not None and not where.is_open:
            rows = np.searchsorted(self._below.track_ids, self._ids)
            is_open &= self._below.attributes.select(where)[rows]
        return is_open
