"""A whole training run: statistics, folds, final head, checkpoint; each step is kept, so a cut run goes on."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from recognizer.corpora import load_corpus
from recognizer.corpora.splits import load_published_split
from recognizer.evaluation.predictions import read_predictions, write_predictions
from recognizer.training.checkpoints import Checkpoint, build_model, save_checkpoint, set_head
from recognizer.training.cross_validation import FittedHead, cross_validate, fit_with_inner_folds, gather
from recognizer.training.errors import TrainingError
from recognizer.training.statistics import ClipStatistics, compute_statistics

if TYPE_CHECKING:
    from pathlib import Path

    from recognizer.corpora.utterance import Utterance
    from recognizer.evaluation.predictions import Prediction
    from recognizer.training.config import TrainingConfig

PREDICTIONS_FOLDER = "predictions"
CHECKPOINT_FOLDER = "checkpoint"

OnProgress = Callable[[str, int, int], None]


def train(
    config: TrainingConfig,
    corpora: Mapping[str, Path],
    out_dir: Path,
    *,
    encoder: str | None = None,
    on_progress: OnProgress = lambda _step, _n_done, _n_total: None,
) -> Path:
    """Train and measure a recognizer on a frozen encoder.

    Args:
        config: the run.
        corpora: folder of each corpus that the run names; others are left alone.
        out_dir: gets `cache/`, `predictions/<protocol>.csv` and `checkpoint/`.
        encoder: a folder to take the encoder from instead of the hub.
        on_progress: told the step, how much of it is done and of how much.

    Returns:
        The checkpoint's folder.

    Raises:
        TrainingError: a corpus has no folder, the protocol's corpus is not among them, or the encoder cannot be had.
        CorpusError: a corpus is broken.
    """
    located = dataclasses.replace(config, encoder=encoder or config.encoder)
    utterances = _load(config, corpora)
    model = build_model(located)
    clips = compute_statistics(
        model,
        utterances,
        config,
        out_dir / "cache",
        on_progress=lambda n_done, n_total: on_progress("statistics", n_done, n_total),
    )
    _measure(clips, config, out_dir / PREDICTIONS_FOLDER, on_progress)
    fitted = fit_with_inner_folds(gather(clips.utterances, clips.values), config, seed=config.seed)
    on_progress("final head", 1, 1)
    set_head(model, fitted)
    checkpoint = Checkpoint(model, config, fitted.temperature, fitted.margin_threshold, _collect_facts(clips, fitted))
    save_checkpoint(out_dir / CHECKPOINT_FOLDER, checkpoint)
    return out_dir / CHECKPOINT_FOLDER


def _load(config: TrainingConfig, corpora: Mapping[str, Path]) -> list[Utterance]:
    missing = [name for name in config.corpora if name not in corpora]
    if missing:
        raise TrainingError(f"run {config.name!r} needs corpus {missing[0]!r}, got folders for {sorted(corpora)}")
    # Now, not after the hours that the statistics may take.
    measured = load_published_split(config.protocol).corpus
    if measured not in config.corpora:
        raise TrainingError(
            f"run {config.name!r}: protocol {config.protocol!r} measures on {measured!r}, got corpora "
            f"{', '.join(config.corpora)}"
        )
    return [utterance for name in config.corpora for utterance in load_corpus(name, corpora[name])]


def _measure(clips: ClipStatistics, config: TrainingConfig, folder: Path, on_progress: OnProgress) -> None:
    """Write the out-of-fold predictions of every seed; a seed that this very run has predicted already is kept."""
    path = folder / f"{config.protocol}.csv"
    kept = list(read_predictions(path).rows) if _is_made_by(path, config) else []
    for seed in range(config.seed, config.seed + config.n_seeds):
        if all(row.seed != seed for row in kept):
            kept += cross_validate(
                clips, config, seed=seed, on_progress=lambda n_done, n_total: on_progress("folds", n_done, n_total)
            )
            _keep_predictions(path, kept, config)


def _is_made_by(predictions_path: Path, config: TrainingConfig) -> bool:
    """Tell whether predictions are there and come from this very run, not from the folder's last one."""
    try:
        made_by = json.loads(_config_path(predictions_path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return predictions_path.exists() and made_by == json.loads(json.dumps(config.to_mapping()))


def _keep_predictions(path: Path, rows: list[Prediction], config: TrainingConfig) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    _config_path(path).unlink(missing_ok=True)
    write_predictions(path, rows)
    _config_path(path).write_text(json.dumps(config.to_mapping()) + "\n", encoding="utf-8")


def _config_path(predictions_path: Path) -> Path:
    return predictions_path.with_suffix(".json")


def _collect_facts(clips: ClipStatistics, fitted: FittedHead) -> dict[str, Any]:
    n_clips = Counter(each.corpus for each in clips.utterances)
    n_speakers = Counter(corpus for corpus, _ in {(each.corpus, each.speaker_id) for each in clips.utterances})
    return {
        "corpora": {name: {"n_clips": n_clips[name], "n_speakers": n_speakers[name]} for name in sorted(n_clips)},
        "refused": [list(pair) for pair in clips.refused],
        "inner_uar": fitted.inner_uar,
    }
