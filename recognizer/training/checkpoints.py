"""Checkpoints: weights as safetensors beside the run's settings and calibration; never pickle."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from recognizer.calibration import Confidence
from recognizer.labels import LABELS
from recognizer.training.encoders import build_encoder
from recognizer.training.errors import TrainingError
from recognizer.training.model import EmotionClassifier
from recognizer.training.run_kinds import parse_run
from recognizer.training.writing import replacing, writing

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from recognizer.training.config import TrainingConfig
    from recognizer.training.head import Head

WEIGHTS_FILE = "model.safetensors"
SETTINGS_FILE = "checkpoint.json"
_POSITIONS = "encoder.positions"
_MOOD_OFFSETS = "mood_offsets"
_SETTINGS = ("labels", "config", "confidence", "facts")


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A trained model and what was fitted with it.

    Attributes:
        model: in evaluation mode.
        config: the run.
        confidence: fitted on speakers not trained on.
        facts: how many clips and speakers of which corpus, and what the inner folds measured.
    """

    model: EmotionClassifier
    config: TrainingConfig
    confidence: Confidence
    facts: dict[str, Any]


def build_model(config: TrainingConfig, *, from_scratch: bool = False, max_s: float | None = None) -> EmotionClassifier:
    """Build the network of a run around its encoder.

    Args:
        config: the run.
        from_scratch: whether to take the architecture alone, to load weights into.
        max_s: longest window that will be heard, in seconds; None for as long as the encoder can. Slowed-down copies
            are longer than a window, so training keeps positions that serving never reaches.

    Raises:
        TrainingError: the encoder cannot be had.
    """
    encoder = build_encoder(config.encoder, n_blocks=config.n_blocks, max_s=max_s, from_scratch=from_scratch)
    return EmotionClassifier(encoder, config).eval()


def set_head(model: EmotionClassifier, head: Head) -> None:
    """Put a fitted head into the network."""
    with torch.no_grad():
        model.statistics_mean.copy_(torch.from_numpy(head.mean))
        model.statistics_std.copy_(torch.from_numpy(head.std))
        model.mood_offsets.copy_(torch.from_numpy(head.mood_offsets))
    model.head.load_state_dict(head.network.state_dict())


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; the settings come last, so that a folder with settings is whole.

    Raises:
        TrainingError: it cannot be written; one that was there before stays.
    """
    weights = {name: tensor.contiguous() for name, tensor in checkpoint.model.state_dict().items()}
    values = (
        LABELS,
        checkpoint.config.to_mapping(),
        dataclasses.asdict(checkpoint.confidence),
        checkpoint.facts,
    )
    settings = json.dumps(dict(zip(_SETTINGS, values, strict=True)), indent=2)
    with writing("the checkpoint", folder):
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(folder / SETTINGS_FILE) as settings_part, replacing(folder / WEIGHTS_FILE) as weights_part:
            save_file(weights, weights_part)
            settings_part.write_text(f"{settings}\n", encoding="utf-8")
            # Until both files are new, the old settings would stand over other weights.
            (folder / SETTINGS_FILE).unlink(missing_ok=True)


def load_checkpoint(folder: Path, *, encoder: str | None = None) -> Checkpoint:
    """Read a checkpoint.

    Args:
        folder: written by `save_checkpoint`.
        encoder: where the encoder's configuration lies now, if not where the run found it.

    Raises:
        TrainingError: a file is missing or broken, the labels or their order differ, or the head was never trained.
    """
    try:
        settings = json.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8"))
        labels, fields, confidence, facts = (settings[key] for key in _SETTINGS)
        weights = load_file(folder / WEIGHTS_FILE)
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise TrainingError(f"expected a checkpoint in {str(folder)!r}, got {error!r}") from error
    if labels != list(LABELS):
        raise TrainingError(f"checkpoint {str(folder)!r}: expected labels {list(LABELS)}, got {labels}")
    config = parse_run(fields, where=str(folder / SETTINGS_FILE))
    located = dataclasses.replace(config, encoder=encoder or config.encoder)
    model = build_model(located, from_scratch=True, max_s=config.window_s)
    # Checkpoints of before moods were told from voices have no offsets; zeros take nothing out.
    weights.setdefault(_MOOD_OFFSETS, model.mood_offsets)
    try:
        model.load_state_dict(_shorten_positions(weights, model))
    except RuntimeError as error:
        raise TrainingError(
            f"checkpoint {str(folder)!r}: its weights don't fit encoder {located.encoder!r}: {error}"
        ) from error
    if not torch.count_nonzero(model.statistics_mean):
        raise TrainingError(f"checkpoint {str(folder)!r}: its head was never trained")
    return Checkpoint(model.eval(), config, Confidence(**confidence), facts)


def _shorten_positions(weights: dict[str, Tensor], model: EmotionClassifier) -> dict[str, Tensor]:
    """Drop the positions of frames that no window has."""
    kept = model.state_dict().get(_POSITIONS)
    if kept is None or _POSITIONS not in weights:
        return weights
    return {**weights, _POSITIONS: weights[_POSITIONS][: len(kept)]}
