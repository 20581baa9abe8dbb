from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.spreadsheet_cells import defuse_cell, restore_cell


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", "''+1"])
def test_cells_that_a_spreadsheet_would_reckon_with_are_defused(text: str):
    assert defuse_cell(text) == f"'{text}"


@given(st.text() | st.from_regex(r"'*[=+\-@\t\r].*"))
def test_a_defused_cell_comes_back_unharmed(text: str):
    assert restore_cell(defuse_cell(text)) == text
    assert defuse_cell(text)[:1] not in {"=", "+", "-", "@", "\t", "\r"}
