from __future__ import annotations

import gzip

import numpy as np
import pytest

from recommender.errors import EvaluationDataError
from recommender.evaluation.tables import read_rows, to_numbers


def test_a_gzipped_table_reads_like_a_plain_one(tmp_path):
    text = 'a,b\n1,"two, or\nthree"\n'
    (tmp_path / "t.csv").write_text(text)
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(text.encode()))

    rows = [read_rows(tmp_path / name, ["a", "b"]) for name in ("t.csv", "t.csv.gz")]

    assert rows[0] == rows[1] == [{"a": "1", "b": "two, or\nthree"}]


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("t.csv", b"\xff\xfe\x00", "expected a CSV table in UTF-8"),
        ("t.csv.gz", b"no gzip", "cannot read .*t.csv.gz"),
        ("t.csv", b"x,y\n1,2\n", r"expected the columns a .* \['a'\] missing"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, name, content, complaint):
    (tmp_path / name).write_bytes(content)

    with pytest.raises(EvaluationDataError, match=complaint):
        read_rows(tmp_path / name, ["a"])


def test_numbers_keep_the_order_of_the_columns(tmp_path):
    assert to_numbers([{"a": "1", "b": "2"}], ("b", "a"), tmp_path).tolist() == [[2.0, 1.0]]
    assert to_numbers([], ("a", "b"), tmp_path).shape == (0, 2)


@pytest.mark.parametrize("cell", ["", "many", "inf", None])
def test_what_is_no_number_is_refused(tmp_path, cell):
    with pytest.raises(EvaluationDataError, match=r"expected (finite )?numbers in a"):
        to_numbers([{"a": cell}], ("a",), tmp_path / "t.csv")


def test_a_table_without_rows_has_no_numbers(tmp_path):
    assert np.isfinite(to_numbers([], ("a",), tmp_path)).all()
