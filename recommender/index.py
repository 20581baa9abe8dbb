"""The index of track embeddings; the only module that imports faiss."""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import faiss
import numpy as np

from recommender.errors import IndexMismatchError, IndexUnreadableError
from recommender.index_file import IndexMetadata, append_footer, read_verified_metadata, sync_folder

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

# One query over 100,000 tracks takes half a millisecond: waking a thread pool for it costs more.
faiss.omp_set_num_threads(1)

_UNIT_TOLERANCE: Final = 1e-3


class TrackIndex:
    """Exact inner-product search over track embeddings.

    An index never changes: `with_tracks` and `without_tracks` build another one, so that readers of the old one are
    never disturbed. Nor could faiss change a memory-mapped one; trying ends the process.
    """

    def __init__(self, store: Any, metadata: IndexMetadata) -> None:  # noqa: ANN401 (faiss has no types)
        self._store = store
        self.metadata = metadata

    @classmethod
    def build(
        cls,
        track_ids: Sequence[int] | np.ndarray,
        embeddings: np.ndarray,
        *,
        model: str,
        revision: int,
        built_at: datetime | None = None,
    ) -> TrackIndex:
        """Index a catalog.

        Args:
            track_ids: shape (n_tracks,), distinct, >= 0.
            embeddings: shape (n_tracks, dimension), unit length; cast to float32. No row is fine.
            model: name of the model that made the embeddings.
            revision: revision of the catalog they were read from.
            built_at: time to note; now unless given.

        Raises:
            ValueError: shapes disagree, an id comes twice, or an embedding is no unit vector.
        """
        ids = np.asarray(track_ids, dtype=np.int64)
        vectors = np.ascontiguousarray(embeddings, dtype=np.float32)
        _check(ids, vectors)
        store = _new_store(vectors.shape[1])
        if len(ids):
            store.add_with_ids(vectors, ids)
        built = (built_at or datetime.now(UTC)).isoformat(timespec="seconds")
        return cls(store, IndexMetadata(model, revision, len(ids), vectors.shape[1], built))

    def __len__(self) -> int:
        return self.metadata.n_tracks

    @property
    def track_ids(self) -> np.ndarray:
        """Ids in the order they were added, shape (n_tracks,), int64."""
        return np.asarray(faiss.vector_to_array(self._store.id_map), dtype=np.int64)

    def search(
        self,
        query: np.ndarray,
        k: int,
        *,
        allowed: Collection[int] | None = None,
        excluded: Collection[int] = frozenset(),
    ) -> tuple[np.ndarray, np.ndarray]:
        """Find the tracks with the largest inner product.

        Args:
            query: shape (dimension,); its length scales the similarities and changes no order.
            k: how many, at least 1.
            allowed: ids to choose from; all where None. Filters work inside the search, so k tracks come if they exist.
            excluded: ids never to return, allowed or not.

        Returns:
            Ids int64 and inner products float32, both of shape (min(k, tracks left),), best first, ties by id.

        Raises:
            ValueError: the query has another shape or is not finite, or k is below 1.
        """
        vector = np.ascontiguousarray(query, dtype=np.float32)
        if vector.shape != (self.metadata.dimension,) or not np.isfinite(vector).all():
            raise ValueError(f"query must be finite, of shape ({self.metadata.dimension},), got {query!r}")
        if k < 1:
            raise ValueError(f"k must be at least 1, got {k!r}")
        if len(self) == 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        similarities, ids = self._store.search(vector[None], min(k, len(self)), params=_selection(allowed, excluded))
        found = ids[0] >= 0  # faiss pads with -1 where a filter leaves fewer than k
        ids, similarities = ids[0][found], similarities[0][found]
        order = np.lexsort((ids, -similarities))
        return ids[order], similarities[order]

    def get_embeddings(self, track_ids: Sequence[int] | np.ndarray) -> np.ndarray:
        """Look embeddings up by id.

        Returns:
            Shape (n, dimension), float32, in the order asked for.

        Raises:
            KeyError: a track is not in the index.
        """
        ids = np.asarray(track_ids, dtype=np.int64)
        if not len(ids):
            return np.empty((0, self.metadata.dimension), np.float32)
        try:
            return np.asarray(self._store.reconstruct_batch(ids), dtype=np.float32)
        except RuntimeError as error:
            missing = sorted(set(ids.tolist()) - set(self.track_ids.tolist()))
            raise KeyError(f"no such tracks in the index: {missing[:5]}") from error

    def with_tracks(
        self, track_ids: Sequence[int] | np.ndarray, embeddings: np.ndarray, *, revision: int
    ) -> TrackIndex:
        """Build an index that holds more tracks; a track it knows gets its new embedding.

        Raises:
            ValueError: as for `build`, or the embeddings have another dimension.
        """
        ids, vectors = np.asarray(track_ids, dtype=np.int64), np.asarray(embeddings, dtype=np.float32)
        if vectors.ndim != 2 or vectors.shape[1] != self.metadata.dimension:  # noqa: PLR2004 (a matrix)
            raise ValueError(f"embeddings must have shape (n, {self.metadata.dimension}), got {vectors.shape}")
        kept = self.track_ids[~np.isin(self.track_ids, ids)]
        return TrackIndex.build(
            np.concatenate([kept, ids]),
            np.concatenate([self.get_embeddings(kept), vectors]),
            model=self.metadata.model,
            revision=revision,
        )

    def without_tracks(self, track_ids: Collection[int], *, revision: int) -> TrackIndex:
        """Build an index that lacks some tracks; ids it never knew are no error."""
        kept = self.track_ids[~np.isin(self.track_ids, list(track_ids))]
        return TrackIndex.build(kept, self.get_embeddings(kept), model=self.metadata.model, revision=revision)

    def save(self, path: Path) -> None:
        """Write the index so that a crash at any moment leaves either the old file or the new one, whole.

        Readers that mapped the old file keep it.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        os.close(descriptor)
        temporary = Path(name)
        try:
            faiss.write_index(self._store, name)
            append_footer(temporary, self.metadata)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(path.parent)

    @classmethod
    def load(cls, path: Path, *, model: str | None = None) -> TrackIndex:
        """Map an index into memory.

        Args:
            path: what `save` wrote.
            model: the embedding model it must have been built with; any where None.

        Raises:
            IndexUnreadableError: the file is missing, corrupt or of another kind.
            IndexMismatchError: it was built with another model.
        """
        metadata = read_verified_metadata(path)
        if model is not None and metadata.model != model:
            raise IndexMismatchError(model, metadata.model)
        try:
            store = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise IndexUnreadableError(path, f"faiss cannot read it: {str(error).splitlines()[0]}") from error
        if (store.ntotal, store.d) != (metadata.n_tracks, metadata.dimension):
            expected, found = (metadata.n_tracks, metadata.dimension), (store.ntotal, store.d)
            raise IndexUnreadableError(path, f"expected (tracks, dimensions) {expected}, got {found}")
        return cls(store, metadata)


def _new_store(dimension: int) -> Any:  # noqa: ANN401 (faiss has no types)
    # Exact, deletable, nothing to train: right up to about 200,000 tracks. An inverted file for more goes in here.
    return faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))


def _check(ids: np.ndarray, vectors: np.ndarray) -> None:
    if vectors.ndim != 2 or ids.shape != (len(vectors),):  # noqa: PLR2004 (a matrix)
        raise ValueError(f"expected n ids and embeddings of shape (n, d), got {ids.shape} ids and {vectors.shape}")
    if len(np.unique(ids)) != len(ids):
        raise ValueError(f"track ids must be distinct, got {len(ids) - len(np.unique(ids))} repeated")
    if (ids < 0).any():
        raise ValueError(f"track ids must not be negative, got {int(ids.min())}")
    # Written so that NaN counts as wrong.
    is_wrong = ~(np.abs(np.linalg.norm(vectors, axis=1) - 1.0) <= _UNIT_TOLERANCE)
    if is_wrong.any():
        raise ValueError(f"embeddings must be unit vectors, track {int(ids[is_wrong][0])} has none")


# faiss adds the keywords of SearchParameters in Python, unknown to its stubs.
def _selection(allowed: Collection[int] | None, excluded: Collection[int]) -> Any:  # noqa: ANN401 (faiss has no types)
    if allowed is not None:
        chosen = np.fromiter(set(allowed) - set(excluded), dtype=np.int64)
        return faiss.SearchParameters(sel=faiss.IDSelectorBatch(chosen))  # type: ignore[call-arg]
    if excluded:
        unwanted = np.fromiter(excluded, dtype=np.int64)
        return faiss.SearchParameters(sel=faiss.IDSelectorNot(faiss.IDSelectorBatch(unwanted)))  # type: ignore[call-arg]
    return None
