"""Who agreed to be learned from: a signed cookie, set by an explicit yes and gone with the no."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import after_this_request, current_app, g, request
from itsdangerous import BadSignature, URLSafeSerializer

from app.web.context import current_services

if TYPE_CHECKING:
    from flask import Response

COOKIE: Final = "emotitune_listener"
ONE_YEAR_S: Final = 365 * 24 * 3600


def find_listener_id() -> str | None:
    """Return the id of the listener who agreed; None where nobody did, or what was learned is deleted."""
    if "listener_id" not in g:
        g.listener_id = _read_cookie()
    return str(g.listener_id) if g.listener_id else None


def remember(listener_id: str) -> None:
    """Answer this request with the cookie that says who agreed; no script can read it."""
    g.listener_id = listener_id

    @after_this_request
    def set_cookie(response: Response) -> Response:
        response.set_cookie(
            COOKIE,
            _signer().dumps(listener_id),
            max_age=ONE_YEAR_S,
            secure=current_services().settings.secure_cookies,
            httponly=True,
            samesite="Lax",
        )
        return response


def forget() -> None:
    """Take the cookie back with the answer to this request."""
    g.listener_id = None

    @after_this_request
    def delete_cookie(response: Response) -> Response:
        response.delete_cookie(COOKIE)
        return response


def _read_cookie() -> str | None:
    signed = request.cookies.get(COOKIE)
    if not signed:
        return None
    try:
        listener_id = _signer().loads(signed)
    except BadSignature:
        return None
    is_known = isinstance(listener_id, str) and current_services().own_data.is_known(listener_id)
    return listener_id if is_known else None


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt="listener")
