"""The log of all changes: who did what and when, what stood before and what after, and the way back."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from flask import Blueprint, flash, redirect, render_template, request, url_for

from app.admin.context import MAX_ID, current_services, to_local_address
from app.admin.guard import who
from app.admin.wording import count
from app.services.jobs import JobFacts
from catalog.history import ChangeAction, ChangeFilter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask.typing import ResponseReturnValue

blueprint = Blueprint("audit", __name__)

PAGE_SIZE: Final = 50
_MAX_PAGE: Final = 1_000_000
_MAX_LENGTH: Final = 254


@blueprint.get("/changes")
def show_list() -> ResponseReturnValue:
    """Show the newest changes that the address asks for."""
    wanted = read_filter(request.args)
    page = min(max(request.args.get("page", 1, type=int), 1), _MAX_PAGE)
    found = current_services().curation.list_changes(wanted, limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE)
    tracks = current_services().library.get_tracks([c.track_id for c in found.changes if c.track_id is not None])
    return render_template(
        "admin/changes.html",
        wanted=wanted,
        changes=found.changes,
        n_total=found.n_total,
        page=page,
        n_pages=max(1, math.ceil(found.n_total / PAGE_SIZE)),
        track_by_id={track.track_id: track for track in tracks},
        address=write_filter(wanted),
    )


@blueprint.post("/undo")
def undo() -> ResponseReturnValue:
    """Take a change back.

    Raises:
        UnknownChangeError: no such change stands.
        UndoBlockedError: something later stands on it.
        ChangeUnderWayError: a job still writes it.
    """
    report = current_services().bulk_changes.undo(request.form.get("group_id", ""), who=who())
    if isinstance(report, JobFacts):
        return redirect(url_for("admin.jobs.show_job", job_id=report.job_id), code=303)
    flash(f"Taken back: {count(report.n_changes, 'change')}.", f"redo:{report.group_id}")
    return redirect(to_local_address(request.form.get("back")), code=303)


def read_filter(args: Mapping[str, str]) -> ChangeFilter:
    """Read which changes an address means; what cannot be read filters nothing."""
    action = args.get("action", "")
    return ChangeFilter(
        who=args.get("who", "").strip()[:_MAX_LENGTH] or None,
        action=action if action in set(ChangeAction) else None,
        track_id=_read_id(args.get("track", "")),
        import_id=_read_id(args.get("import", "")),
        group_id=args.get("group", "")[:_MAX_LENGTH] or None,
    )


def write_filter(wanted: ChangeFilter) -> dict[str, str | int | None]:
    """Write the address that means these changes."""
    return {
        "who": wanted.who,
        "action": wanted.action,
        "track": wanted.track_id,
        "import": wanted.import_id,
        "group": wanted.group_id,
    }


def _read_id(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 and 0 < int(text) <= MAX_ID else None  # noqa: PLR2004 - digits
