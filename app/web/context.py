"""What every view may ask of the application it runs in."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from flask import current_app, request

if TYPE_CHECKING:
    from app.bootstrap import Services

EXTENSION = "emotitune"


def current_services() -> Services:
    """Return the services that `create_app` was given."""
    return cast("Services", current_app.extensions[EXTENSION])


def wants_fragment() -> bool:
    """Tell whether htmx asks for a part of a page."""
    return request.headers.get("HX-Request") == "true"


def wants_json() -> bool:
    """Tell whether the caller prefers JSON to HTML."""
    accepted = request.accept_mimetypes
    return accepted["application/json"] > accepted["text/html"]
