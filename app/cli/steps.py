"""What commands that need the training libraries share: a bar for each step, and a sentence where they are missing."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Self

import click
from tqdm import tqdm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recognizer.training.clip_quality import ClipQuality


@contextlib.contextmanager
def training_libraries(purpose: str) -> Iterator[None]:
    """Turn a missing library into a sentence.

    Raises:
        click.ClickException: it is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"{purpose} needs {error.name!r}: install it with pip install 'emotitune[train]'"
        ) from error


class StepBar:
    """A progress bar that starts anew with every named step."""

    def __init__(self) -> None:
        self._bar: tqdm[None] | None = None
        self._step = ""

    def __enter__(self) -> Self:
        """Start without a bar; the first step brings one."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the last bar."""
        if self._bar is not None:
            self._bar.close()

    def __call__(self, step: str, n_done: int, n_total: int) -> None:
        """Show how far a step is."""
        # A bar that is switched off, for want of a terminal, does not even know its title.
        if self._bar is None or self._step != step:
            self.__exit__()
            self._bar, self._step = tqdm(desc=step, total=n_total, disable=None), step
        self._bar.update(n_done - self._bar.n)


def describe_quality(quality: ClipQuality) -> str:
    """Say in a line how an exported model does on recordings beside its network."""
    return (
        f"on {quality.n_clips} recordings: UAR {quality.uar_onnx:.3f}, torch {quality.uar_torch:.3f}, "
        f"agreement {quality.agreement:.1%} (it may have been trained on them)"
    )
