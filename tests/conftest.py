"""Fixtures every test may ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def material_dir() -> Path:
    """Folder with the real speech and music; tests that need it are left out where it is not."""
    folder = os.environ.get("EMOTITUNE_MATERIAL_DIR")
    if not folder:
        pytest.skip("EMOTITUNE_MATERIAL_DIR is not set")
    return Path(folder)
