"""Compare an exported model with the network it was made of, on recordings at hand."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import onnxruntime
import torch

from recognizer.corpora import CORPORA, load_corpus
from recognizer.errors import UnreadableAudioError, UnusableClipError
from recognizer.labels import LABELS
from recognizer.metrics import uar
from recognizer.training.errors import TrainingError
from recognizer.training.statistics import load_speech

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from recognizer.corpora.utterance import Utterance
    from recognizer.training.checkpoints import Checkpoint

# What int8 may cost on recordings before the bundle is refused.
MAX_UAR_LOSS: Final = 0.02


@dataclass(frozen=True, slots=True)
class ClipQuality:
    """How an exported model does beside its network, on the same windows of speech.

    Attributes:
        n_clips: how many recordings both heard.
        uar_torch: of the network.
        uar_onnx: of the exported file.
        agreement: share of the recordings for which both name one label.
    """

    n_clips: int
    uar_torch: float
    uar_onnx: float
    agreement: float


def load_clips(data_dir: Path, n_clips: int, *, seed: int = 0) -> list[Utterance]:
    """Draw recordings from the corpora whose folders lie in one folder, every label as often as there are enough of.

    Raises:
        TrainingError: there is no corpus that we know.
        CorpusError: a corpus is broken.
    """
    names = [name for name in CORPORA if (data_dir / name).is_dir()]
    if not names:
        raise TrainingError(f"expected a corpus of {', '.join(CORPORA)} in {str(data_dir)!r}, got none")
    utterances = [utterance for name in names for utterance in load_corpus(name, data_dir / name)]
    rng = np.random.default_rng(seed)
    drawn: list[Utterance] = []
    for label in LABELS:
        of_label = [each for each in utterances if each.label == label]
        n_drawn = min(len(of_label), math.ceil(n_clips / len(LABELS)))
        drawn += [of_label[row] for row in rng.permutation(len(of_label))[:n_drawn]]
    return drawn


def compare_on_clips(
    checkpoint: Checkpoint,
    model_file: Path,
    clips: Sequence[Utterance],
    *,
    on_progress: Callable[[int, int], None] = lambda _n_done, _n_total: None,
) -> ClipQuality:
    """Let the network and its exported file hear recordings; those that serving would refuse are left out.

    Raises:
        TrainingError: none of them can be heard.
    """
    session = onnxruntime.InferenceSession(str(model_file), providers=["CPUExecutionProvider"])
    center = np.zeros((1, checkpoint.model.statistics_dim), dtype=np.float32)
    truth: list[int] = []
    answers: list[tuple[int, int]] = []
    for n_done, clip in enumerate(clips, start=1):
        on_progress(n_done, len(clips))
        try:
            window = np.ascontiguousarray(load_speech(clip, window_s=checkpoint.config.window_s))[None]
        except (UnreadableAudioError, UnusableClipError):
            continue
        with torch.inference_mode():
            expected = checkpoint.model(torch.from_numpy(window))[0].numpy()
        found = session.run(["logits"], {"waveform": window, "center": center})[0]
        truth.append(LABELS.index(clip.label))
        answers.append((int(expected.argmax()), int(found.argmax())))
    if not answers:
        raise TrainingError(f"expected recordings to compare the exported model on, got none of {len(clips)} to hear")
    by_torch, by_onnx = np.array(answers).T
    return ClipQuality(
        n_clips=len(answers),
        uar_torch=float(uar(np.array(truth), by_torch)),
        uar_onnx=float(uar(np.array(truth), by_onnx)),
        agreement=float((by_torch == by_onnx).mean()),
    )


def check_quality(name: str, quality: ClipQuality) -> None:
    """Refuse an exported model that hears clearly worse than its network.

    Raises:
        TrainingError: it loses more than `MAX_UAR_LOSS`.
    """
    if quality.uar_onnx < quality.uar_torch - MAX_UAR_LOSS:
        raise TrainingError(
            f"the exported {name!r} has UAR {quality.uar_onnx:.3f} on {quality.n_clips} recordings, its network "
            f"{quality.uar_torch:.3f}: expected a loss of {MAX_UAR_LOSS} or less; try --float32"
        )
