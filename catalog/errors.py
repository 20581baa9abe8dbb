"""What the catalog can refuse; no HTTP status and no exit code here."""

from __future__ import annotations


class CatalogError(Exception):
    """Anything the catalog refuses on purpose."""


class TrackNotFoundError(CatalogError):
    """No track bears this id."""

    def __init__(self, track_id: int) -> None:
        super().__init__(f"no track {track_id!r} in the catalog")
        self.track_id = track_id


class UnreadableMusicError(CatalogError):
    """A music file could not be decoded or analyzed."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"cannot read {path!r}: {reason}")
        self.path = path
        self.reason = reason


class InvalidEditError(CatalogError):
    """A track cannot be changed as asked.

    Attributes:
        field: what should be changed.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field


class ImportSourceError(CatalogError):
    """What should be imported is not there or not of the expected layout."""


class DatabaseUnavailableError(CatalogError):
    """The database is locked, unwritable or not migrated; the message says how to mend it."""
