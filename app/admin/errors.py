"""How errors look on the admin page: in words, within its own frame.

Only what the rest of the application answers otherwise stands here; anything else goes to its handlers.
"""

from __future__ import annotations

import http
from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response, make_response, render_template
from flask_login import AnonymousUserMixin
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from app.admin.context import wants_fragment
from app.services.errors import ChangeUnderWayError, JobNotFoundError, JobStateError
from catalog.errors import (
    DatabaseUnavailableError,
    ImportNotFoundError,
    ImportStandsError,
    TrackNotFoundError,
    UndoBlockedError,
    UnknownChangeError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMED: Final[Mapping[type[Exception], tuple[int, str]]] = {
    TrackNotFoundError: (404, "This track is no longer in the catalog"),
    JobNotFoundError: (404, "There is no such job"),
    JobStateError: (409, "This job cannot be tried again"),
    ImportNotFoundError: (404, "There is no such import"),
    ImportStandsError: (409, "This import cannot be rolled back"),
    ChangeUnderWayError: (409, "This change is still being made"),
    UnknownChangeError: (404, "There is nothing to take back"),
    UndoBlockedError: (409, "This cannot be taken back"),
}

_N_BLOCKERS: Final = 10

_TITLES: Final[Mapping[int, str]] = {
    403: "This is not for you",
    404: "There is nothing here",
    405: "This cannot be done here",
    429: "Too many attempts",
}


def register_error_pages(blueprint: Blueprint) -> None:
    """Make a blueprint answer errors with a sentence and their status."""
    for kind in _NAMED:
        blueprint.register_error_handler(kind, _answer_named)
    blueprint.register_error_handler(DatabaseUnavailableError, _answer_unavailable)
    blueprint.register_error_handler(CSRFError, _answer_stale_form)
    blueprint.register_error_handler(HTTPException, _answer_http)


def _answer_named(error: Exception) -> Response:
    status, title = next(_NAMED[kind] for kind in type(error).__mro__ if kind in _NAMED)
    if isinstance(error, UndoBlockedError):
        return _answer(status, title, describe_blocked(error), blockers=error.blockers[:_N_BLOCKERS])
    return _answer(status, title, str(error))


def describe_blocked(error: UndoBlockedError) -> str:
    """Say in words what stands in the way of an undo, and what helps."""
    if error.reason:
        return f"{error.reason}; bring it to another place in the catalog first, then try again"
    n_tracks = len(error.blockers)
    tracks = "this track was" if n_tracks == 1 else f"{n_tracks:,} of these tracks were"
    return f"{tracks} changed again later; undo the later change first, then this one"


def _answer_unavailable(error: Exception) -> Response:
    # Who is logged in stands in the database, too: the page is shown as to a stranger.
    return _answer(503, "The catalog cannot be reached", str(error), current_user=AnonymousUserMixin())


def _answer_stale_form(_error: CSRFError) -> Response:
    return _answer(400, "This page is out of date", "go back, reload it and try again; cookies must be allowed")


def _answer_http(error: HTTPException) -> Response:
    status = error.code or 500
    text = error.description or http.HTTPStatus(status).description
    if status == http.HTTPStatus.TOO_MANY_REQUESTS:
        text = "wait a minute, then try again"
    response = _answer(status, _TITLES.get(status, "This did not work"), text)
    response.headers.extend({name: value for name, value in error.get_headers() if name == "Allow"})
    return response


def _answer(status: int, title: str, message: str, **context: object) -> Response:
    """Answer htmx at the page's place for problems, so that nothing shown gets lost, others with a page."""
    template = "admin/_problem.html" if wants_fragment() else "admin/error.html"
    response = make_response(render_template(template, title=title, message=message, **context), status)
    if wants_fragment():
        response.headers.extend({"HX-Retarget": "#problem", "HX-Reswap": "innerHTML"})
    return response
