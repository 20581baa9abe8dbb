"""Accounts for the admin page; the first one is made here, never a default password."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from app.services.accounts import AccountService


@click.group()
def admin() -> None:
    """Create accounts for the admin page."""


@admin.command("create")
@click.option("--email", prompt=True, help="The address to log in with.")
@click.password_option(help="At least 12 characters; asked for when left out.")
@click.option(
    "--role",
    type=click.Choice(["administrator", "curator"]),
    default="administrator",
    show_default=True,
    help="Administrators look after accounts, too.",
)
def create(email: str, password: str, role: str) -> None:
    """Create an account."""
    account = _accounts().create_account(email, password, role)
    click.echo(f"{account.email} may log in at /admin as {account.role}")


@admin.command("password")
@click.option("--email", prompt=True, help="The address that logs in.")
@click.password_option(help="At least 12 characters; asked for when left out.")
def change_password(email: str, password: str) -> None:
    """Give an account another password."""
    _accounts().set_password(email, password)
    click.echo(f"{email} has a new password")


def _accounts() -> AccountService:
    from app.bootstrap import build_services
    from app.settings import Settings

    return build_services(Settings.from_env()).accounts
