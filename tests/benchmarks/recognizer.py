"""Time the recognizer by hand: 3 s of speech on one thread, the models that ship against Wav2Vec2-base.

    python tests/benchmarks/recognizer.py [--rounds 30]

Prints p50 and p95 in milliseconds, the largest resident memory of a process that does nothing else, and the size on
disk. What ships is measured as it is; architectures whose weights are not here are given random ones, which cost the
same. Every row runs in a process of its own, one after the other, and needs `.[train]`. Times are wall clock: run it on
a machine that does nothing else.
"""

from __future__ import annotations

import os

# Before numpy, torch and ONNX Runtime read it: the promise is about one thread.
os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from recognizer.audio import SAMPLE_RATE
from tests.signals import make_speech

if TYPE_CHECKING:
    from collections.abc import Callable

    from recognizer.training.config import TrainingConfig

CLIP_S: Final = 3.0
WAV2VEC2: Final = "wav2vec2-base, random weights"
N_WARM_UP: Final = 3


def make_folders(folder: Path) -> None:
    """Write the encoders that are not here, with random weights, and their ONNX graphs."""
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from transformers import Wav2Vec2Config, Wav2Vec2Model, WhisperConfig, WhisperForAudioClassification

    from recognizer.calibration import Confidence
    from recognizer.training.checkpoints import Checkpoint, build_model
    from recognizer.training.export import export

    sizes = {"d_model": 512, "encoder_layers": 6, "encoder_attention_heads": 8, "encoder_ffn_dim": 2048}
    WhisperForAudioClassification(WhisperConfig(**sizes)).save_pretrained(folder / "whisper-base")
    Wav2Vec2Model(Wav2Vec2Config()).save_pretrained(folder / "wav2vec2-base")
    config = _describe_run(folder / "wav2vec2-base", n_blocks=12)
    checkpoint = Checkpoint(build_model(config), config, Confidence(temperature=1.0, margin_threshold=0.0), {})
    export(checkpoint, folder / "onnx", version="random", model_card="Random weights.", is_quantized=False)
    exact, small = folder / "onnx" / "model.onnx", folder / "int8.onnx"
    quantize_dynamic(exact, small, op_types_to_quantize=["MatMul", "Gemm"], weight_type=QuantType.QInt8)


def _describe_run(encoder: Path, *, n_blocks: int) -> TrainingConfig:
    from recognizer.training.config import TrainingConfig

    return TrainingConfig(
        name="speed", encoder=str(encoder), corpora=("none",), n_blocks=n_blocks, first_layer=0, layer_mix="weighted"
    )


def open_torch(encoder: Path, n_blocks: int) -> Callable[[np.ndarray], object]:
    """Build a network in torch."""
    import torch

    from recognizer.training.checkpoints import build_model

    torch.set_num_threads(1)
    model = build_model(_describe_run(encoder, n_blocks=n_blocks))

    @torch.inference_mode()
    def run(waveform: np.ndarray) -> object:
        return model(torch.from_numpy(waveform))

    return run


def open_onnx(graph: Path) -> Callable[[np.ndarray], object]:
    """Load a graph as serving does."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
    center = np.zeros((1, session.get_inputs()[1].shape[1]), dtype=np.float32)
    return lambda waveform: session.run(["logits"], {"waveform": waveform, "center": center})


def measure(run: Callable[[np.ndarray], object], n_rounds: int) -> dict[str, float]:
    """Time rounds of one clip; memory is the most that the process held so far, as Linux counts it."""
    waveform = make_speech(CLIP_S)[None, : int(CLIP_S * SAMPLE_RATE)].astype(np.float32)
    times_ms = []
    for _ in range(N_WARM_UP + n_rounds):
        start_s = time.perf_counter()
        run(waveform)
        times_ms.append(1000 * (time.perf_counter() - start_s))
    p50, p95 = np.percentile(times_ms[N_WARM_UP:], [50, 95])
    peak = re.search(r"^VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"), re.MULTILINE)
    return {"p50_ms": float(p50), "p95_ms": float(p95), "rss_mib": int(peak[1]) / 1024 if peak else float("nan")}


def list_rows(folder: Path) -> dict[str, tuple[str, Path, int]]:
    """Name every row, with the kind of its engine, its weights, and the blocks that are run."""
    from recognizer.bundles import resolve_bundle

    shipped = {
        f"{bundle.name}, as shipped (ONNX)": ("onnx", bundle / "model.onnx", 0)
        for bundle in sorted(resolve_bundle("default").parent.iterdir())
        if (bundle / "model.onnx").is_file()
    }
    return {
        **shipped,
        "the default's architecture (torch)": ("torch", folder / "whisper-base", 3),
        f"{WAV2VEC2} (torch)": ("torch", folder / "wav2vec2-base", 12),
        f"{WAV2VEC2} (ONNX)": ("onnx", folder / "onnx" / "model.onnx", 0),
        f"{WAV2VEC2} (ONNX, int8)": ("onnx", folder / "int8.onnx", 0),
    }


def main() -> None:
    """Measure every row in a process of its own and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--only", nargs=3, metavar=("KIND", "WEIGHTS", "N_BLOCKS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        kind, weights, n_blocks = options.only
        run = open_onnx(Path(weights)) if kind == "onnx" else open_torch(Path(weights), int(n_blocks))
        print(json.dumps(measure(run, options.rounds)))
        return
    with tempfile.TemporaryDirectory() as name:
        make_folders(Path(name))
        print(f"{'model':<44} {'p50 ms':>8} {'p95 ms':>8} {'MiB':>6} {'MB on disk':>11}")
        for title, (kind, weights, n_blocks) in list_rows(Path(name)).items():
            arguments = ["--rounds", str(options.rounds), "--only", kind, str(weights), str(n_blocks)]
            done = subprocess.run([sys.executable, __file__, *arguments], capture_output=True, text=True, check=True)
            row = json.loads(done.stdout.splitlines()[-1])
            size = f"{weights.stat().st_size / 1e6:.1f}" if kind == "onnx" else "-"
            print(f"{title:<44} {row['p50_ms']:>8.1f} {row['p95_ms']:>8.1f} {row['rss_mib']:>6.0f} {size:>11}")


if __name__ == "__main__":
    main()
