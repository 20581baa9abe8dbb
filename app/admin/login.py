"""Logging in and out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user

from app.admin.context import current_services, to_local_address
from app.admin.guard import begin_session, end_session

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

blueprint = Blueprint("login", __name__)
log = structlog.get_logger(__name__)

LOGIN_LIMIT: Final = "10 per minute"
# One sentence for both, so that nobody learns who has an account.
WRONG: Final = "Address and password do not belong together."


@blueprint.get("/login")
def show_login() -> ResponseReturnValue:
    """Show the form, or go on where somebody is logged in already."""
    target = to_local_address(request.args.get("next"))
    if current_user.is_authenticated:
        return redirect(target, code=303)
    return _render(target)


@blueprint.post("/login")
def log_in() -> ResponseReturnValue:
    """Begin a session if address and password belong together."""
    target = to_local_address(request.form.get("next"))
    email, password = request.form.get("email", ""), request.form.get("password", "")
    account = current_services().accounts.check_password(email, password)
    if account is None:
        log.warning("login refused")
        return _render(target, email=email, problem=WRONG), 401
    begin_session(account)
    log.info("logged in", account_id=account.account_id)
    return redirect(target, code=303)


@blueprint.post("/logout")
def log_out() -> ResponseReturnValue:
    """End the session."""
    end_session()
    flash("You are logged out.")
    return redirect(url_for("admin.login.show_login"), code=303)


def _render(target: str, *, email: str = "", problem: str = "") -> str:
    has_accounts = current_services().accounts.count_accounts() > 0
    return render_template("admin/login.html", target=target, email=email, problem=problem, has_accounts=has_accounts)
