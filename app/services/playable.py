"""Which tracks can be played now: files may be gone from disk, or the disk from the machine."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from catalog.queries import TrackFacts

# A drive that is mounted again is noticed after this long.
REMEMBERED_S: Final = 60.0


class PlayableTracks:
    """Look for the tracks' files, and remember for a while which are gone; safe to share between threads.

    Args:
        get_time_s: a clock that never goes back.
    """

    def __init__(self, get_time_s: Callable[[], float] = time.monotonic) -> None:
        self.get_time_s = get_time_s
        self._found_gone_s: dict[int, float] = {}
        self._lock = threading.Lock()

    def remember_gone(self) -> frozenset[int]:
        """Return the tracks found gone a moment ago, as far as is remembered."""
        oldest_s = self.get_time_s() - REMEMBERED_S
        with self._lock:
            self._found_gone_s = {track_id: at_s for track_id, at_s in self._found_gone_s.items() if at_s >= oldest_s}
            return frozenset(self._found_gone_s)

    def find_gone(self, tracks: Iterable[TrackFacts]) -> set[int]:
        """Look for the files of tracks and return the ids of those that cannot be played."""
        gone = {facts.track_id for facts in tracks if not _is_playable(facts)}
        now_s = self.get_time_s()
        with self._lock:
            self._found_gone_s |= dict.fromkeys(gone, now_s)
        return gone


def _is_playable(facts: TrackFacts) -> bool:
    return bool(facts.url) or (facts.path is not None and Path(facts.path).is_file())
