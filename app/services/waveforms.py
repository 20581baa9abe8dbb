"""Outlines of tracks for the player, read from the file once and kept beside the catalog."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.analysis.peaks import N_PEAKS, read_peaks
from catalog.errors import UnreadableMusicError

if TYPE_CHECKING:
    from app.services.library import LibraryService


class WaveformService:
    """Hand out outlines.

    Args:
        library: knows the files.
        folder: where outlines are kept; it may be emptied at any time.
    """

    def __init__(self, library: LibraryService, folder: Path) -> None:
        self._library = library
        self._folder = folder

    def get_peaks(self, track_id: int) -> bytes:
        """Return a track's outline, `catalog.analysis.peaks.N_PEAKS` bytes, 255 for its loudest moment.

        Raises:
            TrackNotFoundError: no track bears this id.
            UnreadableMusicError: the track has no file here, or one that cannot be decoded.
        """
        track = self._library.get_track(track_id)
        if not track.path:
            raise UnreadableMusicError(track.url or track.title, "expected a file on this server")
        path = Path(track.path)
        kept = self._folder / self._name(path)
        if kept.is_file() and kept.stat().st_size == N_PEAKS:
            return kept.read_bytes()
        peaks = read_peaks(path).tobytes()
        self._keep(kept, peaks)
        return peaks

    def _name(self, path: Path) -> str:
        """Name an outline after its file as it is now, so that a changed file gets a new one."""
        try:
            found = path.stat()
        except OSError as error:
            raise UnreadableMusicError(str(path), error.strerror or str(error)) from error
        text = f"{path}\0{found.st_size}\0{found.st_mtime_ns}"
        return f"{hashlib.sha256(text.encode('utf-8', 'surrogateescape')).hexdigest()[:32]}.peaks"

    def _keep(self, path: Path, peaks: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=self._folder)
        with os.fdopen(descriptor, "wb") as file:
            file.write(peaks)
        Path(name).replace(path)
