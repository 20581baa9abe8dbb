"""Build the index from the catalog, let it serve if it is no worse than the one that does, and tell how it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import select

from catalog.analysis.embeddings import N_DIMENSIONS
from catalog.models import Listening, Track, TrackEmbedding
from catalog.queries import catalog_revision, count_embeddings, load_embeddings
from recommender.errors import IndexMismatchError, IndexUnreadableError
from recommender.filters import TrackAttributes
from recommender.index import TrackIndex
from recommender.index_check import CatalogSnapshot, sample_queries
from recommender.index_publishing import publish_index, report_index

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sqlalchemy.orm import Session

    from catalog.database import SessionFactory
    from recommender.index_check import IndexReport

# Moods heard lately that a new index is checked with.
N_CHECKED_MOODS = 32


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """How the index stands to the catalog.

    Attributes:
        model: the embedding model it should be built with.
        n_embeddings: tracks the catalog could put into it.
        n_indexed: tracks it holds.
        built_at: when, in UTC, as ISO 8601; None where there is no usable index.
        is_current: whether it was built from the catalog as it is now.
        problem: why it cannot be used; empty if it can.
        report: how it was built and how it did when it was checked; None where there is no usable index.
    """

    path: Path
    model: str
    n_embeddings: int
    n_indexed: int
    built_at: str | None
    is_current: bool
    problem: str
    report: IndexReport | None = None


def build_index(session_factory: SessionFactory, path: Path, model: str) -> IndexReport:
    """Build the index of one model's embeddings beside the one that serves, check it, and swap them.

    Raises:
        IndexRejectedError: the new index is worse than it may be; the old one goes on serving.
    """
    with session_factory() as session:
        # The revision first: what changes while the embeddings are read makes the index old, not wrong.
        revision = catalog_revision(session)
        track_ids, embeddings = load_embeddings(session, model)
        attributes = _load_attributes(session, track_ids, model)
        moods = _load_moods(session)
    if not len(track_ids):
        embeddings = np.empty((0, N_DIMENSIONS), dtype=np.float32)
    catalog = CatalogSnapshot(track_ids, embeddings, model, revision)
    queries = sample_queries(embeddings, moods)
    index = TrackIndex.build(
        track_ids, embeddings, model=model, revision=revision, attributes=attributes, queries=queries
    )
    return publish_index(index, path, catalog, queries)


def read_index_status(session_factory: SessionFactory, path: Path, model: str) -> IndexStatus:
    """Compare the index with the catalog; every byte of it is verified."""
    with session_factory() as session:
        revision, n_embeddings = catalog_revision(session), count_embeddings(session, model)
    try:
        TrackIndex.load(path, model=model)
        report = report_index(path)
    except (IndexUnreadableError, IndexMismatchError) as error:
        return IndexStatus(path, model, n_embeddings, 0, None, is_current=False, problem=str(error))
    return IndexStatus(
        path,
        model,
        n_embeddings,
        report.n_tracks,
        report.built_at.isoformat(timespec="seconds"),
        is_current=report.revision == revision,
        problem="",
        report=report,
    )


def _load_attributes(session: Session, track_ids: np.ndarray, model: str) -> TrackAttributes:
    """Read genre, licence and year in the order of the ids; of a track deleted meanwhile nothing is known."""
    query = select(Track.id, Track.genre, Track.licence, Track.year).join(
        TrackEmbedding, (TrackEmbedding.track_id == Track.id) & (TrackEmbedding.model == model)
    )
    row_by_id = {row.id: row for row in session.execute(query)}
    rows = [row_by_id.get(track_id) for track_id in track_ids.tolist()]
    return TrackAttributes.build(
        [row and row.genre for row in rows], [row and row.licence for row in rows], [row and row.year for row in rows]
    )


def _load_moods(session: Session) -> list[Mapping[str, float]]:
    query = select(Listening.posterior).order_by(Listening.created_at.desc()).limit(N_CHECKED_MOODS)
    return list(session.scalars(query))
