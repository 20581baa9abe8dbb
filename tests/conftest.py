"""Fixtures every test may ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Machines are noisy: a slow example is no failure. Chance is seeded, so that a failure comes again.
settings.register_profile("emotitune", deadline=None, derandomize=True)
settings.load_profile("emotitune")


@pytest.fixture(scope="session")
def material_dir() -> Path:
    """Folder with the real speech and music; tests that need it are left out where it is not."""
    folder = os.environ.get("EMOTITUNE_MATERIAL_DIR")
    if not folder:
        pytest.skip("EMOTITUNE_MATERIAL_DIR is not set")
    return Path(folder)
