"""Words and figures as the admin page writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from app.services.accounts import ADMINISTRATOR, CURATOR
from app.services.jobs import JobKind
from catalog.models import ImportStatus, JobStatus, TrackStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.services.jobs import JobFacts

TRACK_STATUS_WORDS: Final[Mapping[str, str]] = {
    TrackStatus.ANALYZED: "Ready",
    TrackStatus.PENDING: "Waiting",
    TrackStatus.FAILED: "Failed",
}

JOB_STATUS_WORDS: Final[Mapping[str, str]] = {
    JobStatus.QUEUED: "Waiting",
    JobStatus.RUNNING: "Running",
    JobStatus.PAUSED: "Paused",
    JobStatus.DONE: "Done",
    JobStatus.FAILED: "Failed",
    JobStatus.CANCELLED: "Cancelled",
}

IMPORT_STATUS_WORDS: Final[Mapping[str, str]] = {
    ImportStatus.RUNNING: "Running",
    ImportStatus.DONE: "Done",
    ImportStatus.FAILED: "Failed",
    ImportStatus.CANCELLED: "Stopped",
    ImportStatus.ROLLED_BACK: "Rolled back",
}

ROLE_WORDS: Final[Mapping[str, str]] = {CURATOR: "Curator", ADMINISTRATOR: "Administrator"}

IMPORTER_WORDS: Final[Mapping[str, str]] = {
    "folder": "A folder of music",
    "csv": "A CSV table",
    "jsonl": "JSON lines",
    "m3u": "An M3U playlist",
    "xspf": "An XSPF playlist",
    "jspf": "A JSPF playlist",
    "mtg-jamendo": "The MTG-Jamendo list",
    "incompetech": "The Incompetech list",
    "freemusi": "The freemusi.cc list",
}

_JOB_WORDS: Final[Mapping[str, str]] = {
    JobKind.ANALYZE: "Analyze what waits",
    JobKind.UPGRADE: "Analyze again by the newest model",
    JobKind.REBUILD: "Rebuild the index",
}


_CHANGE_VERBS: Final[Mapping[str, str]] = {
    JobKind.EDIT: "Edit",
    JobKind.DELETE: "Delete",
    JobKind.UNDO: "Take back a change of",
}


def describe_job(job: JobFacts) -> str:
    """Say what a job does."""
    path = str(job.arguments.get("path", ""))
    if path:
        return f"Import {PurePath(path).name or path}"
    verb = _CHANGE_VERBS.get(job.kind)
    return f"{verb} {count(job.arguments['n_tracks'], 'track')}" if verb else _JOB_WORDS.get(job.kind, job.kind)


def count(n: int, noun: str) -> str:
    """Count things in words.

    Example:
        >>> count(1, "track"), count(1200, "track")
        ('1 track', '1,200 tracks')
    """
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def format_signed(value: float | None) -> str:
    """Write a value within [-1, 1] with its sign, with a true minus; a dash where it is unknown.

    Example:
        >>> format_signed(-0.321), format_signed(0.5), format_signed(None)
        ('−0.32', '+0.50', '–')
    """  # noqa: RUF002 - typographic signs
    return "–" if value is None else f"{round(value, 2) + 0.0:+.2f}".replace("-", "−")  # noqa: RUF001 - typographic signs


def format_size(n_bytes: int | None) -> str:
    """Write the size of a file; empty where it is unknown.

    Example:
        >>> format_size(3_500_000), format_size(900)
        ('3.5 MB', '900 bytes')
    """
    if n_bytes is None:
        return ""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n_bytes >= size:
            return f"{n_bytes / size:.1f} {unit}"
    return f"{n_bytes} bytes"


def format_seconds(seconds: float | None) -> str:
    """Write how long something will take, roughly; empty where it is unknown.

    Example:
        >>> format_seconds(42.4), format_seconds(3700)
        ('42 s', '1 h 2 min')
    """
    if seconds is None:
        return ""
    minutes, left = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minutes} min"
    return f"{minutes} min {left} s" if minutes else f"{left} s"


def find_leading_mood(shares: Mapping[str, float] | None) -> str | None:
    """Return the label with the largest share, None before the analysis."""
    return max(shares, key=lambda label: shares[label]) if shares else None


def format_moment(moment: datetime | str | None) -> str:
    """Write a moment, given as such or as ISO 8601, to the minute in UTC; empty where there is none."""
    if not moment:
        return ""
    read = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return f"{read.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def format_duration(start: datetime | None, end: datetime | None) -> str:
    """Write how long something took.

    Example:
        >>> format_duration(datetime(2026, 1, 1, 9, 0), datetime(2026, 1, 1, 9, 2, 5))
        '2 min 5 s'
    """
    if start is None or end is None:
        return ""
    minutes, seconds = divmod(max(0, round((end - start).total_seconds())), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (seconds, "s")]
    return " ".join(f"{n} {unit}" for n, unit in parts if n) or "less than a second"
