"""What every view of the admin page may ask of the application and of the request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from flask import current_app, request, url_for

if TYPE_CHECKING:
    from werkzeug.datastructures import MultiDict

    from app.bootstrap import Services

EXTENSION: Final = "emotitune_admin"
# Databases know no larger one.
MAX_ID: Final = 2**63 - 1
# Browsers take a backslash for a slash; the last would log out, or lead to the login again.
_MISLEADING: Final = ("\\", "/..", "/admin/log")


def current_services() -> Services:
    """Return the services that `register_admin` was given."""
    return cast("Services", current_app.extensions[EXTENSION])


def wants_fragment() -> bool:
    """Tell whether htmx asks for a part of a page."""
    return request.headers.get("HX-Request") == "true"


def read_ids(values: MultiDict[str, str], name: str = "track_id") -> list[int]:
    """Return the ids that a form or an address holds; what cannot be one is left out."""
    return [track_id for track_id in values.getlist(name, type=int) if 0 < track_id <= MAX_ID]


def to_local_address(text: str | None) -> str:
    """Return an address within the admin page: the one given, or the list of tracks where it leads elsewhere.

    Example:
        >>> to_local_address("/admin/jobs?page=2")
        '/admin/jobs?page=2'
    """
    if text and text.startswith("/admin/") and text.isprintable() and not any(mark in text for mark in _MISLEADING):
        return text
    return url_for("admin.tracks.show_list")
