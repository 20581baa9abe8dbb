"""Render the demo library into a folder, going on where an earlier run stopped."""

from __future__ import annotations

import logging
import multiprocessing
import re
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Final

from catalog.demo.moods import PieceSpec, plan_pieces
from catalog.demo.rendering import encode_mp3, render_piece
from catalog.demo.tagging import is_complete, tag_mp3

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

DEMO_SEED: Final = 20260
_PARTIAL_SUFFIX: Final = ".part"
_LOG: Final = logging.getLogger(__name__)


def render_demo_library(
    folder: Path,
    *,
    seed: int = DEMO_SEED,
    on_progress: Callable[[int, int], None] = lambda _n_done, _n_pieces: None,
    n_workers: int = 2,
) -> list[Path]:
    """Render every piece that is not in the folder yet.

    A piece stands under its own name only when it is whole, so the call may be stopped and repeated at any time.

    Args:
        folder: made if it is not there; other files in it are left alone.
        seed: equal seeds give equal music.
        on_progress: called with pieces done and pieces in all, first with what was there already.
        n_workers: processes to render with; 1 renders in this one.

    Returns:
        The files of all pieces, in the library's order.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pieces = plan_pieces(seed)
    paths = [folder / file_name(spec) for spec in pieces]
    for path in paths:
        _partial(path).unlink(missing_ok=True)
    missing = [spec for spec, path in zip(pieces, paths, strict=True) if not is_complete(path, spec, seed)]
    n_done = len(pieces) - len(missing)
    on_progress(n_done, len(pieces))
    for _ in _render_all(missing, folder, seed, n_workers):
        n_done += 1
        on_progress(n_done, len(pieces))
    return paths


def file_name(spec: PieceSpec) -> str:
    """Return the name of a piece's file: its number and its title in plain letters."""
    words = re.sub(r"[^a-z0-9]+", "-", spec.sleeve.title.lower().replace("'", "")).strip("-")
    return f"{spec.number + 1:02d}-{words}.mp3"


def render_file(spec: PieceSpec, folder: Path, seed: int) -> Path:
    """Render one piece into its file, which appears only when it is whole."""
    path = folder / file_name(spec)
    partial = _partial(path)
    try:
        partial.write_bytes(tag_mp3(encode_mp3(render_piece(spec)), spec, seed))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def _partial(path: Path) -> Path:
    return path.with_name(path.name + _PARTIAL_SUFFIX)


def _render_all(missing: Sequence[PieceSpec], folder: Path, seed: int, n_workers: int) -> Iterator[Path]:
    # A daemon process may have no children; it renders alone.
    is_alone = n_workers == 1 or len(missing) <= 1 or multiprocessing.current_process().daemon
    rest = list(missing)
    if not is_alone:
        try:
            yield from _render_in_pool(rest, folder, seed, n_workers)
        except BrokenProcessPool:
            # Killed for memory, or started from a script the workers cannot load again: slower alone than not at all.
            _LOG.warning("the rendering workers died, going on in one process")
    for spec in rest:
        yield render_file(spec, folder, seed)


def _render_in_pool(rest: list[PieceSpec], folder: Path, seed: int, n_workers: int) -> Iterator[Path]:
    """Render pieces side by side, striking each from the list when its file stands."""
    # Spawned workers start clean: forking a process with running threads can deadlock.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(n_workers, len(rest)), mp_context=context) as pool:
        try:
            spec_by_future = {pool.submit(render_file, spec, folder, seed): spec for spec in rest}
            for future in as_completed(spec_by_future):
                path = future.result()
                rest.remove(spec_by_future[future])
                yield path
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
