"""Admits curators and administrators to the admin page, and to accounts administrators alone."""

from __future__ import annotations

import hmac
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flask import Flask, abort, make_response, redirect, request, session, url_for
from flask_login import LoginManager, UserMixin, current_user, login_user

from app.admin.context import current_services, wants_fragment
from app.services.accounts import ADMINISTRATOR

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from app.services.accounts import AccountFacts

# A day's work; who forgets to log out is logged out by then.
MAX_SESSION_S: Final = 12 * 3600
LOGGED_IN_AT: Final = "logged_in_at"
OPEN_ENDPOINTS: Final = frozenset({"admin.login.show_login", "admin.login.log_in"})
# Whatever is not about tracks; all else is a curator's work.
ADMINISTRATORS_PARTS: Final = ("admin.people.",)


@dataclass(frozen=True, slots=True)
class LoggedIn(UserMixin):
    """Who uses the page.

    Attributes:
        stamp: of the account when this session began.
    """

    account_id: int
    email: str
    role: str
    stamp: str

    @property
    def is_administrator(self) -> bool:
        """Whether accounts are theirs to look after."""
        return self.role == ADMINISTRATOR

    def get_id(self) -> str:
        """Return what the cookie holds."""
        return f"{self.account_id}:{self.stamp}"


def register_login(app: Flask) -> None:
    """Let an application know who is logged in."""
    manager = LoginManager()
    # Only the admin page's templates look at who is logged in: an error page must not need the database.
    manager.init_app(app, add_context_processor=False)
    manager.user_loader(_load)


def begin_session(account: AccountFacts) -> None:
    """Log in, with nothing left of the session before: whoever planted that one must gain nothing."""
    session.clear()
    login_user(_to_user(account))
    session[LOGGED_IN_AT] = time.time()


def end_session() -> None:
    """Log out, and forget all that the session held."""
    session.clear()


def admit() -> Response | None:
    """Let those pass who may; asked before every request to the admin page, so that no view can forget it."""
    if request.endpoint in OPEN_ENDPOINTS:
        return None
    if _is_expired() or not current_user.is_authenticated:
        return _ask_to_log_in()
    if (request.endpoint or "").startswith(ADMINISTRATORS_PARTS) and not current_user.is_administrator:
        abort(403, "only administrators look after accounts")
    return None


def who() -> str:
    """Return whom the log names for what is done now."""
    return str(current_user.email)


def _load(user_id: str) -> LoggedIn | None:
    # The row decides at each request: who is gone, or has another password or role, is logged out at once.
    account_id, _, stamp = user_id.partition(":")
    account = current_services().accounts.find_account(int(account_id)) if account_id.isdecimal() else None
    if account is None or not hmac.compare_digest(account.stamp, stamp):
        return None
    return _to_user(account)


def _to_user(account: AccountFacts) -> LoggedIn:
    return LoggedIn(account.account_id, account.email, account.role, account.stamp)


def _is_expired() -> bool:
    return time.time() - float(session.get(LOGGED_IN_AT, 0)) > MAX_SESSION_S


def _ask_to_log_in() -> Response:
    address = url_for("admin.login.show_login", next=_find_way_back())
    if wants_fragment():
        response = make_response("", 401)
        response.headers["HX-Redirect"] = address
        return response
    return redirect(address, code=303)


def _find_way_back() -> str | None:
    """Return where to go after the login; None after a form, whose content is lost anyway."""
    if wants_fragment():
        # An address of another host stays whole, and the login leads nowhere but to the admin page.
        return request.headers.get("HX-Current-URL", "").removeprefix(request.host_url.rstrip("/")) or None
    return request.full_path.rstrip("?") if request.method == "GET" else None
