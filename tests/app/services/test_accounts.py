from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from app.services.accounts import ADMINISTRATOR, AccountService
from app.services.errors import AccountError
from catalog.models import Account
from tests.factories import make_database

if TYPE_CHECKING:
    from pathlib import Path

    from catalog.database import SessionFactory

PASSWORD = "correct horse battery"
# As weak as it may be: these tests hash often.
WEAK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def sessions(tmp_path: Path) -> SessionFactory:
    return make_database(tmp_path)


@pytest.fixture
def accounts(sessions: SessionFactory) -> AccountService:
    return AccountService(sessions, WEAK)


@pytest.mark.parametrize("email", ["ada@example.org", " ADA@Example.ORG "])
def test_an_administrator_logs_in_however_the_address_is_capitalized(accounts: AccountService, email: str):
    accounts.create_account("Ada@example.org", PASSWORD, ADMINISTRATOR)

    account = accounts.check_password(email, PASSWORD)

    assert account is not None
    assert (account.email, account.role) == ("ada@example.org", "administrator")


@pytest.mark.parametrize(
    ("email", "password"),
    [("ada@example.org", "wrong horse battery"), ("nobody@example.org", PASSWORD), ("ada@example.org", "x" * 100_000)],
)
def test_wrong_addresses_and_passwords_are_told_apart_from_nothing(accounts: AccountService, email: str, password: str):
    accounts.create_account("ada@example.org", PASSWORD, ADMINISTRATOR)

    assert accounts.check_password(email, password) is None


@pytest.mark.parametrize("password", ["", "elevenchars", "x" * 257])
def test_passwords_too_short_or_too_long_are_refused(accounts: AccountService, password: str):
    with pytest.raises(AccountError, match=f"expected a password of 12 to 256 characters, got {len(password)}"):
        accounts.create_account("ada@example.org", password, ADMINISTRATOR)


@pytest.mark.parametrize("email", ["", "ada", "@example.org", "a b@example.org", "ada@", "a@b@c"])
def test_what_is_no_address_is_refused(accounts: AccountService, email: str):
    with pytest.raises(AccountError, match="expected an e-mail address"):
        accounts.create_account(email, PASSWORD, ADMINISTRATOR)


def test_an_address_has_one_account(accounts: AccountService):
    accounts.create_account("ada@example.org", PASSWORD, ADMINISTRATOR)

    with pytest.raises(AccountError, match="there is an account for 'ada@example"):
        accounts.create_account("ADA@example.org", PASSWORD, ADMINISTRATOR)

    assert accounts.count_accounts() == 1


def test_the_password_is_stored_as_argon2id_alone(accounts: AccountService, sessions: SessionFactory):
    accounts.create_account("ada@example.org", PASSWORD, ADMINISTRATOR)

    with sessions() as session:
        stored = session.scalars(select(Account.password_hash)).one()
    assert stored.startswith("$argon2id$")
    assert PASSWORD not in stored


def test_a_hash_of_older_strength_is_renewed_at_login(accounts: AccountService, sessions: SessionFactory):
    accounts.create_account("ada@example.org", PASSWORD, ADMINISTRATOR)
    stronger = AccountService(sessions, PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))

    stronger.check_password("ada@example.org", PASSWORD)

    with sessions() as session:
        assert "m=16,t=2" in session.scalars(select(Account.password_hash)).one()


def test_a_new_password_replaces_the_old(accounts: AccountService):
    accounts.create_account("ada@example.org", PASSWORD, ADMINISTRATOR)

    accounts.set_password("ada@example.org", "a quite different one")

    assert accounts.check_password("ada@example.org", PASSWORD) is None
    assert accounts.check_password("ada@example.org", "a quite different one") is not None


def test_an_account_that_is_not_there_gets_no_password(accounts: AccountService):
    with pytest.raises(AccountError, match="there is no account for 'ada@example"):
        accounts.set_password("ada@example.org", PASSWORD)


def test_accounts_are_found_by_id_and_address(accounts: AccountService):
    made = accounts.create_account("ada@example.org", PASSWORD, ADMINISTRATOR)

    assert accounts.find_account(made.account_id) == made
    assert accounts.find_account_by_email("ADA@example.org") == made
    assert accounts.find_account(made.account_id + 1) is None
    assert accounts.find_account_by_email("bob@example.org") is None


def test_a_damaged_hash_lets_nobody_in(accounts: AccountService, sessions: SessionFactory):
    with sessions.begin() as session:
        session.add(Account(email="ada@example.org", password_hash="no hash at all", role="administrator"))

    assert accounts.check_password("ada@example.org", PASSWORD) is None


def test_a_stamp_changes_with_password_and_role_and_with_nothing_else(accounts: AccountService):
    accounts.create_account("ada@example.org", PASSWORD, ADMINISTRATOR)
    made = accounts.create_account("ann@example.org", PASSWORD, "curator")

    logged_in = accounts.check_password("ann@example.org", PASSWORD)
    promoted = accounts.set_role(made.account_id, "administrator")
    changed = accounts.change_password(made.account_id, "another horse battery")

    assert logged_in == made
    assert len({made.stamp, promoted.stamp, changed.stamp}) == 3
    assert accounts.find_account(made.account_id) == changed


def test_accounts_are_listed_by_address_and_removed(accounts: AccountService):
    accounts.create_account("zoe@example.org", PASSWORD, ADMINISTRATOR)
    ann = accounts.create_account("ann@example.org", PASSWORD, "curator")

    listed = [account.email for account in accounts.list_accounts()]
    accounts.remove_account(ann.account_id)

    assert listed == ["ann@example.org", "zoe@example.org"]
    assert accounts.find_account(ann.account_id) is None


def test_somebody_always_administrates(accounts: AccountService):
    ada = accounts.create_account("ada@example.org", PASSWORD, ADMINISTRATOR)
    accounts.create_account("ann@example.org", PASSWORD, "curator")

    with pytest.raises(AccountError, match=r"'ada@example\.org' is the only administrator"):
        accounts.set_role(ada.account_id, "curator")
    with pytest.raises(AccountError, match=r"'ada@example\.org' is the only administrator"):
        accounts.remove_account(ada.account_id)


@pytest.mark.parametrize("change", ["set_role", "change_password", "remove_account"])
def test_an_account_that_is_not_there_cannot_be_changed(accounts: AccountService, change: str):
    value = {"set_role": ("curator",), "change_password": (PASSWORD,), "remove_account": ()}[change]

    with pytest.raises(AccountError, match="there is no account 7"):
        getattr(accounts, change)(7, *value)


def test_a_role_that_is_unknown_is_refused(accounts: AccountService):
    with pytest.raises(AccountError, match="expected a role among curator, administrator, got 'king'"):
        accounts.create_account("ann@example.org", PASSWORD, "king")
