"""The one table from named errors to HTTP statuses, and how an error is shown: in words, never as a stack trace."""

from __future__ import annotations

import http
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog
from flask import Flask, Response, jsonify, make_response, render_template
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from app.services.errors import (
    AccountError,
    ForbiddenPathError,
    ListenerNotFoundError,
    ListeningNotFoundError,
    NotReadyError,
    PlaylistNotFoundError,
    ServiceError,
)
from app.web.context import current_services, wants_fragment, wants_json
from app.web.wording import to_sentence
from catalog.errors import (
    CatalogError,
    DatabaseUnavailableError,
    ImportNotFoundError,
    ImportStandsError,
    TrackNotFoundError,
    UndoBlockedError,
    UnknownChangeError,
)
from recognizer.errors import BundleError, RecognizerError, UnreadableAudioError, UnusableClipError
from recommender.errors import EmptyIndexError, InvalidPosteriorError, RecommenderError

if TYPE_CHECKING:
    from collections.abc import Mapping

log = structlog.get_logger()


class BadRequestError(ValueError):
    """A form or address holds a value that no page of ours sends."""


@dataclass(frozen=True, slots=True)
class ErrorEntry:
    """How one kind of error is answered.

    Attributes:
        status: HTTP status.
        title: what happened, in a few words.
        advice: what the listener can do about it; empty where the error says it.
    """

    status: int
    title: str
    advice: str = ""


NAMED_ERRORS: Final[Mapping[type[Exception], ErrorEntry]] = {
    UnreadableAudioError: ErrorEntry(
        415, "This recording could not be read", "WebM, MP4, Ogg, MP3, FLAC and WAV files work."
    ),
    UnusableClipError: ErrorEntry(422, "Nothing could be heard in this recording", "Try once more."),
    BundleError: ErrorEntry(503, "The listening model is not ready", "Whoever runs this server can mend it."),
    RecognizerError: ErrorEntry(422, "This recording could not be understood"),
    EmptyIndexError: ErrorEntry(503, "There is no music yet"),
    InvalidPosteriorError: ErrorEntry(400, "This mood is not one we know"),
    RecommenderError: ErrorEntry(503, "The music is being sorted", "Try again in a minute."),
    TrackNotFoundError: ErrorEntry(404, "This track is no longer in the catalog"),
    ImportNotFoundError: ErrorEntry(404, "There is no such import"),
    ImportStandsError: ErrorEntry(409, "This import cannot be rolled back"),
    UnknownChangeError: ErrorEntry(404, "There is nothing to take back"),
    UndoBlockedError: ErrorEntry(409, "This cannot be taken back"),
    DatabaseUnavailableError: ErrorEntry(503, "The catalog cannot be reached"),
    CatalogError: ErrorEntry(500, "The catalog has a problem"),
    NotReadyError: ErrorEntry(503, "Not ready yet"),
    ListeningNotFoundError: ErrorEntry(404, "We do not know this listening", "Its address may be mistyped or too old."),
    ListenerNotFoundError: ErrorEntry(404, "What we learned is deleted", "Load the page again."),
    PlaylistNotFoundError: ErrorEntry(404, "We do not know this playlist", "Load the page again."),
    ForbiddenPathError: ErrorEntry(403, "This folder may not be read"),
    AccountError: ErrorEntry(400, "This account cannot be used as asked"),
    ServiceError: ErrorEntry(500, "Something could not be done"),
    BadRequestError: ErrorEntry(400, "This request cannot be understood"),
}

ADVICE_BY_CLIP_CODE: Final[Mapping[str, str]] = {
    "too_short": "Speak for three seconds or more.",
    "too_long": "Keep it under a minute.",
    "too_quiet": "Come closer to the microphone, or choose another one.",
    "no_speech": "Say a sentence or two; what you say does not matter.",
    "clipped": "Move a little away from the microphone, or turn it down.",
}

HTTP_TITLES: Final[Mapping[int, str]] = {
    400: "This request cannot be understood",
    403: "This is not for you",
    404: "There is nothing here",
    405: "This cannot be done here",
    410: "This music file is gone",
    413: "This file is too large",
    416: "This part of the file does not exist",
    429: "A little slower, please",
    500: "Something went wrong on our side",
}


def describe_named_error(error: Exception) -> tuple[ErrorEntry, str]:
    """Find an error's entry, that of its nearest class, and its sentence for the listener."""
    entry = next(NAMED_ERRORS[kind] for kind in type(error).__mro__ if kind in NAMED_ERRORS)
    detail = to_sentence(str(getattr(error, "reason", "") or error))
    advice = ADVICE_BY_CLIP_CODE.get(getattr(error, "code", ""), entry.advice)
    return entry, f"{detail} {advice}".strip()


def register_error_handlers(app: Flask) -> None:
    """Make the application answer every error with a sentence and its status."""
    for kind in NAMED_ERRORS:
        app.register_error_handler(kind, _answer_named_error)
    app.register_error_handler(CSRFError, _answer_csrf_error)
    app.register_error_handler(RequestEntityTooLarge, _answer_too_large)
    app.register_error_handler(HTTPException, _answer_http_error)
    app.register_error_handler(Exception, _answer_unexpected)


def answer_error(status: int, title: str, message: str) -> Response:
    """Answer as the caller asked: JSON, a fragment for htmx, or a page.

    The fragment goes to the place for problems that every page has, so nothing that is on the page gets lost.
    """
    if wants_json():
        response = jsonify(error=title, message=message, status=status)
    elif wants_fragment():
        response = make_response(render_template("_problem.html", title=title, message=message))
        response.headers["HX-Retarget"] = "#problem"
        response.headers["HX-Reswap"] = "innerHTML"
        response.headers["HX-Push-Url"] = "false"
    else:
        response = make_response(render_template("error.html", title=title, message=message, status=status))
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response


def _answer_named_error(error: Exception) -> Response:
    entry, message = describe_named_error(error)
    if entry.status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("request refused", kind=type(error).__name__, status=entry.status)
    return answer_error(entry.status, entry.title, message)


def _answer_csrf_error(_error: CSRFError) -> Response:
    return answer_error(400, "This page is out of date", "Reload it and try again; cookies must be allowed.")


def _answer_too_large(_error: RequestEntityTooLarge) -> Response:
    limit_mb = current_services().settings.max_upload_mb
    return answer_error(413, HTTP_TITLES[413], f"Expected at most {limit_mb} MB. A minute of speech takes far less.")


def _answer_http_error(error: HTTPException) -> Response:
    status = error.code or 500
    title = HTTP_TITLES.get(status, "This did not work")
    answered = answer_error(status, title, to_sentence(_describe_http_error(error)))
    for name, value in error.get_headers():
        if name in {"Allow", "Content-Range"}:
            answered.headers[name] = value
    if status == http.HTTPStatus.TOO_MANY_REQUESTS:
        answered.headers["Retry-After"] = "60"
    return answered


def _describe_http_error(error: HTTPException) -> str:
    if error.code == http.HTTPStatus.TOO_MANY_REQUESTS:
        return "That was a lot in a short time; wait a minute and try again"
    if error.code == http.HTTPStatus.NOT_FOUND:
        return "The address may be mistyped, or the page has moved"
    return error.description or http.HTTPStatus(error.code or 500).description


def _answer_unexpected(error: Exception) -> Response:
    log.error("request failed", kind=type(error).__name__, exc_info=error)
    return answer_error(500, HTTP_TITLES[500], "It has been noted; nothing of your recording is kept. Try again later.")
