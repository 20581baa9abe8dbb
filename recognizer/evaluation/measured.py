"""What predictions cannot tell: robustness, speed, memory and voices' pitch, measured once on a bundle and kept.

`measured.json` lies in the folder of kept predictions and says for which weights it holds.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from recognizer.evaluation.errors import PredictionsError
from recognizer.evaluation.robustness import RobustnessLine

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE_NAME: Final = "measured.json"
FORMAT: Final = 1


@dataclass(frozen=True)
class Measured:
    """What one run of a recognizer over recordings measured.

    Attributes:
        model: name and version.
        weights_sha256: hash of the weights it holds for; empty for a recognizer that is no bundle.
        corpora: names of the corpora the recordings were drawn from.
        command: what to type to measure it again.
        robustness: lines of the suite.
        speed: figure by name, each with its unit in the name, such as `latency_3s_ms_p50`.
        pitch_hz_by_speaker: median pitch by `corpus/speaker`, of voices whose pitch could be told.
    """

    model: str
    weights_sha256: str
    corpora: tuple[str, ...]
    command: str
    robustness: tuple[RobustnessLine, ...]
    speed: Mapping[str, float]
    pitch_hz_by_speaker: Mapping[str, float]


def write_measured(path: Path, measured: Measured) -> None:
    """Write the file, through a neighbor, so that a cut run leaves the old one."""
    content = {"format": FORMAT, **asdict(measured)}
    path.parent.mkdir(parents=True, exist_ok=True)
    neighbor = path.with_name(f"{path.name}.part")
    neighbor.write_text(json.dumps(_round(content), indent=1, allow_nan=False) + "\n", encoding="utf-8")
    neighbor.replace(path)


def read_measured(path: Path) -> Measured:
    """Read what `write_measured` wrote.

    Raises:
        PredictionsError: it is no such file.
    """
    try:
        return _parse(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PredictionsError(path, f"expected what a run over recordings measured, got {error!r}") from error


def _parse(content: Any) -> Measured:  # noqa: ANN401 - whatever a file held
    if content["format"] != FORMAT:
        raise ValueError(f"format {content['format']!r}, expected {FORMAT}")
    return Measured(
        model=str(content["model"]),
        weights_sha256=str(content["weights_sha256"]),
        corpora=tuple(content["corpora"]),
        command=str(content["command"]),
        robustness=tuple(RobustnessLine(**line) for line in content["robustness"]),
        speed={name: float(value) for name, value in content["speed"].items()},
        pitch_hz_by_speaker={name: float(value) for name, value in content["pitch_hz_by_speaker"].items()},
    )


def _round(value: Any) -> Any:  # noqa: ANN401 - whatever JSON can hold
    if isinstance(value, dict):
        return {key: _round(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_round(inner) for inner in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value
