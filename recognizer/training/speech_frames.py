"""What fine-tuning reads of each clip: its speech, or what the lower blocks make of it and of altered copies."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import TYPE_CHECKING

import numpy as np
import torch

from recognizer.errors import UnusableClipError
from recognizer.training.conditions import alter
from recognizer.training.frame_store import Frames, FrameStore, fill_store
from recognizer.training.statistics import cut_speech, read_clip

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from recognizer.corpora.utterance import Utterance
    from recognizer.training.model import EmotionClassifier
    from recognizer.training.tuning_config import FineTuningConfig

_INT16_SCALE = 32767.0


def to_waveform(frames: np.ndarray) -> np.ndarray:
    """Turn kept 16-bit samples into a float32 waveform within [-1, 1]."""
    waveform: np.ndarray = frames.astype(np.float32) / np.float32(_INT16_SCALE)
    return waveform


def keep_speech(
    utterances: Sequence[Utterance],
    window_s: float,
    cache_dir: Path,
    *,
    on_progress: Callable[[int, int], None] = lambda _n_done, _n_total: None,
) -> FrameStore:
    """Decode every clip's speech once, int16 (n_samples,).

    Raises:
        TrainingError: a file cannot be decoded; clips without speech are left out, as serving would refuse them.
    """

    def compute(row: int) -> Frames:
        try:
            waveform = cut_speech(read_clip(utterances[row]), window_s=window_s)
        except UnusableClipError as error:
            return Frames((), error.reason)
        return Frames((np.round(waveform * _INT16_SCALE).astype(np.int16),))

    folder = cache_dir / f"speech-{_hash(_name(utterances), window_s)}"
    return fill_store(folder, len(utterances), compute, on_progress=on_progress)


def keep_lower_outputs(  # noqa: PLR0913 - what a pass over all clips needs
    model: EmotionClassifier,
    utterances: Sequence[Utterance],
    speech: FrameStore,
    config: FineTuningConfig,
    cache_dir: Path,
    *,
    on_progress: Callable[[int, int], None] = lambda _n_done, _n_total: None,
) -> FrameStore:
    """Run the frozen blocks over every clip and its altered copies, once.

    Args:
        model: whose encoder is used as it is.
        utterances: clips of any corpora.
        speech: of these clips.
        config: the run, its encoder named by what it holds.
        cache_dir: holds what is computed already; may be deleted at any time.
        on_progress: told how many clips are done and of how many.

    Returns:
        float16 (n_frames, n_states, hidden_size): the states from `first_layer` to `frozen_blocks`, at least the last;
        the first view is the clean clip.
    """
    n_frozen = config.frozen_blocks
    if n_frozen is None:
        raise ValueError("expected a run with frozen_blocks, got None")
    lowest = min(config.first_layer, n_frozen)
    rows_by_speaker: dict[tuple[str, str], list[int]] = {}
    for row, each in enumerate(utterances):
        if row not in speech.refused:
            rows_by_speaker.setdefault((each.corpus, each.speaker_id), []).append(row)

    @torch.inference_mode()
    def compute(row: int) -> Frames:
        if row in speech.refused:
            return Frames((), speech.refused[row])
        clean = to_waveform(speech.get(row))
        rng = np.random.default_rng([config.seed, row])
        others = [each for each in rows_by_speaker[utterances[row].corpus, utterances[row].speaker_id] if each != row]
        voices = [to_waveform(speech.get(each)) for each in others[:: max(1, len(others) // 12)]]
        waveforms = [clean, *(alter(clean, config.conditions, voices, rng) for _ in range(config.n_views))]
        return Frames(tuple(_run_lower(model, waveform, lowest, n_frozen) for waveform in waveforms))

    facts = (config.encoder, n_frozen, lowest, config.level_db, config.window_s, config.n_views, config.seed)
    name = _hash(_name(utterances), *facts, dataclasses.asdict(config.conditions) if config.n_views else None)
    return fill_store(cache_dir / f"lower-{name}", len(utterances), compute, on_progress=on_progress)


def _run_lower(model: EmotionClassifier, waveform: np.ndarray, lowest: int, n_frozen: int) -> np.ndarray:
    states = model.encoder.run_lower(model.set_level(torch.from_numpy(waveform)[None]), n_frozen)[lowest:]
    kept: np.ndarray = torch.stack(states, dim=2)[0].to(torch.float16).numpy()  # (T, n_states, D)
    return kept


def _name(utterances: Sequence[Utterance]) -> list[str]:
    return [f"{each.corpus}/{each.utterance_id}" for each in utterances]


def _hash(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
