from __future__ import annotations

import pytest

from recognizer.evaluation.errors import PredictionsError
from recognizer.evaluation.heard import COLUMNS, HeardFile

LOGITS = (-0.5, -1.5, -2.5, -3.5)


def test_what_was_heard_is_known_to_the_next_run(tmp_path):
    first = HeardFile(tmp_path / "heard")
    first.add("ab12", LOGITS)
    second = HeardFile(tmp_path / "heard")
    second.add("cd34", LOGITS[::-1])

    third = HeardFile(tmp_path / "heard")

    assert first.find_logits("ab12") == third.find_logits("ab12") == LOGITS
    assert third.find_logits("cd34") == LOGITS[::-1]
    assert third.find_logits("ef56") is None


@pytest.mark.parametrize("n_bytes", [1, 10, len(",".join(COLUMNS)) + 1, len(",".join(COLUMNS)) + 20])
def test_a_line_that_was_cut_off_is_not_believed(tmp_path, n_bytes):
    path = tmp_path / "heard"
    HeardFile(path).add("ab12", LOGITS)
    path.write_bytes(path.read_bytes()[:n_bytes])

    resumed = HeardFile(path)
    resumed.add("cd34", LOGITS)

    assert resumed.find_logits("ab12") is None
    assert HeardFile(path).find_logits("cd34") == LOGITS


@pytest.mark.parametrize(
    ("written", "complaint"),
    [("precious\n", r"came \['precious'\]"), (",".join(COLUMNS) + "\nab12,1,2,x,4\n", "'x'"), ("\n", r"came \[\]")],
)
def test_what_no_run_wrote_is_refused(tmp_path, written, complaint):
    path = tmp_path / "heard"
    path.write_text(written)

    with pytest.raises(PredictionsError, match=rf"heard': expected what a run heard before, .*{complaint}"):
        HeardFile(path)
