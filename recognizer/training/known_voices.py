"""What a model says of clips once it knows some other clips of the same voice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from recognizer.training.cross_validation import to_prediction
from recognizer.voice_baseline import MAX_WEIGHT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from recognizer.corpora.utterance import Utterance
    from recognizer.evaluation.predictions import Prediction

KNOWN_CLIPS: Final = (0, 1, 3, 5, 10, 20)


def predict_with_known_clips(  # noqa: PLR0913 - what a prediction is made of
    statistics: np.ndarray,
    utterances: Sequence[Utterance],
    classify: Callable[[np.ndarray], np.ndarray],
    *,
    kappa: float,
    temperature: float,
    fold: str,
    seed: int,
) -> dict[int, list[Prediction]]:
    """Predict clips, by how many others of their voice are known, as `KNOWN_CLIPS` counts.

    Args:
        statistics: standardized, shape (n_clips, d).
        utterances: the clips.
        classify: from centers (n_clips, d) to logits (n_clips, n_labels).
        kappa: clips at which a center counts half.
        temperature: put down with each prediction.
        fold: put down likewise.
        seed: of the draw, and put down likewise.
    """
    predictions = {}
    for n_known in KNOWN_CLIPS:
        rng = np.random.default_rng([seed, n_known])
        logits = classify(draw_centers(statistics, utterances, n_known, kappa=kappa, rng=rng))
        pairs = zip(utterances, logits, strict=True)
        predictions[n_known] = [to_prediction(each, fold, seed, row, temperature) for each, row in pairs]
    return predictions


def draw_centers(
    statistics: np.ndarray, utterances: Sequence[Utterance], n_known: int, *, kappa: float, rng: np.random.Generator
) -> np.ndarray:
    """Compute each clip's center from chance clips of its voice, never from itself.

    Args:
        statistics: standardized, shape (n_clips, d).
        utterances: the clips.
        n_known: clips known of the voice, where there are so many besides the clip.
        kappa: clips at which a center counts half.
        rng: draws the clips.

    Returns:
        float32, shape (n_clips, d); zeros where nothing is known.
    """
    speakers = np.array([f"{each.corpus}/{each.speaker_id}" for each in utterances])
    centers = np.zeros(statistics.shape, dtype=np.float32)
    for row, speaker in enumerate(speakers):
        others = np.flatnonzero(speakers == speaker)
        others = others[others != row]
        n = min(n_known, len(others))
        if n:
            known = rng.choice(others, n, replace=False)
            centers[row] = min(n / (n + kappa), MAX_WEIGHT) * statistics[known].mean(axis=0)
    return centers
