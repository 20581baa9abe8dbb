"""The index of track embeddings; the only module that imports faiss, hence longer than others."""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import faiss
import numpy as np

from recommender.errors import IndexMismatchError, IndexUnreadableError
from recommender.filters import TrackAttributes
from recommender.index_exact import choose_best, measure_recall, search_exactly
from recommender.index_file import (
    IndexFooter,
    IndexKind,
    IndexMetadata,
    complete_file,
    hold_open,
    map_column,
    read_footer,
    sync_folder,
)
from recommender.index_vectors import check_embeddings

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from recommender.filters import PlaylistFilter

# One query over 100,000 tracks takes half a millisecond: waking a thread pool for it costs more.
faiss.omp_set_num_threads(1)

# Up to here exact search takes a few milliseconds, and there is nothing to train and nothing to miss.
EXACT_UP_TO: Final = 200_000
# Lists per square root of the number of tracks.
_LISTS_PER_ROOT: Final = 4.0
_N_ITERATIONS: Final = 10
_TRAINING_TRACKS_PER_LIST: Final = 64
# Recall@100 that the lists visited must reach on the tuning queries; what is missed lies near the end of the hundred.
_TARGET_RECALL: Final = 0.98
_FEWEST_PROBES: Final = 8
_N_TUNING_QUERIES: Final = 64
# A filter that leaves fewer tracks than this is answered exactly: it takes five milliseconds, and lists no less.
_SCANNED_UP_TO: Final = 30_000
# How many more candidates than asked for are ranked again by their exact vectors: eight bits an axis blur near ties.
_CANDIDATES_PER_RESULT: Final = 2
_MORE_CANDIDATES: Final = 32
_BITS_PER_BYTE: Final = 8


class TrackIndex:
    """Inner-product search over track embeddings, exact up to `EXACT_UP_TO` tracks.

    Beyond, an inverted file of eight-bit codes finds candidates and the exact vectors rank them again. An index never
    changes: `with_tracks` and `without_tracks` build another one, so that readers of the old one are never disturbed.
    Nor could faiss change a memory-mapped one; trying ends the process.
    """

    def __init__(
        self,
        store: Any,  # noqa: ANN401 (faiss has no types)
        track_ids: np.ndarray,
        vectors: np.ndarray,
        attributes: TrackAttributes,
        metadata: IndexMetadata,
    ) -> None:
        self._store = store
        self._vectors = vectors
        self.track_ids = track_ids
        self.attributes = attributes
        self.metadata = metadata

    @classmethod
    def build(  # noqa: PLR0913 (keywords of one act)
        cls,
        track_ids: Sequence[int] | np.ndarray,
        embeddings: np.ndarray,
        *,
        model: str,
        revision: int,
        attributes: TrackAttributes | None = None,
        queries: np.ndarray | None = None,
        kind: IndexKind | None = None,
        built_at: datetime | None = None,
    ) -> TrackIndex:
        """Index a catalog.

        Args:
            track_ids: shape (n_tracks,), distinct, >= 0.
            embeddings: shape (n_tracks, dimension), unit length; cast to float32. No row is fine.
            model: name of the model that made the embeddings.
            revision: revision of the catalog they were read from.
            attributes: what filters look at, row by row; nothing is known where None.
            queries: shape (n, dimension), such as listeners ask, to choose how many lists a search visits; some of the
                embeddings where None. An exact index needs none.
            kind: how to search; by the number of tracks where None.
            built_at: time to note; now unless given.

        Raises:
            ValueError: shapes disagree, an id comes twice, or an embedding is no unit vector.
        """
        ids = np.asarray(track_ids, dtype=np.int64)
        vectors = np.ascontiguousarray(embeddings, dtype=np.float32)
        check_embeddings(ids, vectors)
        known = attributes or TrackAttributes.build_unknown(len(ids))
        if len(known) != len(ids):
            raise ValueError(f"expected attributes of {len(ids)} tracks, got {len(known)}")
        order = np.argsort(ids)
        built = (built_at or datetime.now(UTC)).isoformat(timespec="seconds")
        metadata = IndexMetadata(model, revision, len(ids), vectors.shape[1], built)
        if kind is None:
            kind = IndexKind.EXACT if len(ids) <= EXACT_UP_TO else IndexKind.INVERTED
        return _assemble(ids[order], vectors[order], known.take(order), metadata, None, kind=kind, queries=queries)

    def __len__(self) -> int:
        return self.metadata.n_tracks

    def search(  # noqa: PLR0913 (keywords of one act)
        self,
        query: np.ndarray,
        k: int,
        *,
        allowed_ids: np.ndarray | None = None,
        excluded_ids: Collection[int] = (),
        where: PlaylistFilter | None = None,
        n_probes: int | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Find the tracks with the largest inner product.

        Filters work inside the search, so k tracks come if they exist, and none that they forbid.

        Args:
            query: shape (dimension,); its length scales the similarities and changes no order.
            k: how many, at least 1.
            allowed_ids: ids to choose from; all where None.
            excluded_ids: ids never to return, allowed or not.
            where: what the tracks must be like besides; of any kind where None.
            n_probes: lists to visit instead of as many as the index was tuned to; an exact index has none.

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
        is_open = self._select(allowed_ids, excluded_ids, where)
        n_open = len(self) if is_open is None else int(np.count_nonzero(is_open))
        k = min(k, n_open)
        if k == 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        if self.metadata.kind is IndexKind.EXACT:
            rows, similarities = _ask(self._store, vector, k, faiss.SearchParameters, _bitmap(is_open))
        else:
            rows, similarities = self._search_lists(vector, k, is_open, n_open, n_probes or self.metadata.n_probes)
        order = np.lexsort((rows, -similarities))
        return self.track_ids[rows[order]], similarities[order]

    def get_embeddings(self, track_ids: Sequence[int] | np.ndarray) -> np.ndarray:
        """Look embeddings up by id.

        Returns:
            Shape (n, dimension), float32, in the order asked for.

        Raises:
            KeyError: a track is not in the index.
        """
        ids = np.asarray(track_ids, dtype=np.int64)
        rows, is_known = self._find_rows(ids)
        if not is_known.all():
            raise KeyError(f"no such tracks in the index: {sorted(set(ids[~is_known].tolist()))[:5]}")
        return np.asarray(self._vectors[rows], dtype=np.float32)

    def with_tracks(
        self,
        track_ids: Sequence[int] | np.ndarray,
        embeddings: np.ndarray,
        *,
        revision: int,
        attributes: TrackAttributes | None = None,
    ) -> TrackIndex:
        """Build an index that holds more tracks; a track it knows gets its new embedding. Nothing is trained anew.

        Raises:
            ValueError: as for `build`, or the embeddings have another dimension.
        """
        ids, vectors = np.asarray(track_ids, dtype=np.int64), np.asarray(embeddings, dtype=np.float32)
        if vectors.ndim != 2 or vectors.shape[1] != self.metadata.dimension:  # noqa: PLR2004 (a matrix)
            raise ValueError(f"embeddings must have shape (n, {self.metadata.dimension}), got {vectors.shape}")
        check_embeddings(ids, vectors)
        rest = np.flatnonzero(~np.isin(self.track_ids, ids))
        joined = self.attributes.take(rest).join(attributes or TrackAttributes.build_unknown(len(ids)))
        all_ids = np.concatenate([self.track_ids[rest], ids])
        order = np.argsort(all_ids)
        all_vectors = np.concatenate([self._vectors[rest], vectors])[order]
        return self._rebuild(all_ids[order], all_vectors, joined.take(order), revision)

    def without_tracks(self, track_ids: Collection[int], *, revision: int) -> TrackIndex:
        """Build an index that lacks some tracks; ids it never knew are no error. Nothing is trained anew."""
        rest = np.flatnonzero(~np.isin(self.track_ids, list(track_ids)))
        return self._rebuild(self.track_ids[rest], self._vectors[rest], self.attributes.take(rest), revision)

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
            complete_file(temporary, self.metadata, self._columns(), self.attributes.to_names())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(path.parent)

    @classmethod
    def load(cls, path: Path, *, model: str | None = None, verify: bool = True) -> TrackIndex:
        """Map an index into memory.

        Args:
            path: what `save` wrote.
            model: the embedding model it must have been built with; any where None.
            verify: whether to compare the checksum, which reads every byte.

        Raises:
            IndexUnreadableError: the file is missing, corrupt or of another kind.
            IndexMismatchError: it was built with another model.
        """
        while True:
            with hold_open(path) as is_still_there:
                try:
                    footer = read_footer(path, verify=verify)
                    if model is not None and footer.metadata.model != model:
                        raise IndexMismatchError(model, footer.metadata.model)
                    index = cls._map(path, footer)
                except IndexUnreadableError:
                    if is_still_there():
                        raise
                else:
                    if is_still_there():
                        return index
            # Another file took the name meanwhile, and parts of both may be mapped: once more.

    @classmethod
    def _map(cls, path: Path, footer: IndexFooter) -> TrackIndex:
        metadata = footer.metadata
        is_exact = metadata.kind is IndexKind.EXACT
        try:
            flags = faiss.IO_FLAG_MMAP_IFC if is_exact else faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY
            store: Any = faiss.read_index(str(path), flags)
        except RuntimeError as error:
            raise IndexUnreadableError(path, f"faiss cannot read it: {str(error).splitlines()[0]}") from error
        if (store.ntotal, store.d) != (metadata.n_tracks, metadata.dimension):
            expected, found = (metadata.n_tracks, metadata.dimension), (store.ntotal, store.d)
            raise IndexUnreadableError(path, f"expected (tracks, dimensions) {expected}, got {found}")
        if not is_exact:
            # faiss would start 32 threads a search to warm lists up; the system's own read-ahead does.
            lists: Any = faiss.downcast_InvertedLists(store.invlists)
            lists.prefetch_nthread = 0
        vectors = _view_vectors(store) if is_exact else map_column(path, footer, "vector")
        columns = {name: map_column(path, footer, name) for name in ("genre", "licence", "year")}
        try:
            attributes = TrackAttributes.from_parts(columns, footer.names)
        except KeyError as error:
            raise IndexUnreadableError(path, f"it lacks the names of {error}") from error
        return cls(store, map_column(path, footer, "track_id"), vectors, attributes, metadata)

    def _columns(self) -> dict[str, np.ndarray]:
        columns = {"track_id": self.track_ids, **self.attributes.to_arrays()}
        return columns if self.metadata.kind is IndexKind.EXACT else columns | {"vector": self._vectors}

    def _rebuild(self, ids: np.ndarray, vectors: np.ndarray, attributes: TrackAttributes, revision: int) -> TrackIndex:
        built_at = datetime.now(UTC).isoformat(timespec="seconds")
        metadata = replace(
            self.metadata,
            revision=revision,
            n_tracks=len(ids),
            built_at=built_at,
            recall_at_10=None,
            recall_at_100=None,
        )
        trained = None if self.metadata.kind is IndexKind.EXACT else self._store
        return _assemble(ids, vectors, attributes, metadata, trained, kind=self.metadata.kind)

    def _find_rows(self, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if not len(self):
            return np.zeros(len(ids), np.int64), np.zeros(len(ids), bool)
        rows = np.minimum(np.searchsorted(self.track_ids, ids), len(self) - 1)
        return rows, self.track_ids[rows] == ids

    def _select(
        self, allowed_ids: np.ndarray | None, excluded_ids: Collection[int], where: PlaylistFilter | None
    ) -> np.ndarray | None:
        """Mark the rows that every filter lets through; None where nothing filters."""
        is_open = None if where is None or where.is_open else self.attributes.select(where)
        if allowed_ids is not None:
            is_allowed = np.zeros(len(self), dtype=bool)
            rows, is_known = self._find_rows(np.asarray(allowed_ids, dtype=np.int64))
            is_allowed[rows[is_known]] = True
            is_open = is_allowed if is_open is None else is_open & is_allowed
        if len(excluded_ids):
            is_open = np.ones(len(self), dtype=bool) if is_open is None else is_open.copy()
            rows, is_known = self._find_rows(np.fromiter(excluded_ids, dtype=np.int64))
            is_open[rows[is_known]] = False
        return is_open

    def _search_lists(
        self, query: np.ndarray, k: int, is_open: np.ndarray | None, n_open: int, n_probes: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Search an inverted file; what it cannot answer well is answered exactly."""
        if is_open is not None and n_open <= _SCANNED_UP_TO:
            return search_exactly(self._vectors, query, k, np.flatnonzero(is_open))
        # A filter thins the lists out: more of them hold as many tracks to choose from.
        n_visited = min(self.metadata.n_lists, -(-n_probes * len(self) // n_open))
        n_candidates = min(n_open, _CANDIDATES_PER_RESULT * k + _MORE_CANDIDATES)
        rows, _ = _ask(
            self._store, query, n_candidates, faiss.SearchParametersIVF, _bitmap(is_open), nprobe=int(n_visited)
        )
        if len(rows) < n_candidates:  # the lists visited hold fewer than asked for
            return search_exactly(self._vectors, query, k, None if is_open is None else np.flatnonzero(is_open))
        return choose_best(self._vectors, query, k, np.sort(rows))


def _assemble(  # noqa: PLR0913 (parts of one index)
    ids: np.ndarray,
    vectors: np.ndarray,
    attributes: TrackAttributes,
    metadata: IndexMetadata,
    trained: Any,  # noqa: ANN401 (faiss has no types)
    *,
    kind: IndexKind,
    queries: np.ndarray | None = None,
) -> TrackIndex:
    start_s = time.monotonic()
    if kind is IndexKind.EXACT:
        store = faiss.IndexFlatIP(metadata.dimension)
        store.add(vectors)
        metadata = replace(metadata, build_s=round(time.monotonic() - start_s, 3))
        return TrackIndex(store, ids, _view_vectors(store), attributes, metadata)
    store = _train_lists(vectors) if trained is None else _copy_trained(trained)
    store.add(vectors)
    n_probes = metadata.n_probes if trained is not None else _FEWEST_PROBES
    metadata = replace(metadata, kind=kind, n_lists=store.nlist, n_probes=min(n_probes, store.nlist))
    index = TrackIndex(store, ids, vectors, attributes, metadata)
    if trained is None:
        tuned = _tune_probes(index, _sample_rows(vectors) if queries is None else queries[:_N_TUNING_QUERIES])
        metadata = replace(metadata, n_probes=tuned)
    index.metadata = replace(metadata, build_s=round(time.monotonic() - start_s, 3))
    return index


def _train_lists(vectors: np.ndarray) -> Any:  # noqa: ANN401 (faiss has no types)
    n_lists = max(1, min(len(vectors), round(_LISTS_PER_ROOT * len(vectors) ** 0.5)))
    store = _new_lists(faiss.IndexFlatIP(vectors.shape[1]), n_lists)
    store.cp.niter, store.cp.spherical, store.cp.min_points_per_centroid = _N_ITERATIONS, True, 1
    store.cp.max_points_per_centroid = _TRAINING_TRACKS_PER_LIST
    store.train(vectors)
    return store


def _copy_trained(trained: Any) -> Any:  # noqa: ANN401 (faiss has no types)
    store = _new_lists(faiss.clone_index(trained.quantizer), trained.nlist)
    store.sq, store.is_trained = trained.sq, True
    return store


def _new_lists(quantizer: Any, n_lists: int) -> Any:  # noqa: ANN401 (faiss has no types)
    by_residual = True
    return faiss.IndexIVFScalarQuantizer(
        quantizer, quantizer.d, n_lists, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT, by_residual
    )


def _tune_probes(index: TrackIndex, queries: np.ndarray) -> int:
    """Find the fewest lists, doubling, that reach the recall wanted; all of them where nothing less does."""
    n_probes = index.metadata.n_probes
    k = min(100, len(index))
    exact = [search_exactly(index._vectors, query, k)[1] for query in queries]  # noqa: SLF001 (its own factory)
    while n_probes < index.metadata.n_lists:
        found = [index.search(query, k, n_probes=n_probes)[1] for query in queries]
        if measure_recall(found, exact) >= _TARGET_RECALL:
            break
        n_probes = min(2 * n_probes, index.metadata.n_lists)
    return n_probes


def _sample_rows(vectors: np.ndarray) -> np.ndarray:
    rows = np.linspace(0, len(vectors) - 1, min(_N_TUNING_QUERIES, len(vectors)))
    return np.asarray(vectors[rows.astype(np.int64)])


def _view_vectors(store: Any) -> np.ndarray:  # noqa: ANN401 (faiss has no types)
    """Show the vectors of an exact store without copying them; whoever holds them must hold the store."""
    shape = (store.ntotal, store.d)
    if not store.ntotal:
        return np.empty(shape, np.float32)
    flat = faiss.rev_swig_ptr(store.get_xb(), shape[0] * shape[1])
    vectors: np.ndarray = np.asarray(flat, dtype=np.float32).reshape(shape)
    return vectors


def _bitmap(is_open: np.ndarray | None) -> np.ndarray | None:
    return None if is_open is None else np.packbits(is_open, bitorder="little")


# faiss adds the keywords of its parameters in Python, unknown to its stubs.
def _ask(
    store: Any,  # noqa: ANN401 (faiss has no types)
    query: np.ndarray,
    k: int,
    parameters: Any,  # noqa: ANN401 (faiss has no types)
    bitmap: np.ndarray | None,
    **more: Any,  # noqa: ANN401 (faiss has no types)
) -> tuple[np.ndarray, np.ndarray]:
    """Ask faiss for rows; it pads with -1 where it finds fewer than k."""
    if bitmap is not None:
        more["sel"] = faiss.IDSelectorBitmap(len(bitmap) * _BITS_PER_BYTE, faiss.swig_ptr(bitmap))
    similarities, rows = store.search(query[None], k, params=parameters(**more) if more else None)
    found = rows[0] >= 0
    return rows[0][found], similarities[0][found]
