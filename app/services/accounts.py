"""Accounts of those who look after the library; listeners need none."""

from __future__ import annotations

import hashlib
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
    from datetime import datetime

    from sqlalchemy.orm import Session

    from catalog.database import SessionFactory

ADMINISTRATOR: Final = "administrator"
CURATOR: Final = "curator"
ROLES: Final = (CURATOR, ADMINISTRATOR)
MIN_PASSWORD_LENGTH: Final = 12
# Hashing takes time by the length; nobody types more.
MAX_PASSWORD_LENGTH: Final = 256
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}")


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """Someone who may log in.

    Attributes:
        role: of `ROLES`; administrators look after accounts, too.
        stamp: another one after each change of password or role: what was opened with an older one has ended.
    """

    account_id: int
    email: str
    role: str
    stamp: str = ""
    created_at: datetime | None = None


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

    def create_account(self, email: str, password: str, role: str) -> AccountFacts:
        """Make an account.

        Raises:
            AccountError: the address is none or taken, the password is too short or too long, or the role is unknown.
        """
        address = email.strip().lower()
        if not _EMAIL.fullmatch(address):
            raise AccountError(f"expected an e-mail address, got {email!r}")
        _check_role(role)
        password_hash = self._hash(password)
        try:
            with self._session_factory.begin() as session:
                account = Account(email=address, password_hash=password_hash, role=role)
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
            # Sessions of before end with it: their stamp was made of the weaker hash.
            self._store_hash(account.id, self._hash(password))
            return self.find_account(account.id)
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

    def change_password(self, account_id: int, password: str) -> AccountFacts:
        """Give an account a new password; its open sessions end.

        Raises:
            AccountError: there is no such account, or the password is too short or too long.
        """
        password_hash = self._hash(password)
        with self._session_factory.begin() as session:
            account = _get(session, account_id)
            account.password_hash = password_hash
        return _to_facts(account)

    def change_own_password(self, account_id: int, old: str, new: str) -> AccountFacts:
        """Give oneself a new password; see `change_password`.

        Raises:
            AccountError: the old password is another, or the new one too short or too long.
        """
        with self._session_factory() as session:
            password_hash = _get(session, account_id).password_hash
        if not self._verify(password_hash, old):
            raise AccountError("this is not the password you have")
        return self.change_password(account_id, new)

    def set_role(self, account_id: int, role: str) -> AccountFacts:
        """Give an account another role; its open sessions end.

        Raises:
            AccountError: there is no such account or role, or nobody else is an administrator.
        """
        _check_role(role)
        with self._session_factory.begin() as session:
            account = _get(session, account_id)
            if role != ADMINISTRATOR:
                _check_another_administrates(session, account)
            account.role = role
        return _to_facts(account)

    def remove_account(self, account_id: int) -> AccountFacts:
        """Remove an account; its open sessions end. What it did stays in the log.

        Raises:
            AccountError: there is no such account, or nobody else is an administrator.
        """
        with self._session_factory.begin() as session:
            account = _get(session, account_id)
            _check_another_administrates(session, account)
            session.delete(account)
        return _to_facts(account)

    def list_accounts(self) -> list[AccountFacts]:
        """List all accounts by their addresses."""
        with self._session_factory() as session:
            return [_to_facts(account) for account in session.scalars(select(Account).order_by(Account.email))]

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
    stamp = hashlib.sha256(f"{account.role}:{account.password_hash}".encode()).hexdigest()[:32]
    return AccountFacts(account.id, account.email, account.role, stamp, account.created_at)


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise AccountError(f"expected a role among {', '.join(ROLES)}, got {role!r}")


def _get(session: Session, account_id: int) -> Account:
    account = session.get(Account, account_id)
    if account is None:
        raise AccountError(f"there is no account {account_id!r}")
    return account


def _check_another_administrates(session: Session, account: Account) -> None:
    others = select(Account.id).where(Account.role == ADMINISTRATOR, Account.id != account.id)
    # Locked where the database can: two administrators who remove each other must not both succeed.
    if account.role == ADMINISTRATOR and not session.scalars(others.with_for_update()).first():
        raise AccountError(f"{account.email!r} is the only administrator; make another one first")
