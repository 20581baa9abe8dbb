"""Tracks that may be one piece, side by side; one click makes one of them, another says that they are not."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for

from app.admin.bulk_edit import flash_undo
from app.admin.context import MAX_ID, current_services, read_ids
from app.admin.guard import who
from app.admin.wording import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask.typing import ResponseReturnValue

    from app.services.curation_facts import TrackDetails
    from catalog.queries import TrackFacts

blueprint = Blueprint("duplicates", __name__)

PAGE_SIZE: Final = 10
# Comparing a large catalog takes a while: what was found serves on, until somebody looks again, or for this long.
_FRESH_FOR_S: Final = 300.0
_FOUND: Final = "emotitune_duplicates"
# What speaks for keeping one copy rather than another.
_TOLD_FIELDS: Final = ("artist", "album", "genre", "year", "licence", "attribution", "musicbrainz_id", "cover_hash")

FoundGroup = tuple[tuple[int, ...], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Copy:
    """One of several tracks that may be one piece."""

    track: TrackFacts
    details: TrackDetails


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """Tracks that may be one piece.

    Attributes:
        reasons: see `catalog.duplicates.DuplicateGroup`.
        suggested_id: the copy of which most is known.
    """

    copies: tuple[Copy, ...]
    reasons: tuple[str, ...]
    suggested_id: int


@blueprint.get("/duplicates")
def show_list() -> ResponseReturnValue:
    """Show groups of tracks that may be one piece."""
    groups = _find_groups()
    n_pages = max(1, math.ceil(len(groups) / PAGE_SIZE))
    page = min(max(request.args.get("page", 1, type=int), 1), n_pages)
    shown = [_show(*group) for group in groups[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]]
    return render_template(
        "admin/duplicates.html",
        # Copies may have gone since they were found.
        groups=[group for group in shown if len(group.copies) > 1],
        n_groups=len(groups),
        page=page,
        n_pages=n_pages,
    )


@blueprint.post("/duplicates/look")
def look_again() -> ResponseReturnValue:
    """Compare all tracks anew."""
    current_app.extensions.pop(_FOUND, None)
    return redirect(url_for(".show_list"), code=303)


@blueprint.post("/duplicates/merge")
def merge() -> ResponseReturnValue:
    """Make one track of a group.

    Raises:
        TrackNotFoundError: one of them is gone.
    """
    keep_id = request.form.get("keep", 0, type=int)
    drop_ids = [track_id for track_id in read_ids(request.form) if track_id != keep_id]
    page = request.form.get("page", type=int)
    if not drop_ids or not 0 < keep_id <= MAX_ID:
        flash("Choose which one to keep, and at least one other to merge into it.")
        return redirect(url_for(".show_list", page=page), code=303)
    result = current_services().curation.merge(keep_id, drop_ids, who=who())
    kept = current_services().library.get_track(keep_id)
    flash_undo(f"{count(len(drop_ids), 'copy').replace('copys', 'copies')} merged into “{kept.title}”.", result)
    _forget({keep_id, *drop_ids})
    return redirect(url_for(".show_list", page=page), code=303)


@blueprint.post("/duplicates/distinct")
def distinguish() -> ResponseReturnValue:
    """Note that the tracks of a group are different pieces: they are not shown together again.

    Raises:
        TrackNotFoundError: one of them is gone.
    """
    track_ids = read_ids(request.form)
    page = request.form.get("page", type=int)
    if len(set(track_ids)) < 2:  # noqa: PLR2004 - a pair
        flash("Choose two tracks at least to tell apart.")
        return redirect(url_for(".show_list", page=page), code=303)
    result = current_services().curation.distinguish(track_ids, who=who())
    flash_undo(f"{count(len(set(track_ids)), 'track')} told apart; they are not shown as copies again.", result)
    _forget(set(track_ids))
    return redirect(url_for(".show_list", page=page), code=303)


def _find_groups() -> list[FoundGroup]:
    found = cast("tuple[float, int, list[FoundGroup]] | None", current_app.extensions.get(_FOUND))
    revision = current_services().library.get_revision()
    if found and (found[1] == revision or time.monotonic() - found[0] < _FRESH_FOR_S):
        return found[2]
    groups = [(group.track_ids, group.reasons) for group, _tracks in current_services().curation.find_duplicates()]
    current_app.extensions[_FOUND] = (time.monotonic(), revision, groups)
    return groups


def _forget(track_ids: set[int]) -> None:
    found = cast("tuple[float, int, list[FoundGroup]] | None", current_app.extensions.get(_FOUND))
    if found:
        left = [group for group in found[2] if not track_ids & set(group[0])]
        current_app.extensions[_FOUND] = (*found[:2], left)


def _show(track_ids: Sequence[int], reasons: tuple[str, ...]) -> ShownGroup:
    services = current_services()
    details = services.curation.read_details(track_ids)
    copies = tuple(
        Copy(track, details[track.track_id])
        for track in services.library.get_tracks(track_ids)
        if track.track_id in details
    )
    best = max(copies, key=_tell_worth, default=None)
    return ShownGroup(copies, reasons, best.track.track_id if best else 0)


def _tell_worth(copy: Copy) -> tuple[bool, int, int, int]:
    """Order copies: a curator's work first, then what is known, then the larger file, then the older row."""
    n_told = sum(bool(getattr(copy.track, name)) for name in _TOLD_FIELDS) + len(copy.details.tags)
    is_worked_on = copy.track.is_corrected or bool(copy.details.edited_fields)
    return is_worked_on, n_told, copy.details.size_bytes or 0, -copy.track.track_id
