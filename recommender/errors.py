"""What can stop a recommendation; no HTTP status and no exit code here."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class RecommenderError(Exception):
    """Anything that stops a recommendation on purpose."""


class InvalidPosteriorError(RecommenderError):
    """A posterior names unknown labels or is no distribution."""


class IndexUnreadableError(RecommenderError):
    """The index file is missing, corrupt or of another kind.

    Attributes:
        path: the file.
        reason: what was expected and what came.
    """

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"cannot read the track index {str(path)!r}: {reason}; rebuild it from the catalog")
        self.path = path
        self.reason = reason


class IndexMismatchError(RecommenderError):
    """The index holds embeddings of another model than asked for.

    Attributes:
        expected: the model asked for.
        found: the model the index was built with.
    """

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(
            f"expected a track index built with embedding model {expected!r}, got one built with {found!r}; "
            "rebuild it from the catalog"
        )
        self.expected = expected
        self.found = found


class EmptyIndexError(RecommenderError):
    """There is no track to recommend."""

    def __init__(self) -> None:
        super().__init__("expected at least one track in the index, got none; import and analyze some music first")


class EvaluationDataError(RecommenderError):
    """The data of an evaluation is missing or not what its protocol needs."""


class IndexRejectedError(RecommenderError):
    """A new index failed its check, so the old one goes on serving.

    Attributes:
        path: where the index would have gone.
        reasons: what was expected and what came, one sentence each.
    """

    def __init__(self, path: Path, reasons: tuple[str, ...]) -> None:
        super().__init__(f"the new track index was not put at {str(path)!r}: {'; '.join(reasons)}")
        self.path = path
        self.reasons = reasons


class TasteUnreadableError(RecommenderError):
    """What was stored of a listener's taste or moods cannot be used any more; learn it anew."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"cannot read what was learned of a listener: {reason}; learn it anew from their feedback")
        self.reason = reason
