"""Write what a training leaves so that a full disk is named and nothing half written is ever taken for whole."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from safetensors import SafetensorError

from recognizer.training.errors import TrainingError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def writing(what: str, folder: Path) -> Iterator[None]:
    """Name what could not be written, and the folder: the system's own message often names no file.

    Raises:
        TrainingError: for want of room, or because the folder cannot be written to.
    """
    try:
        yield
    except (OSError, SafetensorError) as error:
        raise TrainingError(f"cannot write {what} to {str(folder)!r}: {error}") from error


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a neighbor to write to, which takes the file's place if all goes well and else goes away."""
    neighbor = path.with_name(f"{path.name}.part")
    try:
        yield neighbor
        neighbor.replace(path)
    finally:
        neighbor.unlink(missing_ok=True)
