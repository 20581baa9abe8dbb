"""A frozen encoder's statistics of clips that went through the robustness suite, for heads that never heard the voice.

The encoder is the same for every fold, so each condition is computed once; the folds' heads come after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from recognizer.audio import Clip, decode_clip
from recognizer.errors import UnusableClipError
from recognizer.evaluation.robustness import CONDITIONS, Condition, iter_degraded
from recognizer.training.statistics import cut_speech, name_cache, pool_waveform
from recognizer.training.writing import replacing, writing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from recognizer.corpora.utterance import Utterance
    from recognizer.training.config import TrainingConfig
    from recognizer.training.model import EmotionClassifier


def compute_degraded_statistics(
    model: EmotionClassifier,
    utterances: Sequence[Utterance],
    config: TrainingConfig,
    cache_dir: Path,
    *,
    on_progress: Callable[[str, int, int], None],
) -> dict[str, np.ndarray]:
    """Pool the encoder's outputs over every clip in every condition; conditions that a cut run computed are kept.

    Args:
        model: whose encoder is used as it is.
        utterances: clips that can be heard clean; any other of them may be the babble behind one.
        config: the run, its encoder named by what it holds.
        cache_dir: holds what is computed already; may be deleted at any time.
        on_progress: told the condition, how many clips are done and of how many.

    Returns:
        By the condition's slug float32, shape (n_clips, statistics_dim); nan where the clip would be refused.
    """
    folder = cache_dir / f"degraded-{name_cache(utterances, config)}"
    folder.mkdir(parents=True, exist_ok=True)
    waveforms: list[np.ndarray] = []
    by_slug = {}
    for condition in CONDITIONS:
        path = folder / f"{condition.slug}.npy"
        if not path.exists():
            waveforms = waveforms or [decode_clip(each.path, each.utterance_id).waveform for each in utterances]
            _write(path, _compute(model, waveforms, condition, config.window_s, on_progress))
        by_slug[condition.slug] = np.load(path)
    return by_slug


def _compute(
    model: EmotionClassifier,
    waveforms: Sequence[np.ndarray],
    condition: Condition,
    window_s: float,
    on_progress: Callable[[str, int, int], None],
) -> np.ndarray:
    values = np.full((len(waveforms), model.statistics_dim), np.nan, dtype=np.float32)
    for row, waveform in enumerate(iter_degraded(condition, waveforms, range(len(waveforms)))):
        try:
            values[row] = pool_waveform(model, cut_speech(Clip(condition.name, waveform), window_s=window_s))
        except UnusableClipError:
            continue
        finally:
            on_progress(condition.name, row + 1, len(waveforms))
    return values


def _write(path: Path, values: np.ndarray) -> None:
    with writing("statistics", path.parent), replacing(path) as part, part.open("wb") as file:
        np.save(file, values)
