"""Embeddings in PostgreSQL as it comes, searched exactly by its own arithmetic; no extension is needed.

Each search reads every embedding that the filters leave, so this suits tens of thousands of tracks shared by many
machines; beyond, an index file on each machine is faster by far.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from sqlalchemy import (
    ARRAY,
    REAL,
    BigInteger,
    Column,
    ColumnElement,
    Double,
    Index,
    Integer,
    MetaData,
    Select,
    Table,
    Text,
    cast,
    delete,
    func,
    insert,
    literal,
    select,
)

from recommender.errors import IndexMismatchError
from recommender.filters import TrackAttributes
from recommender.index_vectors import check_embeddings

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import Connection, Engine

    from recommender.filters import PlaylistFilter

_METADATA: Final = MetaData()
# Derived from the catalog and replaced as a whole, hence no part of its schema.
_VECTORS: Final = Table(
    "track_vector",
    _METADATA,
    Column("track_id", BigInteger, primary_key=True, autoincrement=False),
    Column("embedding", ARRAY(REAL), nullable=False),
    Column("genre", Text),
    Column("licence", Text),
    Column("year", Integer),
    Index("ix_track_vector_genre", "genre"),
)
_ORIGIN: Final = Table(
    "track_vector_origin",
    _METADATA,
    Column("model", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("dimension", Integer, nullable=False),
)
_N_PER_INSERT: Final = 1_000


class PostgresVectorIndex:
    """A `VectorIndex` over one PostgreSQL database.

    Args:
        engine: the database; its tables are made where missing.
        model: the embedding model asked for.
    """

    def __init__(self, engine: Engine, *, model: str) -> None:
        if engine.dialect.name != "postgresql":
            raise ValueError(f"expected a PostgreSQL database, got {engine.dialect.name!r}")
        self._engine = engine
        self._model = model
        _METADATA.create_all(engine)

    def replace(
        self,
        track_ids: Sequence[int] | np.ndarray,
        embeddings: np.ndarray,
        *,
        revision: int,
        attributes: TrackAttributes | None = None,
    ) -> None:
        """Replace all embeddings in one transaction: readers see the old ones or the new ones, never a mixture.

        Args:
            track_ids: shape (n,), distinct, >= 0.
            embeddings: shape (n, dimension), unit length.
            revision: revision of the catalog they were read from.
            attributes: what filters look at, row by row; nothing is known where None.

        Raises:
            ValueError: shapes disagree, an id comes twice, or an embedding is no unit vector.
        """
        ids, vectors = np.asarray(track_ids, dtype=np.int64), np.asarray(embeddings, dtype=np.float32)
        check_embeddings(ids, vectors)
        known = attributes or TrackAttributes.build_unknown(len(ids))
        columns = (
            ids.tolist(),
            vectors.tolist(),
            known.genres.to_values(),
            known.licences.to_values(),
            [None if year < 0 else year for year in known.years.tolist()],
        )
        rows = [dict(zip(_VECTORS.columns.keys(), row, strict=True)) for row in zip(*columns, strict=True)]
        with self._engine.begin() as connection:
            connection.execute(delete(_VECTORS))
            connection.execute(delete(_ORIGIN))
            for start in range(0, len(rows), _N_PER_INSERT):
                connection.execute(insert(_VECTORS), rows[start : start + _N_PER_INSERT])
            origin = {"model": self._model, "revision": revision, "dimension": vectors.shape[1]}
            connection.execute(insert(_ORIGIN), [origin])

    def remove(self, track_ids: Collection[int]) -> None:
        """Remove tracks; ids it never knew are no error."""
        with self._engine.begin() as connection:
            connection.execute(delete(_VECTORS).where(_is_among(list(track_ids))))

    def get_revision(self) -> int | None:
        """Return the revision of the catalog it was filled from, None before that."""
        with self._engine.connect() as connection:
            return connection.scalar(select(_ORIGIN.c.revision))

    def __len__(self) -> int:
        with self._engine.connect() as connection:
            return connection.scalar(select(func.count()).select_from(_VECTORS)) or 0

    def search(
        self,
        query: np.ndarray,
        k: int,
        *,
        allowed_ids: np.ndarray | None = None,
        excluded_ids: Collection[int] = (),
        where: PlaylistFilter | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Find the tracks with the largest inner product; as `VectorIndex.search`.

        Raises:
            ValueError: the query has another shape or is not finite, or k is below 1.
            IndexMismatchError: the embeddings are of another model.
        """
        if k < 1:
            raise ValueError(f"k must be at least 1, got {k!r}")
        vector = np.asarray(query, dtype=np.float32)
        with self._engine.connect() as connection:
            dimension = self._check_origin(connection)
            if dimension is None:
                return np.empty(0, np.int64), np.empty(0, np.float32)
            if vector.shape != (dimension,) or not np.isfinite(vector).all():
                raise ValueError(f"query must be finite, of shape ({dimension},), got {query!r}")
            rows = connection.execute(_narrow(_rank(vector, k), allowed_ids, excluded_ids, where)).all()
        ids, similarities = (np.array([row[i] for row in rows]) for i in (0, 1))
        return ids.astype(np.int64), similarities.astype(np.float32)

    def get_embeddings(self, track_ids: Sequence[int] | np.ndarray) -> np.ndarray:
        """Look embeddings up by id; as `VectorIndex.get_embeddings`.

        Raises:
            KeyError: a track is not in the index.
        """
        ids = np.asarray(track_ids, dtype=np.int64).tolist()
        with self._engine.connect() as connection:
            dimension = self._check_origin(connection) or 0
            query = select(_VECTORS.c.track_id, _VECTORS.c.embedding).where(_is_among(ids))
            embedding_by_id = {row[0]: row[1] for row in connection.execute(query)}
        missing = sorted(set(ids) - set(embedding_by_id))
        if missing:
            raise KeyError(f"no such tracks in the index: {missing[:5]}")
        return np.array([embedding_by_id[i] for i in ids], dtype=np.float32).reshape(len(ids), dimension)

    def _check_origin(self, connection: Connection) -> int | None:
        """Return the dimension of the embeddings, None where the store was never filled."""
        origin = connection.execute(select(_ORIGIN.c.model, _ORIGIN.c.dimension)).first()
        if origin is None:
            return None
        if origin.model != self._model:
            raise IndexMismatchError(self._model, origin.model)
        return int(origin.dimension)


def _rank(vector: np.ndarray, k: int) -> Select[Any]:
    # A sum of subscripts is several times as fast as unnesting two arrays. Rounded to float32, ties are those of faiss.
    terms = [
        cast(_VECTORS.c.embedding[i], Double) * literal(float(weight), Double)
        for i, weight in enumerate(vector, start=1)
        if weight
    ]
    similarity = cast(sum(terms[1:], terms[0]) if terms else literal(0.0, Double), REAL).label("similarity")
    return select(_VECTORS.c.track_id, similarity).order_by(similarity.desc(), _VECTORS.c.track_id).limit(k)


def _narrow(
    query: Select[Any],
    allowed_ids: np.ndarray | None,
    excluded_ids: Collection[int],
    where: PlaylistFilter | None,
) -> Select[Any]:
    if allowed_ids is not None:
        query = query.where(_is_among(np.asarray(allowed_ids, dtype=np.int64).tolist()))
    if len(excluded_ids):
        query = query.where(~_is_among([int(track_id) for track_id in excluded_ids]))
    if where is None:
        return query
    for column, names in ((_VECTORS.c.genre, where.genres), (_VECTORS.c.licence, where.licences)):
        if names is not None:
            query = query.where(column.in_([name.casefold().strip() for name in names]))
    if where.first_year is not None:
        query = query.where(_VECTORS.c.year >= where.first_year)
    if where.last_year is not None:
        query = query.where(_VECTORS.c.year <= where.last_year)
    return query


def _is_among(track_ids: list[int]) -> ColumnElement[bool]:
    # One array is one parameter, however many ids.
    return _VECTORS.c.track_id == func.any(literal(track_ids, ARRAY(BigInteger)))
