from __future__ import annotations

import json

import pytest

from recognizer.evaluation.errors import PredictionsError
from recognizer.evaluation.measured import Measured, read_measured, write_measured
from recognizer.evaluation.robustness import RobustnessLine

MEASURED = Measured(
    model="small 1",
    weights_sha256="ab" * 32,
    corpora=("ravdess",),
    command="again",
    robustness=(RobustnessLine("noise", 20, 0.97, 0.01, 0.95, None, 0.8),),
    speed={"latency_3s_ms_p50": 20.5},
    pitch_hz_by_speaker={"ravdess/01": 120.0},
)


def test_what_is_written_is_read_again(tmp_path):
    path = tmp_path / "deep" / "measured.json"

    write_measured(path, MEASURED)

    assert read_measured(path) == MEASURED
    assert [file.name for file in path.parent.iterdir()] == ["measured.json"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: [],
        lambda fields: {**fields, "format": 2},
        lambda fields: {**fields, "speed": {"x": "fast"}},
        lambda fields: {**fields, "robustness": [{"name": "noise"}]},
        lambda fields: {name: value for name, value in fields.items() if name != "model"},
    ],
)
def test_a_file_that_no_run_wrote_is_named(damage, tmp_path):
    path = tmp_path / "measured.json"
    write_measured(path, MEASURED)
    path.write_text(json.dumps(damage(json.loads(path.read_text()))))

    with pytest.raises(PredictionsError, match=r"measured\.json.*expected what a run over recordings measured"):
        read_measured(path)
