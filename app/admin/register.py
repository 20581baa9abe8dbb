"""Adds the admin page to an application."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from flask import Blueprint, Flask, Response, redirect, url_for
from flask_login import current_user

from app.admin import (
    account,
    audit,
    bulk_edit,
    duplicates,
    export,
    imports,
    index,
    jobs,
    login,
    mood_map,
    people,
    track_page,
    tracks,
    what_if,
)
from app.admin.context import EXTENSION
from app.admin.errors import register_error_pages
from app.admin.guard import admit, register_login
from app.admin.track_words import ACTION_WORDS, describe_change
from app.admin.wording import (
    IMPORT_STATUS_WORDS,
    IMPORTER_WORDS,
    JOB_STATUS_WORDS,
    ROLE_WORDS,
    TRACK_STATUS_WORDS,
    count,
    describe_job,
    find_leading_mood,
    format_duration,
    format_moment,
    format_seconds,
    format_signed,
    format_size,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.typing import ResponseReturnValue
    from flask_limiter import Limiter

    from app.bootstrap import Services


def register_admin(app: Flask, services: Services) -> None:
    """Add the admin page below `/admin`.

    Args:
        app: protects forms against forgery, counts requests (`app.extensions["limiter"]`) and gives templates
            `asset_url`, `assets_built`, `csp_nonce`, `mood_words` and the filters `clock` and `sentence`.
        services: what the views call.
    """
    app.extensions[EXTENSION] = services
    register_login(app)
    app.register_blueprint(_build_blueprint())
    _limit_logins(app)


def _build_blueprint() -> Blueprint:
    blueprint = Blueprint("admin", __name__, url_prefix="/admin", template_folder="templates")
    blueprint.before_request(admit)
    blueprint.after_request(_keep_private)
    blueprint.context_processor(_words)
    register_error_pages(blueprint)
    blueprint.add_url_rule("/", "start", _go_to_tracks, strict_slashes=False)
    daily = (tracks, track_page, bulk_edit, duplicates, export, imports, jobs, index, audit, mood_map, what_if)
    for part in (login, account, people, *daily):
        blueprint.register_blueprint(part.blueprint)
    return blueprint


def _limit_logins(app: Flask) -> None:
    """Slow down who tries passwords; counted for each address in each server process."""
    limiter = cast("Limiter", next(iter(app.extensions["limiter"])))
    # Also where one's own is asked for: a session left open must not be enough to find the password out.
    for endpoint in ("admin.login.log_in", "admin.account.change_password"):
        view = cast("Callable[..., ResponseReturnValue]", app.view_functions[endpoint])
        app.view_functions[endpoint] = limiter.limit(login.LOGIN_LIMIT)(view)


def _go_to_tracks() -> ResponseReturnValue:
    return redirect(url_for("admin.tracks.show_list"))


def _keep_private(response: Response) -> Response:
    # After logging out, the back button must show nothing; and fragments differ from pages by a header alone.
    # What may be kept says so itself.
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["Vary"] = "HX-Request, Cookie"
    return response


def _words() -> dict[str, object]:
    """Give the admin page's templates their words; those of other pages never see them."""
    return {
        "current_user": current_user,
        "action_words": ACTION_WORDS,
        "import_status_words": IMPORT_STATUS_WORDS,
        "importer_words": IMPORTER_WORDS,
        "role_words": ROLE_WORDS,
        "track_status_words": TRACK_STATUS_WORDS,
        "job_status_words": JOB_STATUS_WORDS,
        "count": count,
        "describe_change": describe_change,
        "describe_job": describe_job,
        "duration": format_duration,
        "leading_mood": find_leading_mood,
        "moment": format_moment,
        "seconds": format_seconds,
        "signed": format_signed,
        "size": format_size,
    }
