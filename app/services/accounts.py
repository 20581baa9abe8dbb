"""Accounts of those who look after the library; listeners need none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.services.errors import AccountError
from catalog.models import Account

if TYPE_CHECKING:
    from catalog.database import SessionFactory

ADMINISTRATOR: Final = "administrator"
MIN_PASSWORD_LENGTH: Final = 12
# Hashing takes time by the length; nobody types more.
MAX_PASSWORD_LENGTH: Final = 256
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}")


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """Someone who may log in."""

    account_id: int
    email: str
    role: str


class AccountService:
    """Make accounts and check passwords.

    Args:
        session_factory: where accounts are stored.
        hasher: how passwords are hashed; Argon2id at its library's strength unless given.
    """

    def __init__(self, session_factory: SessionFactory, hasher: PasswordHasher | None = None) -> None:
        self._session_factory = session_factory
        self._hasher = hasher or PasswordHasher()
        # Checked where there is no account, so that an unknown address takes as long as a wrong password.
        self._decoy_hash = self._hasher.hash("no account has this password")

    def create_administrator(self, email: str, password: str) -> AccountFacts:
        """Make an account that may do everything.

        Raises:
            AccountError: the address is none or taken, or the password is too short or too long.
        """
        address = email.strip().lower()
        if not _EMAIL.fullmatch(address):
            raise AccountError(f"expected an e-mail address, got {email!r}")
        password_hash = self._hash(password)
        try:
            with self._session_factory.begin() as session:
                account = Account(email=address, password_hash=password_hash, role=ADMINISTRATOR)
                session.add(account)
        except IntegrityError as error:
            raise AccountError(f"there is an account for {address!r} already") from error
        return _to_facts(account)

    def check_password(self, email: str, password: str) -> AccountFacts | None:
        """Return the account if address and password belong together, None otherwise."""
        with self._session_factory() as session:
            account = session.scalar(select(Account).where(Account.email == email.strip().lower()))
        is_right = self._verify(account.password_hash if account else self._decoy_hash, password)
        if account is None or not is_right:
            return None
        if self._hasher.check_needs_rehash(account.password_hash):
            self._store_hash(account.id, self._hash(password))
        return _to_facts(account)

    def set_password(self, email: str, password: str) -> None:
        """Give an account a new password.

        Raises:
            AccountError: there is no such account, or the password is too short or too long.
        """
        account = self.find_account_by_email(email)
        if account is None:
            raise AccountError(f"there is no account for {email!r}")
        self._store_hash(account.account_id, self._hash(password))

    def find_account(self, account_id: int) -> AccountFacts | None:
        """Return the account of this id, None if there is none."""
        with self._session_factory() as session:
            account = session.get(Account, account_id)
        return _to_facts(account) if account else None

    def find_account_by_email(self, email: str) -> AccountFacts | None:
        """Return the account of this address, however capitalized; None if there is none."""
        with self._session_factory() as session:
            account = session.scalar(select(Account).where(Account.email == email.strip().lower()))
        return _to_facts(account) if account else None

    def count_accounts(self) -> int:
        """Count the accounts; without one, nobody can log in."""
        with self._session_factory() as session:
            return session.scalar(select(func.count(Account.id))) or 0

    def _hash(self, password: str) -> str:
        if not MIN_PASSWORD_LENGTH <= len(password) <= MAX_PASSWORD_LENGTH:
            expected = f"{MIN_PASSWORD_LENGTH} to {MAX_PASSWORD_LENGTH}"
            raise AccountError(f"expected a password of {expected} characters, got {len(password)}")
        return self._hasher.hash(password)

    def _verify(self, password_hash: str, password: str) -> bool:
        if len(password) > MAX_PASSWORD_LENGTH:
            return False
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    def _store_hash(self, account_id: int, password_hash: str) -> None:
        with self._session_factory.begin() as session:
            account = session.get(Account, account_id)
            if account is not None:
                account.password_hash = password_hash


def _to_facts(account: Account) -> AccountFacts:
    return AccountFacts(account.id, account.email, account.role)
