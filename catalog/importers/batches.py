"""Cut a stream into batches, so that memory stays flat and each batch is one transaction."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Large enough that transactions cost little, small enough that a stop or another writer need not wait.
BATCH_SIZE: Final = 200

T = TypeVar("T")


def iter_batches(items: Iterable[T], size: int = BATCH_SIZE) -> Iterator[list[T]]:
    """Yield lists of `size` items, the last one shorter."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
