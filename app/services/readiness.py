"""What is ready to serve and what is missing, each in a sentence that says how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from catalog.errors import DatabaseUnavailableError
from recognizer.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.services.library import LibraryService
    from recognizer.inference import EmotionRecognizer


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that serving needs."""

    name: str
    ok: bool
    message: str


class ReadinessService:
    """Look at database, catalog, index and recognizer without changing any of them.

    Args:
        library: knows catalog and index.
        get_recognizer: loads the recognizer, or says why it cannot.
    """

    def __init__(self, library: LibraryService, get_recognizer: Callable[[], EmotionRecognizer]) -> None:
        self._library = library
        self._get_recognizer = get_recognizer

    def check(self) -> tuple[Check, ...]:
        """Return every check, in the order in which to mend them."""
        return (*self._check_database(), self._check_recognizer())

    def _check_database(self) -> Iterator[Check]:
        try:
            n_by_status = self._library.count_by_status()
            index = self._library.index_status()
        except DatabaseUnavailableError as error:
            yield Check("database", ok=False, message=str(error))
            return
        yield Check("database", ok=True, message=f"{sum(n_by_status.values())} tracks")
        n_analyzed, n_pending = n_by_status.get("analyzed", 0), n_by_status.get("pending", 0)
        yield Check("catalog", ok=n_analyzed > 0, message=_describe_catalog(n_analyzed, n_pending))
        if index.problem:
            # The next recommendation builds it; nothing to mend by hand.
            yield Check("index", ok=n_analyzed > 0, message="it will be built with the next playlist")
        else:
            state = "current" if index.is_current else "older than the catalog, a new one is being built"
            yield Check("index", ok=True, message=f"{index.n_indexed} tracks, {state}")

    def _check_recognizer(self) -> Check:
        try:
            recognizer = self._get_recognizer()
        except BundleError as error:
            return Check("recognizer", ok=False, message=str(error))
        return Check("recognizer", ok=True, message=recognizer.model)


def _describe_catalog(n_analyzed: int, n_pending: int) -> str:
    if n_analyzed:
        return f"{n_analyzed} tracks can be played" + (f", {n_pending} wait for analysis" if n_pending else "")
    if n_pending:
        return f"{n_pending} tracks wait for analysis; `emotitune worker` or `emotitune catalog analyze` does it"
    return "there is no music yet; import a folder on the admin page or with `emotitune catalog import folder PATH`"
