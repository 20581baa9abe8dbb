from __future__ import annotations

import numpy as np
import pytest

from recognizer.evaluation.robustness import CONDITIONS, REFUSED, Condition, RobustnessLine, iter_robustness

QUIET = Condition("quieter", lambda waveform, _rng, _others: waveform * np.float32(0.1), 0.9, 0.05)
SAME = Condition("the same", lambda waveform, _rng, _others: waveform, 0.95)
OPEN = Condition("no bound", lambda waveform, _rng, _others: waveform, None)


def predict(waveform):
    level = float(np.max(np.abs(waveform)))
    return REFUSED if level < 0.02 else int(level > 0.25)


WAVEFORMS = [np.full(100, level, dtype=np.float32) for level in (0.5, 0.4, 0.21, 0.001)]
TRUTH = np.array([1, 1, 0, 0])


def test_changes_are_counted_against_the_clean_prediction():
    line, same = iter_robustness(predict, WAVEFORMS, TRUTH, conditions=(QUIET, SAME))

    assert line == RobustnessLine("quieter", 3, pytest.approx(1 / 3), pytest.approx(0.5), 0.9, 0.05)
    assert line.is_passed is False
    assert (same.unchanged, same.uar_drop, same.is_passed) == (1.0, 0.0, True)


def test_a_recording_refused_in_the_condition_counts_as_changed():
    silence = Condition("silence", lambda waveform, _rng, _others: waveform * np.float32(0), 0.9)

    (line,) = iter_robustness(predict, WAVEFORMS, TRUTH, conditions=(silence,))

    assert line.unchanged == 0.0
    assert line.uar_drop == 1.0


def test_a_line_without_a_bound_has_no_verdict():
    (line,) = iter_robustness(predict, WAVEFORMS, TRUTH, conditions=(OPEN,))

    assert line.is_passed is None


def test_a_bound_on_the_drop_alone_is_judged():
    assert RobustnessLine("x", 3, 0.2, 0.01, None, 0.05).is_passed is True
    assert RobustnessLine("x", 3, 1.0, 0.06, 0.9, 0.05).is_passed is False


def test_each_condition_draws_from_its_own_chance():
    drawn = []
    noting = Condition("noting", lambda waveform, rng, _others: (drawn.append(rng.random()), waveform)[1], None)

    list(iter_robustness(predict, WAVEFORMS, TRUTH, conditions=(noting,)))
    alone = drawn.copy()
    drawn.clear()
    list(iter_robustness(predict, WAVEFORMS, TRUTH, conditions=(*CONDITIONS[:1], noting)))

    assert drawn == alone


def test_a_recording_is_never_its_own_babble():
    heard = []
    spying = Condition("spying", lambda waveform, _rng, others: (heard.append(len(others)), waveform)[1], None)

    list(iter_robustness(predict, WAVEFORMS, TRUTH, conditions=(spying,)))

    assert heard == [3, 3, 3]


def test_nothing_to_try_is_an_error():
    with pytest.raises(ValueError, match="at least one: 0, 0"):
        list(iter_robustness(predict, [], np.zeros(0, dtype=np.int64)))
    with pytest.raises(ValueError, match="every clean recording was refused"):
        list(iter_robustness(predict, WAVEFORMS[3:], TRUTH[3:]))
