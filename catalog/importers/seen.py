"""Remember what a list named already, in flat memory however long the list is."""

from __future__ import annotations

import hashlib
import sqlite3
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Sequence


class SeenAddresses:
    """A set of addresses on disk: ten million take some 300 MB there, and a few in memory."""

    def __init__(self) -> None:
        # An empty name is a database of our own, in a file that goes with the connection.
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("PRAGMA cache_size = -8000")
        self._database.execute("CREATE TABLE seen (address BLOB PRIMARY KEY) WITHOUT ROWID")
        self._database.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def add(self, addresses: Sequence[str]) -> bool:
        """Add the addresses of one entry; False, with nothing added, if one of them was there."""
        keys = [(_digest(address),) for address in addresses]
        marks = ", ".join("?" * len(keys))
        query = f"SELECT 1 FROM seen WHERE address IN ({marks})"  # noqa: S608 - question marks alone
        if self._database.execute(query, [key for (key,) in keys]).fetchone():
            return False
        self._database.executemany("INSERT OR IGNORE INTO seen VALUES (?)", keys)
        return True


def _digest(address: str) -> bytes:
    # 96 bits: among ten million addresses two share theirs with a chance of one in 10^15.
    return hashlib.blake2b(address.encode("utf-8", "surrogateescape"), digest_size=12).digest()
