"""What a change would do to playlists, shown beside the button that would make it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, render_template, request

from app.admin.bulk_edit import read_edit
from app.admin.context import current_services
from app.admin.selection import Selection
from app.admin.track_page import read_changes, read_place
from app.services.what_if import WhatIf
from catalog.errors import InvalidEditError

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

blueprint = Blueprint("what_if", __name__)


@blueprint.post("/what-if/<any(place, fields, bulk, delete):kind>")
def show(kind: str) -> ResponseReturnValue:
    """Say what a form would do, if it were sent; nothing is written.

    Args:
        kind: which form: a place in the plane, one track's fields, the fields of many, or their deletion.
    """
    try:
        what_if = _ask(kind)
    except InvalidEditError as error:
        return render_template("admin/_what_if.html", what_if=None, problem=str(error)), 422
    return render_template("admin/_what_if.html", what_if=what_if, problem="")


def _ask(kind: str) -> WhatIf:
    services, form = current_services(), request.form
    service = services.what_if
    place = read_place(form) if kind == "place" else None
    track_ids = _list_chosen()
    if not track_ids or not services.library.index_path.is_file():
        # Where nothing serves yet, nothing would change; a question should not wait for an index to be built.
        return WhatIf((), 0)
    if place:
        return service.correct(track_ids[0], *place)
    if kind == "delete":
        return service.delete(track_ids)
    return service.edit(track_ids, read_edit(form).fields if kind == "bulk" else read_changes(form))


def _list_chosen() -> list[int]:
    which = Selection.from_values(request.form).which
    return which if isinstance(which, list) else current_services().curation.list_track_ids(which)
