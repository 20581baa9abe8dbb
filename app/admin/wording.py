"""Words and figures as the admin page writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from app.services.jobs import JobKind
from catalog.models import JobStatus, TrackStatus

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
    JobStatus.DONE: "Done",
    JobStatus.FAILED: "Failed",
    JobStatus.CANCELLED: "Cancelled",
}

_JOB_WORDS: Final[Mapping[str, str]] = {
    JobKind.ANALYZE: "Analyze what waits",
    JobKind.REBUILD: "Rebuild the index",
}


def describe_job(job: JobFacts) -> str:
    """Say what a job does."""
    path = str(job.arguments.get("path", ""))
    if path:
        return f"Import {PurePath(path).name or path}"
    return _JOB_WORDS.get(job.kind, job.kind)


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
    return "–" if value is None else f"{value:+.2f}".replace("-", "−")  # noqa: RUF001 - typographic signs


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
