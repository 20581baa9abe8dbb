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


class ImportRefusedError(ImportSourceError):
    """What should be imported looks like what is left of it, as when a disk is not mounted; nothing was touched."""


class ImportNotFoundError(CatalogError):
    """No import bears this id."""

    def __init__(self, import_id: int) -> None:
        super().__init__(f"no import {import_id!r} in the catalog")
        self.import_id = import_id


class ImportStandsError(CatalogError):
    """An import cannot be rolled back as it is."""

    def __init__(self, import_id: int, status: str) -> None:
        super().__init__(f"expected an import that has ended, and was not rolled back, got one that is {status!r}")
        self.import_id = import_id
        self.status = status


class UnknownChangeError(CatalogError):
    """No change stands under this group id."""

    def __init__(self, group_id: str) -> None:
        super().__init__(f"no change {group_id!r} in the log that could be taken back; perhaps it was already")
        self.group_id = group_id


class UndoBlockedError(CatalogError):
    """A change cannot be taken back, for something later stands on it.

    Attributes:
        blockers: track and entry of the log, of each track the first.
    """

    def __init__(self, group_id: str, blockers: tuple[tuple[int, int], ...], reason: str = "") -> None:
        tracks = ", ".join(f"track {track_id} (change {change_id})" for track_id, change_id in blockers[:5])
        more = f" and {len(blockers) - 5} more" if len(blockers) > 5 else ""  # noqa: PLR2004 - as many as are named
        super().__init__(f"cannot take this back: {reason or 'a later change stands in the way'}: {tracks}{more}")
        self.group_id = group_id
        self.blockers = blockers
        self.reason = reason


class DatabaseUnavailableError(CatalogError):
    """The database is locked, unwritable or not migrated; the message says how to mend it."""


class MusicModelError(CatalogError):
    """A music model that was asked for by name cannot be used."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"cannot use the music model {name!r}: {reason}")
        self.name = name
