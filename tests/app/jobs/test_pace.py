from __future__ import annotations

import pytest

from app.jobs.pace import Pace


def test_a_steady_job_has_its_rate():
    pace = Pace()

    rates = [pace.measure(3 * n, float(n)) for n in range(5)]

    assert rates == [None, 3.0, 3.0, 3.0, 3.0]


def test_what_was_long_ago_is_forgotten():
    pace = Pace()
    for second in range(100):
        pace.measure(10 * second, float(second))

    slow = [pace.measure(990, float(second)) for second in range(100, 140)]

    assert slow[0] == pytest.approx(10.0, rel=0.1)
    assert slow[-1] == 0.0
