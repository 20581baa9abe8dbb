"""A recognizer bundle with a model of four numbers, real in every other way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from recognizer.bundles import Bundle, BundleDescription, compute_sha256, write_bundle
from recognizer.calibration import Calibration

if TYPE_CHECKING:
    from pathlib import Path

# Columns in the order of LABELS: loud sounds angry, soft sounds sad.
WEIGHTS = np.array([[0.0, -20.0, 20.0, 0.0], [1.0, 0.0, 10.0, 2.0]], dtype=np.float32)
BIAS = np.array([0.0, 1.0, -1.0, 0.5], dtype=np.float32)
STATISTICS_MEAN = np.array([0.05, 0.08], dtype=np.float32)


def compute_tiny_statistics(waveforms: np.ndarray) -> np.ndarray:
    """Restate the model's statistics: mean size and root mean square, shape (n_windows, 2)."""
    return np.stack([np.abs(waveforms).mean(axis=1), np.sqrt((waveforms**2).mean(axis=1))], axis=1)


def compute_tiny_logits(waveforms: np.ndarray, center: np.ndarray) -> np.ndarray:
    """Restate the model."""
    return (compute_tiny_statistics(waveforms) - STATISTICS_MEAN - center) @ WEIGHTS + BIAS


def write_tiny_model(file: Path, *, bias: np.ndarray = BIAS, input_name: str = "waveform") -> Path:
    nodes = [
        helper.make_node("Abs", [input_name], ["size"]),
        helper.make_node("ReduceMean", ["size", "axis"], ["mean_size"], keepdims=1),
        helper.make_node("Mul", [input_name, input_name], ["power"]),
        helper.make_node("ReduceMean", ["power", "axis"], ["mean_power"], keepdims=1),
        helper.make_node("Sqrt", ["mean_power"], ["rms"]),
        helper.make_node("Concat", ["mean_size", "rms"], ["statistics"], axis=1),
        helper.make_node("Sub", ["statistics", "training_mean"], ["relative"]),
        helper.make_node("Sub", ["relative", "center"], ["centered"]),
        helper.make_node("Gemm", ["centered", "weights", "bias"], ["logits"]),
    ]
    constants = {"axis": np.array([1]), "training_mean": STATISTICS_MEAN[None], "weights": WEIGHTS, "bias": bias}
    graph = helper.make_graph(
        nodes,
        "tiny",
        [
            helper.make_tensor_value_info(input_name, TensorProto.FLOAT, ["n_windows", "n_samples"]),
            helper.make_tensor_value_info("center", TensorProto.FLOAT, [1, 2]),
        ],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n_windows", 4]),
            helper.make_tensor_value_info("statistics", TensorProto.FLOAT, ["n_windows", 2]),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.save(model, file)
    return file


def describe_tiny_model(
    model_file: Path,
    *,
    temperature: float = 1.5,
    margin_threshold: float = 0.0,
    conformal_quantile: float | None = None,
    largest_distance: float | None = None,
):
    calibration = Calibration(
        temperature=temperature,
        margin_threshold=margin_threshold,
        conformal_quantile=conformal_quantile,
        largest_distance=largest_distance,
        model_sha256=compute_sha256(model_file),
        fitted_on="made-up voices",
    )
    return BundleDescription("tiny", "1.0", window_s=3.0, hop_s=1.5, statistics_dim=2, calibration=calibration)


def write_tiny_bundle(  # noqa: PLR0913 - one option for each thing a bundle says
    folder: Path,
    *,
    temperature: float = 1.5,
    margin_threshold: float = 0.0,
    conformal_quantile: float | None = None,
    largest_distance: float | None = None,
    bias: np.ndarray = BIAS,
) -> Bundle:
    folder.parent.mkdir(parents=True, exist_ok=True)
    model_file = write_tiny_model(folder.parent / "exported.onnx", bias=bias)
    description = describe_tiny_model(
        model_file,
        temperature=temperature,
        margin_threshold=margin_threshold,
        conformal_quantile=conformal_quantile,
        largest_distance=largest_distance,
    )
    return write_bundle(
        folder, description, model_file=model_file, statistics_mean=STATISTICS_MEAN, model_card="# Tiny\n"
    )
