"""Made-up predictions and a made-up recognizer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from recognizer.corpora.splits import load_published_split
from recognizer.errors import UnreadableAudioError, UnusableClipError
from recognizer.evaluation.predictions import Prediction
from recognizer.labels import LABELS

if TYPE_CHECKING:
    from pathlib import Path


def make_predictions(
    *, corpus: str = "ravdess", n_each: int = 8, n_seeds: int = 1, skill: float = 2.0, seed: int = 0
) -> tuple[Prediction, ...]:
    """Each actor of the six RAVDESS folds, labels in turn, logits right more often the more skill."""
    rng = np.random.default_rng(seed)
    rows = []
    for training in range(n_seeds):
        for fold in load_published_split("ravdess-4").folds:
            for speaker in fold.test_speakers:
                for number in range(n_each):
                    logits = rng.normal(size=4)
                    logits[number % 4] += skill
                    rows.append(
                        Prediction(
                            utterance_id=f"{speaker}-{number}",
                            corpus=corpus,
                            speaker_id=speaker,
                            sex="male" if int(speaker) % 2 else "female",
                            label=LABELS[number % 4],
                            fold=fold.name,
                            seed=training,
                            logits=tuple(np.round(logits, 3).tolist()),
                        )
                    )
    return tuple(rows)


class LoudnessListener:
    """Hears anger in loud recordings, sadness in soft ones, and nothing in silence."""

    name = "loudness 1"

    def __init__(self) -> None:
        self.n_heard = 0

    def decode(self, path: Path) -> np.ndarray:
        if path.stem == "broken":
            raise UnreadableAudioError(path.name, "expected audio, came noise")
        return np.frombuffer(path.read_bytes()[44:], "<i2").astype(np.float32) / 32767

    def recognize(self, waveform: np.ndarray) -> dict[str, float]:
        self.n_heard += 1
        level = float(np.sqrt(np.mean(waveform**2))) if len(waveform) else 0.0
        if level < 1e-4:
            raise UnusableClipError("clip", "too_quiet", "expected sound, came silence")
        loud = 1 / (1 + np.exp(-40 * (level - 0.1)))
        return {"happy": 0.05, "sad": 0.9 * (1 - loud), "angry": 0.9 * loud, "neutral": 0.05}
