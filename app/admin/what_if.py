"""What a change would do to playlists, shown beside the button that would make it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, render_template, request

from app.admin.context import current_services, read_ids
from app.admin.track_page import read_place
from app.services.what_if import WhatIf
from catalog.edit_values import EDITABLE_FIELDS
from catalog.errors import InvalidEditError

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

blueprint = Blueprint("what_if", __name__)


@blueprint.post("/what-if")
def show() -> ResponseReturnValue:
    """Say what a form would do, if it were sent; nothing is written.

    The form has `track_id`, once or more, and either `valence` and `arousal`, or `action=delete`, or fields to edit,
    of which those count that differ from `was_` and their name, or that are named in `change`.
    """
    try:
        what_if = _ask()
    except InvalidEditError as error:
        return render_template("admin/_what_if.html", what_if=None, problem=str(error)), 422
    return render_template("admin/_what_if.html", what_if=what_if, problem="")


def _ask() -> WhatIf:
    services = current_services()
    service, track_ids = services.what_if, read_ids(request.form)
    place = read_place(request.form) if "valence" in request.form else None
    if not services.library.index_path.is_file():
        # Nothing serves yet, so nothing would change; a question should not wait for an index to be built.
        return WhatIf((), 0)
    if place and track_ids:
        return service.correct(track_ids[0], *place)
    if request.form.get("action") == "delete":
        return service.delete(track_ids)
    return service.edit(track_ids, _read_fields())


def _read_fields() -> dict[str, str | int | None]:
    form = request.form
    named = set(form.getlist("change"))
    return {
        name: form[name].strip()
        for name in EDITABLE_FIELDS
        if name in form and (name in named or form[name].strip() != form.get(f"was_{name}", form[name]).strip())
    }
