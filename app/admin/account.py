"""One's own account: whoever is logged in may choose another password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user

from app.admin.context import current_services
from app.admin.guard import begin_session
from app.services.errors import AccountError

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

blueprint = Blueprint("account", __name__)


@blueprint.get("/account")
def show() -> ResponseReturnValue:
    """Show who one is, and the form for another password."""
    return render_template("admin/account.html", problem="")


@blueprint.post("/account/password")
def change_password() -> ResponseReturnValue:
    """Give oneself another password, or say why not; one's sessions elsewhere end."""
    try:
        account = current_services().accounts.change_own_password(
            current_user.account_id, request.form.get("old", ""), request.form.get("new", "")
        )
    except AccountError as error:
        return render_template("admin/account.html", problem=str(error)), 422
    begin_session(account)
    flash("Your password is changed; wherever else you were logged in, you are logged out.")
    return redirect(url_for(".show"), code=303)
