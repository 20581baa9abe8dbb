"""Run what a TOML file describes, a frozen encoder's head or fine-tuning, and the protocols it is measured by."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recognizer.training.errors import TrainingError
from recognizer.training.head_run import HeadRun
from recognizer.training.processes import refuse_several_processes
from recognizer.training.protocols import LEAVE_ONE_OUT
from recognizer.training.run_kinds import read_run
from recognizer.training.tuning_config import FineTuningConfig
from recognizer.training.tuning_run import TuningRun

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from recognizer.training.run_log import OnProgress


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What a run made.

    Attributes:
        predictions: the files of predictions that are whole.
        checkpoint: its folder, if there is one.
        refused: utterance id and reason, of clips left out as serving would refuse them.
    """

    predictions: tuple[Path, ...]
    checkpoint: Path | None
    refused: tuple[tuple[str, str], ...]


def run_any(  # noqa: PLR0913 - the choices of the command line
    config_path: Path,
    corpora_dirs: Mapping[str, Path],
    out_dir: Path,
    *,
    on_progress: OnProgress,
    encoder: str | None = None,
    corpora: Sequence[str] = (),
    protocols: Sequence[str] = (),
    folds: Sequence[str] = (),
    seeds: Sequence[int] = (),
    is_measured: bool = True,
    is_robustness_measured: bool = False,
    is_final: bool = True,
) -> RunOutcome:
    """Measure and train.

    Args:
        config_path: a TOML file.
        corpora_dirs: folder of each corpus at hand.
        out_dir: gets all the run keeps; a run that was cut off goes on.
        on_progress: told the step, how much of it is done and of how much.
        encoder: a folder to take the encoder from instead of the hub.
        corpora: trained on instead of those that the file names.
        protocols: measured by instead of the one that the file names; `leave-one-corpus-out` stands for one of each
            corpus at hand that the file names.
        folds: those to train now; all unless given.
        seeds: those to train now; all unless given.
        is_measured: whether to measure at all.
        is_robustness_measured: whether the folds' heads hear their test clips through the robustness suite, too.
        is_final: whether to train on everything at last.

    Raises:
        TrainingError: the file, a name or a training is wrong; see the message.
    """
    config = read_run(config_path)
    config.check_seeds(seeds)
    left_out = [name for name in config.corpora if name in corpora_dirs]
    if corpora:
        config = dataclasses.replace(config, corpora=tuple(corpora))
    chosen = (
        []
        if not is_measured
        else _spell_out(protocols or (config.protocol,), [name for name in left_out if config.corpora != (name,)])
    )
    if is_robustness_measured and isinstance(config, FineTuningConfig):
        raise TrainingError(
            "robustness out of fold is measured of heads on a frozen encoder, this run fine-tunes its own"
        )
    if not isinstance(config, FineTuningConfig):
        refuse_several_processes("a head on a frozen encoder")
    given: dict[str, Any] = {"encoder": encoder, "protocols": chosen, "on_progress": on_progress}
    run = (
        TuningRun(config, corpora_dirs, out_dir, **given)
        if isinstance(config, FineTuningConfig)
        else HeadRun(config, corpora_dirs, out_dir, **given)
    )
    files = [run.measure(protocol, folds=folds, seeds=seeds) for protocol in chosen]
    if is_robustness_measured and isinstance(run, HeadRun):
        files += [path for protocol in chosen for path in run.measure_robustness(protocol, folds=folds, seeds=seeds)]
    return RunOutcome(
        predictions=tuple(path for path in files if path),
        checkpoint=run.train_final() if is_final else None,
        refused=run.refused,
    )


def _spell_out(protocols: Sequence[str], corpora: Sequence[str]) -> list[str]:
    return [
        name
        for protocol in protocols
        for name in ([f"{protocol}-{corpus}" for corpus in corpora] if protocol == LEAVE_ONE_OUT else [protocol])
    ]
