"""Analyzers that need no music, in a module of their own: other processes must be able to import them."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

from catalog.errors import UnreadableMusicError
from tests.factories import FakeAnalysis

if TYPE_CHECKING:
    from pathlib import Path


def analyze_by_name(path: Path) -> FakeAnalysis:
    """Analyze any file at once, except those whose names ask for trouble."""
    if "broken" in path.name:
        raise UnreadableMusicError(str(path), "expected music, got noise")
    if "bug" in path.name:
        raise ZeroDivisionError("division by zero")
    if "deadly" in path.name:
        # As a decoder dies of a torn file: by the kernel, with no chance to say anything.
        os.kill(os.getpid(), signal.SIGSEGV)
    return FakeAnalysis()


def analyze_slowly(path: Path) -> FakeAnalysis:
    """Take a tenth of a second."""
    time.sleep(0.1)
    return analyze_by_name(path)
