"""The kinds of run a TOML file may describe: a head on a frozen encoder, a probe of one, fine-tuning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from recognizer.training import probe_config, tuning_config
from recognizer.training.config import TrainingConfig, read_toml
from recognizer.training.errors import TrainingError
from recognizer.training.probe_config import ProbeConfig
from recognizer.training.tuning_config import FineTuningConfig

if TYPE_CHECKING:
    from pathlib import Path

_KINDS: Final[dict[object, type[TrainingConfig]]] = {
    tuning_config.METHOD: FineTuningConfig,
    probe_config.METHOD: ProbeConfig,
}


def read_run(path: Path) -> TrainingConfig:
    """Read a run of any kind from a TOML file; its `method` tells which.

    Raises:
        TrainingError: the file is no TOML, misses a key or has one that is unknown.
    """
    return parse_run(read_toml(path), where=str(path))


def parse_run(content: dict[str, Any], *, where: str) -> TrainingConfig:
    """Make a run of any kind from plain values.

    Raises:
        TrainingError: a key is missing or unknown.
    """
    if "method" not in content:
        return TrainingConfig.from_mapping(content, where=where)
    kind = _KINDS.get(content["method"])
    if kind is None:
        raise TrainingError(f"{where}: method must be {' or '.join(map(str, _KINDS))}, got {content['method']!r}")
    return kind.from_mapping(content, where=where)
