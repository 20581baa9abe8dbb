"""Cells that no spreadsheet takes for a formula, and back.

A cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return gets an apostrophe before it, and so does one
that begins with apostrophes and one of these. `restore_cell` takes exactly one away again.

Source: OWASP, "CSV injection".
"""

from __future__ import annotations

import re
from typing import Final

_FORMULA: Final = re.compile(r"'*[=+\-@\t\r]")
_DEFUSED: Final = re.compile(r"'+[=+\-@\t\r]")


def defuse_cell(text: str) -> str:
    """Return text that no spreadsheet takes for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def restore_cell(text: str) -> str:
    """Return the text that `defuse_cell` was given."""
    return text[1:] if _DEFUSED.match(text) else text
