"""From a new index to the one that serves: written beside the old one, checked, then put in its place at once."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from recommender.errors import IndexRejectedError, IndexUnreadableError
from recommender.index import TrackIndex
from recommender.index_check import IndexReport, check_index
from recommender.index_file import read_footer, rewrite_metadata, sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np

    from recommender.index_check import CatalogSnapshot
    from recommender.index_file import IndexMetadata


@dataclass(frozen=True, slots=True)
class IndexRejection:
    """What became of the last index that was built, where it was refused.

    Attributes:
        at: when, in UTC.
        reasons: what was expected and what came, one sentence each.
        n_tracks: how many tracks it held.
        revision: of the catalog it was built from.
    """

    at: datetime
    reasons: tuple[str, ...]
    n_tracks: int
    revision: int


def publish_index(index: TrackIndex, path: Path, catalog: CatalogSnapshot, queries: np.ndarray) -> IndexReport:
    """Check a new index and let it serve.

    It is read back from its own file before it takes the old one's name. A crash at any moment leaves the old index;
    what it leaves besides is removed by the next call. Readers keep the file they mapped.

    Args:
        index: the new one.
        path: where the index that serves lies, or will.
        catalog: what the index was built from.
        queries: shape (n, dimension), such as listeners ask.

    Raises:
        IndexRejectedError: it holds other tracks than the catalog, is of another model or revision, or misses too much
            of what exact search finds.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _lock_beside(path):
        for litter in path.parent.glob(f".{path.name}.*"):
            litter.unlink()
        candidate = path.with_name(f"{path.name}.candidate")
        try:
            index.save(candidate)
            _check(candidate, path, catalog, queries)
            candidate.replace(path)
            _note_beside(path).unlink(missing_ok=True)
        finally:
            candidate.unlink(missing_ok=True)
        sync_folder(path.parent)
        return report_index(path)


def report_index(path: Path) -> IndexReport:
    """Report on an index without opening it.

    Raises:
        IndexUnreadableError: the file is missing, cut short or of another kind.
    """
    footer = read_footer(path)
    return IndexReport.from_metadata(footer.metadata, path.stat().st_size)


def find_rejection(path: Path) -> IndexRejection | None:
    """Return why the last new index was refused; None where it was not, and serves."""
    try:
        found = json.loads(_note_beside(path).read_text(encoding="utf-8"))
        at, reasons = datetime.fromisoformat(found["at"]), tuple(map(str, found["reasons"]))
        return IndexRejection(at, reasons, int(found["n_tracks"]), int(found["revision"]))
    except (FileNotFoundError, KeyError, TypeError, ValueError):
        return None


def _check(candidate: Path, path: Path, catalog: CatalogSnapshot, queries: np.ndarray) -> None:
    index = TrackIndex.load(candidate)
    check = check_index(index, catalog, queries, serving=_read_serving(path))
    if check.problems:
        _write_rejection(path, check.problems, index.metadata)
        raise IndexRejectedError(path, check.problems)
    found = replace(index.metadata, recall_at_10=check.recall_at_10, recall_at_100=check.recall_at_100)
    rewrite_metadata(candidate, found)


def _write_rejection(path: Path, reasons: tuple[str, ...], metadata: IndexMetadata) -> None:
    note = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "reasons": reasons,
        "n_tracks": metadata.n_tracks,
        "revision": metadata.revision,
    }
    _note_beside(path).write_text(json.dumps(note), encoding="utf-8")


def _note_beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.rejected.json")


def _read_serving(path: Path) -> IndexMetadata | None:
    """Read what the old index says of itself; one that is missing or damaged sets no standard."""
    try:
        return read_footer(path, verify=True).metadata
    except IndexUnreadableError:
        return None


@contextlib.contextmanager
def _lock_beside(path: Path) -> Iterator[None]:
    """Let one process at a time publish; the system gives the lock back when its holder dies."""
    descriptor = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
