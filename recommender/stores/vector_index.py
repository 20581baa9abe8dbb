"""What the recommender asks of whatever holds the embeddings; `recommender.index.TrackIndex` is the first that does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import numpy as np

    from recommender.filters import PlaylistFilter, TrackAttributes
    from recommender.index_file import IndexMetadata


class VectorIndex(Protocol):
    """Searches track embeddings by inner product."""

    def __len__(self) -> int: ...

    def search(
        self,
        query: np.ndarray,
        k: int,
        *,
        allowed_ids: np.ndarray | None = None,
        excluded_ids: Collection[int] = (),
        where: PlaylistFilter | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Find the tracks with the largest inner product.

        Args:
            query: shape (dimension,).
            k: how many, at least 1.
            allowed_ids: ids to choose from; all where None.
            excluded_ids: ids never to return, allowed or not.
            where: what the tracks must be like besides; of any kind where None.

        Returns:
            Ids int64 and inner products float32, both of shape (min(k, tracks left),), best first, ties by id.

        Raises:
            ValueError: the query has another shape or is not finite, or k is below 1.
        """
        ...

    def get_embeddings(self, track_ids: Sequence[int] | np.ndarray) -> np.ndarray:
        """Look embeddings up by id.

        Returns:
            Shape (n, dimension), float32, in the order asked for.

        Raises:
            KeyError: a track is not in the index.
        """
        ...


class DescribedIndex(VectorIndex, Protocol):
    """An index that says what it holds: the one that serves, or one as it would be."""

    @property
    def metadata(self) -> IndexMetadata:
        """Whose embeddings it holds, and of which state of the catalog."""
        ...

    @property
    def track_ids(self) -> np.ndarray:
        """All ids, int64, ascending."""
        ...

    @property
    def attributes(self) -> TrackAttributes:
        """What filters go by, in the order of the ids."""
        ...
