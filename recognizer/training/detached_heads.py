"""What we trained of a checkpoint, apart from the public encoder below it: kept, and joined with that encoder again."""

from __future__ import annotations

import dataclasses
import json
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from recognizer.audio import SAMPLE_RATE
from recognizer.bundles import CARD_FILE, HEAD_FILE, compute_sha256
from recognizer.calibration import Confidence
from recognizer.labels import LABELS
from recognizer.training.checkpoints import Checkpoint, build_model
from recognizer.training.errors import TooFewBlocksError, TrainingError, WrongEncoderError
from recognizer.training.run_kinds import parse_run
from recognizer.training.tuning_config import FineTuningConfig
from recognizer.training.writing import writing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from recognizer.training.config import TrainingConfig
    from recognizer.training.model import EmotionClassifier

FORMAT: Final = 1
WEIGHTS_FILE: Final = "head.safetensors"
# Root mean square of how far an encoder's statistics of the made-up sounds may lie off, in standard deviations of the
# training clips. Whisper-base rounded to float16 lies .004 off, with a thousandth of noise on its weights .016.
FINGERPRINT_TOLERANCE: Final = 0.03

_ENCODER = "encoder."
_FINGERPRINT = "fingerprint"
# Smaller tensors, what standardizes among them, are not worth the loss.
_LEAST_NARROWED = 10_000


@dataclass(frozen=True, eq=False)
class DetachedHead:
    """All of a checkpoint but its encoder.

    Attributes:
        config: the run; its `encoder` is the hub name of the encoder.
        version: of the weights.
        revision: commit of the encoder on the hub; None for its newest.
        width: of the encoder's states.
        confidence: fitted on speakers not trained on.
        facts: what the checkpoint knows about its training.
        weights: by name, as the classifier calls them.
        fingerprint: shape (n_sounds, statistics_dim), standardized statistics of the made-up sounds.
        model_card: Markdown.
    """

    config: TrainingConfig
    version: str
    revision: str | None
    width: int
    confidence: Confidence
    facts: dict[str, Any]
    weights: dict[str, Tensor]
    fingerprint: Tensor
    model_card: str


def save_head(
    folder: Path, checkpoint: Checkpoint, *, version: str, revision: str | None = None, model_card: str = ""
) -> None:
    """Write what was trained of a checkpoint; a folder already there is replaced by a whole one.

    Args:
        folder: where it shall lie.
        checkpoint: of a head over a frozen encoder.
        version: of the weights.
        revision: commit of the encoder on the hub.
        model_card: Markdown.

    Raises:
        TrainingError: its encoder was trained too, so the public one would not do; or there is no room for it.
    """
    config = checkpoint.config
    if isinstance(config, FineTuningConfig):
        raise TrainingError(
            f"run {config.name!r} trained its encoder {config.encoder!r}: only a whole bundle holds that"
        )
    weights = {
        name: _narrow(tensor) for name, tensor in checkpoint.model.state_dict().items() if not name.startswith(_ENCODER)
    }
    fingerprint = compute_fingerprint(checkpoint.model)
    with writing("the head", folder), _replacing_folder(folder) as partial:
        save_file({**weights, _FINGERPRINT: fingerprint}, partial / WEIGHTS_FILE)
        # Safetensors are made for their owner's eyes alone.
        (partial / WEIGHTS_FILE).chmod(0o644)
        (partial / CARD_FILE).write_text(model_card, encoding="utf-8")
        fields = {
            "format": FORMAT,
            "version": version,
            "labels": LABELS,
            "config": config.to_mapping(),
            "revision": revision,
            "width": checkpoint.model.encoder.hidden_size,
            "confidence": dataclasses.asdict(checkpoint.confidence),
            "facts": checkpoint.facts,
            "files": {WEIGHTS_FILE: compute_sha256(partial / WEIGHTS_FILE)},
        }
        (partial / HEAD_FILE).write_text(json.dumps(fields, indent=2) + "\n", encoding="utf-8")


@contextmanager
def _replacing_folder(folder: Path) -> Iterator[Path]:
    """Give a folder to write to, which takes the other's place if all goes well and else goes away."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as scratch:
        partial = Path(scratch) / "head"
        partial.mkdir()
        yield partial
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)


def load_head(folder: Path) -> DetachedHead:
    """Read what `save_head` wrote.

    Raises:
        TrainingError: a file is missing, altered or of another format, or the labels or their order differ.
    """
    try:
        fields = json.loads((folder / HEAD_FILE).read_text(encoding="utf-8"))
        _check_constants(fields, folder)
        weights = load_file(folder / WEIGHTS_FILE)
        return DetachedHead(
            config=parse_run(fields["config"], where=str(folder / HEAD_FILE)),
            version=str(fields["version"]),
            revision=fields["revision"],
            width=int(fields["width"]),
            confidence=Confidence(**fields["confidence"]),
            facts=fields["facts"],
            fingerprint=weights.pop(_FINGERPRINT),
            weights={name: tensor.float() for name, tensor in weights.items()},
            model_card=(folder / CARD_FILE).read_text(encoding="utf-8"),
        )
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise TrainingError(f"expected a head in {str(folder)!r}, got {error!r}") from error


def join_head(head: DetachedHead, encoder: str) -> Checkpoint:
    """Put a head over the encoder it was trained on.

    Args:
        head: from `load_head`.
        encoder: folder, or hub name.

    Raises:
        TrainingError: the encoder cannot be read, or the head's weights don't fit the run's network.
        WrongEncoderError: its size or its answers are another's.
    """
    config = head.config
    try:
        model = build_model(dataclasses.replace(config, encoder=encoder), max_s=config.window_s)
    except TooFewBlocksError as error:
        reason = f"expected {config.n_blocks} blocks or more, got {error.n_blocks}"
        raise WrongEncoderError(encoder, config.encoder, reason) from error
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise TrainingError(f"cannot read encoder {encoder!r}: {error}") from error
    if model.encoder.hidden_size != head.width:
        reason = f"expected states {head.width} wide, got {model.encoder.hidden_size}"
        raise WrongEncoderError(encoder, config.encoder, reason)
    own = {name: tensor for name, tensor in model.state_dict().items() if name.startswith(_ENCODER)}
    try:
        model.load_state_dict({**own, **head.weights})
    except RuntimeError as error:
        raise TrainingError(f"head {config.name!r}: its weights don't fit its run: {error}") from error
    _check_fingerprint(model, head, encoder)
    return Checkpoint(model.eval(), config, head.confidence, head.facts)


@torch.inference_mode()
def compute_fingerprint(model: EmotionClassifier) -> Tensor:
    """Let a model hear the made-up sounds: standardized statistics, shape (n_sounds, statistics_dim)."""
    return torch.cat([model(torch.from_numpy(sound)[None])[1] for sound in _make_sounds()])


def _check_fingerprint(model: EmotionClassifier, head: DetachedHead, encoder: str) -> None:
    difference = compute_fingerprint(model) - head.fingerprint
    largest = float(difference.pow(2).mean(dim=1).sqrt().max())
    # Written so that nan is too far.
    if not largest <= FINGERPRINT_TOLERANCE:
        reason = (
            f"its statistics of made-up sounds lie {largest:.2g} standard deviations off, expected "
            f"{FINGERPRINT_TOLERANCE:g} or less, so its weights are others"
        )
        raise WrongEncoderError(encoder, head.config.encoder, reason)


def _make_sounds() -> list[np.ndarray]:
    """Make two sounds by formula alone: no generator that the next version of a library may change."""
    sounds = []
    for pitch_hz, duration_s in ((110.0, 1.0), (230.0, 3.0)):
        n = np.arange(int(duration_s * SAMPLE_RATE))
        t = n / SAMPLE_RATE
        phase = 2 * np.pi * pitch_hz * (t + 0.03 * np.sin(2 * np.pi * 1.5 * t))
        buzz = sum(np.sin(k * phase) / k for k in range(1, 12))
        hiss = np.cos(2 * np.pi * ((n * n * 7919) % SAMPLE_RATE) / SAMPLE_RATE)
        sound = 0.1 * (0.5 + 0.5 * np.sin(2 * np.pi * 3.0 * t)) * buzz + 0.005 * hiss
        sounds.append(sound.astype(np.float32))
    return sounds


def _narrow(tensor: Tensor) -> Tensor:
    """Keep large tensors as float16, which is finer than the int8 that they become in a bundle."""
    is_large = tensor.is_floating_point() and tensor.numel() >= _LEAST_NARROWED
    return (tensor.half() if is_large else tensor).contiguous()


def _check_constants(fields: dict[str, Any], folder: Path) -> None:
    for name, value in {"format": FORMAT, "labels": list(LABELS)}.items():
        if fields[name] != value:
            raise ValueError(f"{name} {fields[name]!r} where {value!r} was expected")
    digits = compute_sha256(folder / WEIGHTS_FILE)
    if digits != fields["files"][WEIGHTS_FILE]:
        raise ValueError(f"{WEIGHTS_FILE} altered: its sha256 begins with {digits[:12]}")
