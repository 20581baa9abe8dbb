"""Progress on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tqdm import tqdm

if TYPE_CHECKING:
    from collections.abc import Callable


class progress_bar:  # noqa: N801 - reads as the function it stands for
    """Show progress on the terminal; calls give how many are done, and of how many where that is known."""

    def __init__(self, title: str) -> None:
        self._bar = tqdm(desc=title, unit="", leave=False, disable=None, bar_format="{desc}: {n_fmt}/{total_fmt} {bar}")

    def __enter__(self) -> Callable[[int, int | None], None]:
        """Start the bar."""
        return self._show

    def __exit__(self, *_: object) -> None:
        """Take the bar away."""
        self._bar.close()

    def _show(self, n_done: int, n_total: int | None) -> None:
        self._bar.total = n_total
        self._bar.update(n_done - self._bar.n)
