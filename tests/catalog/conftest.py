"""Fixtures of the catalog's tests."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

# The number that `nobody` has on every Linux.
_NOBODY = 65534


@pytest.fixture
def plain_user_dir() -> Iterator[Path]:
    """A folder of a user whom permissions stop; the test runs as that user, where it was started by the superuser."""
    is_superuser = os.geteuid() == 0
    # Not pytest's own folder, which others may not enter.
    with tempfile.TemporaryDirectory() as name:
        if is_superuser:
            os.chown(name, _NOBODY, _NOBODY)
            os.seteuid(_NOBODY)
        try:
            yield Path(name)
        finally:
            if is_superuser:
                os.seteuid(0)
            Path(name).chmod(0o700)
