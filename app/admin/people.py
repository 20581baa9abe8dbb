"""Accounts: who may log in, and as what; for administrators alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user

from app.admin.context import MAX_ID, current_services
from app.admin.guard import begin_session
from app.admin.wording import ROLE_WORDS
from app.services.accounts import CURATOR
from app.services.errors import AccountError

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

blueprint = Blueprint("people", __name__)

_ONE = f"/people/<int(max={MAX_ID}):account_id>"


@blueprint.get("/people")
def show_list() -> ResponseReturnValue:
    """Show all accounts, and the form that makes one."""
    return _render()


@blueprint.post("/people")
def create() -> ResponseReturnValue:
    """Make an account, or say why it cannot be made."""
    email, role = request.form.get("email", ""), request.form.get("role", CURATOR)
    try:
        account = current_services().accounts.create_account(email, request.form.get("password", ""), role)
    except AccountError as error:
        return _render(email=email, role=role, problem=str(error)), 422
    flash(f"{account.email} may log in as {ROLE_WORDS[account.role].lower()}.")
    return redirect(url_for(".show_list"), code=303)


@blueprint.post(f"{_ONE}/role")
def set_role(account_id: int) -> ResponseReturnValue:
    """Give an account another role, or say why not."""
    try:
        account = current_services().accounts.set_role(account_id, request.form.get("role", ""))
    except AccountError as error:
        return _render(problem=str(error)), 422
    flash(f"{account.email} is {ROLE_WORDS[account.role].lower()} now, and has to log in again.")
    return redirect(url_for(".show_list"), code=303)


@blueprint.post(f"{_ONE}/password")
def change_password(account_id: int) -> ResponseReturnValue:
    """Give an account another password, or say why not; only one's own session goes on."""
    try:
        account = current_services().accounts.change_password(account_id, request.form.get("password", ""))
    except AccountError as error:
        return _render(problem=str(error)), 422
    if account_id == current_user.account_id:
        begin_session(account)
    flash(f"{account.email} has a new password; whoever was logged in with the old one is logged out.")
    return redirect(url_for(".show_list"), code=303)


@blueprint.post(f"{_ONE}/remove")
def remove(account_id: int) -> ResponseReturnValue:
    """Remove an account, or say why not."""
    try:
        account = current_services().accounts.remove_account(account_id)
    except AccountError as error:
        return _render(problem=str(error)), 422
    flash(f"{account.email} is removed; what they did stays in the log.")
    return redirect(url_for(".show_list"), code=303)


def _render(*, email: str = "", role: str = CURATOR, problem: str = "") -> str:
    accounts = current_services().accounts.list_accounts()
    return render_template("admin/people.html", accounts=accounts, email=email, role=role, problem=problem)
