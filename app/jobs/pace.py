"""How fast a job goes at present."""

from __future__ import annotations

from collections import deque
from typing import Final

# Long enough to even out short and long files, short enough to notice that the disk got slower.
_WINDOW_S: Final = 30.0


class Pace:
    """Measure a rate over the last half minute."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def measure(self, n_done: int, now_s: float) -> float | None:
        """Note how much is done, and return how much is done a second; None until that can be told.

        Args:
            n_done: since the beginning.
            now_s: a clock that never goes back.

        Example:
            >>> pace = Pace()
            >>> pace.measure(0, 10.0), pace.measure(6, 12.0)
            (None, 3.0)
        """
        self._seen.append((now_s, n_done))
        # One older than the window stays: it is where the window begins.
        while len(self._seen) > 1 and now_s - self._seen[1][0] >= _WINDOW_S:
            self._seen.popleft()
        then_s, n_then = self._seen[0]
        return (n_done - n_then) / (now_s - then_s) if now_s > then_s else None
