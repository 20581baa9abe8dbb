"""The index that playlists come from: how it stands to the catalog, and what became of the last one built."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flask import Blueprint, render_template

from app.admin.context import current_services
from recommender.index_check import MAX_RECALL_LOSS, MIN_RECALL
from recommender.index_publishing import find_rejection

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

blueprint = Blueprint("index", __name__)

_SIZES = ((1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB"))


@blueprint.get("/index")
def show() -> ResponseReturnValue:
    """Show model, kind, size, age and recall of the index, and why a newer one was refused."""
    library = current_services().library
    status = library.index_status()
    age_s = status.report.compute_age_s(datetime.now(UTC)) if status.report else None
    return render_template(
        "admin/index.html",
        index=status,
        report=status.report,
        age=format_age(age_s) if age_s is not None else "",
        size=format_size(status.report.n_bytes) if status.report else "",
        rejection=find_rejection(library.index_path),
        min_recall=MIN_RECALL,
        max_recall_loss=MAX_RECALL_LOSS,
        n_by_status=library.count_by_status(),
    )


def format_age(age_s: float) -> str:
    """Say how long ago something was.

    Example:
        >>> format_age(30), format_age(7300), format_age(200_000)
        ('less than a minute', '2 hours', '2 days')
    """
    for size_s, word in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if age_s >= size_s:
            n = int(age_s // size_s)
            return f"{n} {word}" if n == 1 else f"{n} {word}s"
    return "less than a minute"


def format_size(n_bytes: int) -> str:
    """Write a size.

    Example:
        >>> format_size(812), format_size(14_000_000)
        ('812 bytes', '13.4 MB')
    """
    for size, word in _SIZES:
        if n_bytes >= size:
            return f"{n_bytes / size:.1f} {word}"
    return f"{n_bytes} bytes"
