"""What can stop a recommendation; no HTTP status and no exit code here."""

from __future__ import annotations


class RecommenderError(Exception):
    """Anything that stops a recommendation on purpose."""


class InvalidPosteriorError(RecommenderError):
    """A posterior names unknown labels or is no distribution."""


class IndexUnreadableError(RecommenderError):
    """The index file is missing, corrupt or of another kind."""


class IndexMismatchError(RecommenderError):
    """The index holds embeddings of another model than asked for."""


class EmptyIndexError(RecommenderError):
    """There is no track to recommend."""
