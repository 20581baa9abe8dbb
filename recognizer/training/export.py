"""Turn a checkpoint into a bundle that serves: ONNX, int8 matrix products, parity and a model card."""

from __future__ import annotations

import dataclasses
import logging
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnx
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

from recognizer.audio import SAMPLE_RATE
from recognizer.bundles import Bundle, BundleDescription, compute_sha256, write_bundle
from recognizer.calibration import Calibration, apply_temperature, compute_margin
from recognizer.training.clip_quality import ClipQuality, check_quality, compare_on_clips
from recognizer.training.errors import TrainingError
from recognizer.training.tuning_config import FineTuningConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from recognizer.corpora.utterance import Utterance
    from recognizer.training.checkpoints import Checkpoint
    from recognizer.training.config import TrainingConfig

OPSET = 17
# Largest difference of any logit between torch and the float32 graph.
PARITY_TOLERANCE = 1e-3
# int8 moves logits; beyond this share of other answers on noise-like input the bundle stays float32.
MIN_INT8_AGREEMENT = 0.95

# Smaller tensors, biases and scales, are not worth the loss.
_LEAST_NARROWED = 10_000


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What exporting measured.

    Attributes:
        largest_difference: of any logit between torch and float32 ONNX.
        int8_agreement: share of test windows for which int8 names the same label as float32, of those that float32
            answers without doubt.
        int8_shift: how much probability int8 moves from one label to others, mean over the test windows.
        size_bytes: of the ONNX file that ships.
        quality: on recordings; None where none were given.
    """

    largest_difference: float
    int8_agreement: float
    int8_shift: float
    size_bytes: int
    quality: ClipQuality | None = None


def export(  # noqa: PLR0913 - what a bundle is made of
    checkpoint: Checkpoint,
    folder: Path,
    *,
    version: str,
    model_card: str,
    is_quantized: bool = True,
    clips: Sequence[Utterance] = (),
    on_progress: Callable[[int, int], None] = lambda _n_done, _n_total: None,
) -> tuple[Bundle, ExportReport]:
    """Write a bundle and prove that it answers as the checkpoint does.

    Args:
        checkpoint: in evaluation mode.
        folder: where the bundle shall lie; an old one is replaced only by a whole one.
        version: of the weights.
        model_card: Markdown.
        is_quantized: whether matrix products become int8.
        clips: recordings that torch and the exported file shall both hear.
        on_progress: told how many of them are heard and of how many.

    Raises:
        TrainingError: the exported graph answers differently, or hears clearly worse.
    """
    windows = _make_windows(checkpoint.config.window_s)
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Where the bundle will lie, there must be room anyway; the system's folder for such files may be memory.
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as scratch:
        exact = Path(scratch) / "exact.onnx"
        _write_onnx(checkpoint, exact)
        largest = _compare(checkpoint, exact, windows)
        small = Path(scratch) / "int8.onnx"
        _quantize(exact, small)
        _store_as_float16(small)
        agreement, shift = _measure_agreement(checkpoint, exact, small, windows)
        if is_quantized and agreement < MIN_INT8_AGREEMENT:
            raise TrainingError(
                f"int8 agrees with float32 on {agreement:.1%} of the test windows it answers, expected "
                f"{MIN_INT8_AGREEMENT:.0%} or more; export without quantizing"
            )
        model_file = small if is_quantized else exact
        quality = compare_on_clips(checkpoint, model_file, clips, on_progress=on_progress) if clips else None
        if quality:
            check_quality(checkpoint.config.name, quality)
        bundle = write_bundle(
            folder,
            _describe(checkpoint, model_file, version),
            model_file=model_file,
            # The network standardizes, so voices are measured from zero.
            statistics_mean=np.zeros(checkpoint.model.statistics_dim, dtype=np.float32),
            mood_offsets=checkpoint.model.mood_offsets.numpy(),
            model_card=model_card,
        )
    return bundle, ExportReport(largest, agreement, shift, bundle.model_file.stat().st_size, quality)


def _write_onnx(checkpoint: Checkpoint, path: Path) -> None:
    model = checkpoint.model
    example = (torch.zeros(2, SAMPLE_RATE), torch.zeros(1, model.statistics_dim))
    with warnings.catch_warnings():
        # It warns that it is the old exporter, which needs no further package, and that lengths may have become
        # constants, which comparing windows of several lengths would show.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            example,
            str(path),
            input_names=["waveform", "center"],
            output_names=["logits", "statistics"],
            dynamic_axes={
                "waveform": {0: "n_windows", 1: "n_samples"},
                "logits": {0: "n_windows"},
                "statistics": {0: "n_windows"},
            },
            opset_version=OPSET,
            dynamo=False,
        )


def _quantize(exact: Path, small: Path) -> None:
    root = logging.getLogger()
    root.addFilter(_is_no_advice)
    try:
        # Convolutions stay float32: their int8 kernels have been seen to run many times slower.
        quantize_dynamic(
            exact, small, op_types_to_quantize=["MatMul", "Gemm"], weight_type=QuantType.QInt8, per_channel=True
        )
    finally:
        root.removeFilter(_is_no_advice)


def _is_no_advice(record: logging.LogRecord) -> bool:
    """Tell whether a message is other than the advice to optimize the graph first, which no user could follow."""
    return "pre-processing before quantization" not in record.getMessage()


def _store_as_float16(path: Path) -> None:
    """Keep what stays float32 in a quantized graph as float16 on disk; ONNX Runtime widens it once, when loading."""
    graph_file = onnx.load(path)
    graph = graph_file.graph
    for tensor in list(graph.initializer):
        if tensor.data_type != onnx.TensorProto.FLOAT or np.prod(tensor.dims) < _LEAST_NARROWED:
            continue
        narrow = onnx.numpy_helper.from_array(
            onnx.numpy_helper.to_array(tensor).astype(np.float16), f"{tensor.name}_float16"
        )
        widen = onnx.helper.make_node("Cast", [narrow.name], [tensor.name], to=onnx.TensorProto.FLOAT)
        graph.initializer.remove(tensor)
        graph.initializer.append(narrow)
        graph.node.insert(0, widen)
    onnx.checker.check_model(graph_file)
    onnx.save(graph_file, path)


def _make_windows(window_s: float) -> list[np.ndarray]:
    """Make voice-like test sounds of several lengths: buzzes with moving pitch and loudness, over noise."""
    rng = np.random.default_rng(0)
    windows = []
    for duration_s in (0.5, 1.3, window_s):
        for _ in range(8):
            t = np.arange(int(duration_s * SAMPLE_RATE)) / SAMPLE_RATE
            pitch_hz = rng.uniform(90, 300) * (1 + 0.2 * np.sin(2 * np.pi * rng.uniform(0.5, 3) * t))
            phase = 2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE
            buzz = sum(np.sin(k * phase) / k for k in range(1, 12))
            envelope = 0.5 + 0.5 * np.sin(2 * np.pi * rng.uniform(2, 6) * t)
            sound = 0.1 * envelope * buzz + 0.005 * rng.standard_normal(len(t))
            windows.append(sound.astype(np.float32)[None])
    return windows


def _run(path: Path, windows: list[np.ndarray], statistics_dim: int) -> np.ndarray:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    center = np.zeros((1, statistics_dim), dtype=np.float32)
    return np.concatenate([session.run(["logits"], {"waveform": each, "center": center})[0] for each in windows])


def _compare(checkpoint: Checkpoint, path: Path, windows: list[np.ndarray]) -> float:
    with torch.inference_mode():
        expected = torch.cat([checkpoint.model(torch.from_numpy(each))[0] for each in windows]).numpy()
    largest = float(np.abs(expected - _run(path, windows, checkpoint.model.statistics_dim)).max())
    if largest > PARITY_TOLERANCE:
        raise TrainingError(
            f"the exported graph differs from the checkpoint by {largest:.2g} in a logit, expected "
            f"{PARITY_TOLERANCE:g} or less"
        )
    return largest


def _measure_agreement(
    checkpoint: Checkpoint, exact: Path, small: Path, windows: list[np.ndarray]
) -> tuple[float, float]:
    """Return the share of answered windows for which both name one label, and the mean distance of all posteriors."""
    pair = [_run(path, windows, checkpoint.model.statistics_dim) for path in (exact, small)]
    posteriors = [apply_temperature(logits, checkpoint.confidence.temperature) for logits in pair]
    # Where the model abstains anyway, made-up sounds lie on the very border of two labels and say nothing.
    is_answered = compute_margin(pair[0]) >= checkpoint.confidence.margin_threshold
    is_same = pair[0].argmax(axis=1) == pair[1].argmax(axis=1)
    agreement = float(is_same[is_answered].mean()) if is_answered.any() else float(is_same.mean())
    return agreement, float(np.abs(posteriors[0] - posteriors[1]).sum(axis=1).mean() / 2)


def _describe(checkpoint: Checkpoint, model_file: Path, version: str) -> BundleDescription:
    config = checkpoint.config
    return BundleDescription(
        name=config.name,
        version=version,
        window_s=config.window_s,
        hop_s=config.hop_s,
        statistics_dim=checkpoint.model.statistics_dim,
        calibration=Calibration(
            **dataclasses.asdict(checkpoint.confidence),
            model_sha256=compute_sha256(model_file),
            fitted_on=_name_calibration_speakers(config),
        ),
    )


def _name_calibration_speakers(config: TrainingConfig) -> str:
    kind = "validation" if isinstance(config, FineTuningConfig) else "out-of-fold"
    return f"{kind} speakers of {', '.join(config.corpora)}"
