"""A frozen encoder's statistics of every clip, computed once and kept, so that a run that was cut off goes on."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import torch

from recognizer.audio import SAMPLE_RATE, Clip, decode_clip
from recognizer.errors import UnreadableAudioError, UnusableClipError
from recognizer.speech import find_speech
from recognizer.training.augmentation import augment
from recognizer.training.conditions import N_BABBLE_VOICES, add_babble
from recognizer.training.errors import TrainingError
from recognizer.training.writing import writing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from recognizer.corpora.utterance import Utterance
    from recognizer.training.config import TrainingConfig
    from recognizer.training.model import EmotionClassifier

# So many clips are computed between two writes: what a kill can cost.
_SAVE_EVERY = 250
# Babble takes other clips of a voice again and again: so many are remembered, 800 MB of speech at most.
_N_REMEMBERED = 4096


@dataclass(frozen=True, eq=False)
class ClipStatistics:
    """Pooled encoder outputs of clips.

    Attributes:
        utterances: the clips that can be heard, in the order of the rows.
        values: float32, shape (n_clips, 1 + n_views, statistics_dim); the first view is the clean clip.
        refused: utterance id and reason, of clips that decode but serving would refuse.
    """

    utterances: tuple[Utterance, ...]
    values: np.ndarray
    refused: tuple[tuple[str, str], ...]


def load_speech(utterance: Utterance, *, window_s: float) -> np.ndarray:
    """Decode a clip and cut out what serving would show the model first: its speech, at most one window of it.

    Returns:
        float32, shape (n_samples,), 16 kHz; the middle of the speech where it is longer than a window.

    Raises:
        UnreadableAudioError, UnusableClipError: serving would refuse the clip.
    """
    return cut_speech(decode_clip(utterance.path, utterance.utterance_id), window_s=window_s)


def read_clip(utterance: Utterance) -> Clip:
    """Decode a recording that is to be trained on: a broken file is no reason to go on without it.

    Raises:
        TrainingError: it cannot be decoded.
        UnusableClipError: serving would refuse it.
    """
    try:
        return decode_clip(utterance.path, utterance.utterance_id)
    except UnreadableAudioError as error:
        raise TrainingError(f"cannot read {str(utterance.path)!r} of {utterance.corpus!r}: {error.reason}") from error


def cut_speech(clip: Clip, *, window_s: float) -> np.ndarray:
    """Cut a recording's speech out, float32, shape (n_samples,): the middle of it where it is longer than a window.

    Raises:
        UnusableClipError: nobody speaks.
    """
    speech = find_speech(clip)
    waveform = clip.waveform[int(speech.start_s * SAMPLE_RATE) : int(speech.end_s * SAMPLE_RATE)]
    surplus = max(0, len(waveform) - int(window_s * SAMPLE_RATE))
    return waveform[surplus // 2 : len(waveform) - (surplus - surplus // 2)]


def compute_statistics(
    model: EmotionClassifier,
    utterances: Sequence[Utterance],
    config: TrainingConfig,
    cache_dir: Path,
    *,
    on_progress: Callable[[int, int], None] = lambda _n_done, _n_total: None,
) -> ClipStatistics:
    """Pool the encoder's outputs over every clip and its augmented views.

    Args:
        model: whose encoder is used as it is.
        utterances: clips of any corpora.
        config: the run, its encoder named by what it holds; what changes the statistics is part of the cache's name.
        cache_dir: holds what is computed already; may be deleted at any time.
        on_progress: told how many clips are done and of how many.

    Raises:
        TrainingError: a file cannot be decoded, or what was computed cannot be written; clips without speech are left
            out, as serving would refuse them.
    """
    folder = cache_dir / name_cache(utterances, config, config.n_views, config.babble, config.seed)
    folder.mkdir(parents=True, exist_ok=True)
    speech = _Speech(utterances, config.window_s)
    for start in range(0, len(utterances), _SAVE_EVERY):
        part = folder / f"{start:06d}.npz"
        if not part.exists():
            rows = range(start, min(start + _SAVE_EVERY, len(utterances)))
            _write_part(part, model, speech, rows, config)
        on_progress(min(start + _SAVE_EVERY, len(utterances)), len(utterances))
    return _join_parts(folder, utterances)


class _Speech:
    """Clips and their speech; what was cut last is remembered, since babble takes other clips again and again."""

    def __init__(self, utterances: Sequence[Utterance], window_s: float) -> None:
        self.utterances = utterances
        self._window_s = window_s
        self.cut = lru_cache(maxsize=_N_REMEMBERED)(self._cut)

    def _cut(self, row: int) -> np.ndarray:
        return cut_speech(read_clip(self.utterances[row]), window_s=self._window_s)

    def iter_others(self, row: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
        """Cut other clips of the same voice in chance order, passing over those that cannot be heard."""
        voice = (self.utterances[row].corpus, self.utterances[row].speaker_id)
        others = [i for i, each in enumerate(self.utterances) if (each.corpus, each.speaker_id) == voice and i != row]
        for other in rng.permutation(others):
            with suppress(UnusableClipError):
                yield self.cut(int(other))


def _write_part(part: Path, model: EmotionClassifier, speech: _Speech, rows: range, config: TrainingConfig) -> None:
    values: list[np.ndarray] = []
    kept: list[int] = []
    refused: dict[str, str] = {}
    for row in rows:
        utterance = speech.utterances[row]
        try:
            clip = read_clip(utterance)
            clean = cut_speech(clip, window_s=config.window_s)
        except UnusableClipError as error:
            refused[utterance.utterance_id] = error.reason
            continue
        rng = np.random.default_rng([config.seed, row])
        altered = (
            augment(_hear(clip, clean, speech.iter_others(row, rng), config, rng), rng) for _ in range(config.n_views)
        )
        values.append(np.stack([pool_waveform(model, view) for view in (clean, *altered)]))
        kept.append(row)
    temporary = part.with_suffix(".part.npz")
    stacked = np.stack(values) if values else np.empty((0, 1 + config.n_views, model.statistics_dim), np.float32)
    with writing("statistics", part.parent):
        np.savez(temporary, values=stacked, kept=np.array(kept, np.int64), refused=np.array(json.dumps(refused)))
        temporary.replace(part)


def _hear(
    clip: Clip, speech: np.ndarray, others: Iterator[np.ndarray], config: TrainingConfig, rng: np.random.Generator
) -> np.ndarray:
    """Return a clip's speech, as often as the run says with other voices behind it.

    They are there before the speech is cut out: serving, too, takes voices in the background for some of it.
    """
    if not config.babble or rng.random() >= config.babble:
        return speech
    voices = list(islice(others, N_BABBLE_VOICES))
    heard = np.clip(add_babble(clip.waveform, voices, rng), -1.0, 1.0)
    with suppress(UnusableClipError):
        return cut_speech(replace(clip, waveform=heard), window_s=config.window_s)
    return speech


@torch.inference_mode()
def pool_waveform(model: EmotionClassifier, waveform: np.ndarray) -> np.ndarray:
    """Pool the encoder's outputs over one waveform, float32 (n_samples,), into (statistics_dim,)."""
    pooled: np.ndarray = model.pool(torch.from_numpy(np.ascontiguousarray(waveform))[None])[0].numpy()
    return pooled


def _join_parts(folder: Path, utterances: Sequence[Utterance]) -> ClipStatistics:
    parts = [_read_part(part) for part in sorted(folder.glob("[0-9]*[0-9].npz"))]
    kept = np.concatenate([part["kept"] for part in parts])
    refused = [pair for part in parts for pair in json.loads(str(part["refused"])).items()]
    values = np.concatenate([part["values"] for part in parts])
    return ClipStatistics(tuple(utterances[row] for row in kept), values, tuple(refused))


def _read_part(part: Path) -> dict[str, np.ndarray]:
    with np.load(part) as arrays:
        return {name: arrays[name] for name in arrays.files}


def name_cache(utterances: Sequence[Utterance], config: TrainingConfig, *of_views: float) -> str:
    """Name what is computed of clips by the encoder, what it hears of them, and whatever else changes the views."""
    of_encoder = (config.encoder, config.n_blocks, config.first_layer, config.layer_mix, config.pooling)
    names = [f"{utterance.corpus}/{utterance.utterance_id}" for utterance in utterances]
    text = json.dumps([*of_encoder, config.level_db, config.window_s, *of_views, names])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
