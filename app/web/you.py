"""What we learned: agree, read it, take it along, forget parts of it, or all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, jsonify, redirect, request, url_for

from app.web import consent
from app.web.context import current_services, wants_fragment
from app.web.errors import BadRequestError
from app.web.forms import read_local_path
from app.web.music import describe_learning
from app.web.pages import render_private

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as BaseResponse

blueprint = Blueprint("you", __name__)


@blueprint.get("/you")
def show() -> Response:
    """Show what was learned, or what would be."""
    listener_id = consent.find_listener_id()
    learned = current_services().own_data.describe(listener_id) if listener_id else None
    return render_private("you.html", learned=learned)


@blueprint.post("/you/agree")
def agree() -> BaseResponse:
    """Begin to learn from a listener who says so."""
    consent.remember(current_services().listeners.get_or_create(consent.find_listener_id()))
    return _go_back()


@blueprint.post("/you/forget")
def forget() -> BaseResponse:
    """Forget a part of what was learned.

    Raises:
        BadRequestError: there is no such part.
    """
    own_data, part = current_services().own_data, request.form.get("part")
    parts = {"taste": own_data.forget_taste, "moods": own_data.forget_moods, "voice": own_data.forget_voice}
    if part not in parts:
        raise BadRequestError(f"expected one of {', '.join(parts)}, got {part!r}")
    if listener_id := consent.find_listener_id():
        parts[part](listener_id)
    return redirect(url_for(".show"), 303)


@blueprint.post("/you/delete")
def delete() -> BaseResponse:
    """Stop learning and delete all that was learned."""
    if listener_id := consent.find_listener_id():
        current_services().listeners.delete(listener_id)
    consent.forget()
    return _go_back()


@blueprint.get("/you/export.json")
def export() -> BaseResponse:
    """Hand out all that is kept of the listener."""
    listener_id = consent.find_listener_id()
    if listener_id is None:
        return redirect(url_for(".show"))
    response = jsonify(current_services().own_data.export(listener_id))
    response.headers["Content-Disposition"] = 'attachment; filename="emotitune-you.json"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _go_back() -> BaseResponse:
    """Return to the page that asked; within a page, show its line anew and let the playlist follow."""
    page_url = read_local_path(request.form.get("next"))
    if not wants_fragment():
        return redirect(page_url, 303)
    response = render_private("_learning.html", **describe_learning(page_url))
    response.headers["HX-Trigger"] = "learning-changed"
    return response
