"""Arrays of many lengths, kept in memory-mapped files that several processes may write and read at a time."""

from __future__ import annotations

import fcntl
import json
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from recognizer.training.writing import writing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

# So many clips lie in one file: what a kill can cost.
PART_SIZE = 100
_WAIT_S = 1.0


@dataclass(frozen=True, eq=False)
class Frames:
    """What one clip has in the store.

    Attributes:
        views: arrays (n_frames, ...) alike in all but their first dimension; empty for a clip that was refused.
        reason: why it was refused.
    """

    views: tuple[np.ndarray, ...]
    reason: str = ""


class FrameStore:
    """Reads what `fill_store` wrote: some views of every clip, as views into the mapped files.

    Only reading, so threads and forked workers may share it.
    """

    def __init__(self, folder: Path, n_clips: int) -> None:
        self._parts: list[np.ndarray] = []
        self._bounds: list[list[int]] = []
        self.refused: dict[int, str] = {}
        for first in range(0, n_clips, PART_SIZE):
            facts = json.loads(_facts_path(folder, first).read_text(encoding="utf-8"))
            self._parts.append(np.load(_array_path(folder, first), mmap_mode="r"))
            self._bounds += facts["bounds"]
            self.refused |= {first + int(row): reason for row, reason in facts["refused"].items()}

    def __len__(self) -> int:
        return len(self._bounds)

    def count_views(self, row: int) -> int:
        """Count the views of a clip."""
        return max(0, len(self._bounds[row]) - 1)

    def count_frames(self, row: int, view: int = 0) -> int:
        """Count the frames of a view."""
        return self._bounds[row][view + 1] - self._bounds[row][view]

    def get(self, row: int, view: int = 0) -> np.ndarray:
        """Return one view of a clip, (n_frames, ...), not copied."""
        bounds = self._bounds[row]
        return self._parts[row // PART_SIZE][bounds[view] : bounds[view + 1]]


def fill_store(
    folder: Path,
    n_clips: int,
    compute: Callable[[int], Frames],
    *,
    on_progress: Callable[[int, int], None] = lambda _n_done, _n_total: None,
) -> FrameStore:
    """Compute what a store lacks, side by side with other processes that fill the same one.

    Args:
        folder: of the store.
        n_clips: rows of the store.
        compute: from a row to its frames; whatever it raises ends the filling, finished parts stay.
        on_progress: told how many clips are done and of how many.

    Raises:
        TrainingError: a part cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    firsts = range(0, n_clips, PART_SIZE)
    while lacking := [first for first in firsts if not _facts_path(folder, first).exists()]:
        n_written = 0
        for first in lacking:
            with _claim(folder, first) as is_ours:
                if is_ours and not _facts_path(folder, first).exists():
                    clips = [compute(row) for row in range(first, min(first + PART_SIZE, n_clips))]
                    with writing("what was computed", folder):
                        _write_part(folder, first, clips)
                    n_written += 1
            n_parts = sum(_facts_path(folder, each).exists() for each in firsts)
            on_progress(min(n_parts * PART_SIZE, n_clips), n_clips)
        if not n_written:
            # What is left is in the hands of other processes.
            time.sleep(_WAIT_S)
    return FrameStore(folder, n_clips)


@contextmanager
def _claim(folder: Path, first: int) -> Iterator[bool]:
    """Try to be the only process that works on a part; the claim ends with the process at the latest."""
    with (folder / f"{first:06d}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _write_part(folder: Path, first: int, clips: Sequence[Frames]) -> None:
    """Write the arrays, then the facts: a part with facts is whole."""
    views = [view for clip in clips for view in clip.views]
    joined = np.concatenate(views) if views else np.empty((0,), np.float16)
    ends = iter(np.cumsum([0, *map(len, views)]).tolist())
    end = next(ends)
    bounds = []
    for clip in clips:
        bounds.append([end] if clip.views else [])
        for _ in clip.views:
            end = next(ends)
            bounds[-1].append(end)
    refused = {row: clip.reason for row, clip in enumerate(clips) if not clip.views}
    temporary = folder / f"{first:06d}.part.npy"
    np.save(temporary, joined)
    temporary.replace(_array_path(folder, first))
    temporary = folder / f"{first:06d}.part.json"
    temporary.write_text(json.dumps({"bounds": bounds, "refused": refused}), encoding="utf-8")
    temporary.replace(_facts_path(folder, first))


def _array_path(folder: Path, first: int) -> Path:
    return folder / f"{first:06d}.npy"


def _facts_path(folder: Path, first: int) -> Path:
    return folder / f"{first:06d}.json"
