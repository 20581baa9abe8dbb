"""What a model says of clips once it knows some other clips of the same voice, by the rule that serving follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from recognizer.calibration import apply_temperature
from recognizer.evaluation.predictions import Prediction
from recognizer.labels import LABELS
from recognizer.voice_baseline import VoiceBaseline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from recognizer.corpora.utterance import Utterance
    from recognizer.labels import Label

KNOWN_CLIPS: Final = (0, 1, 3, 5, 10, 20)
# Notes of a week in one mood, where a corpus has so many of a voice in that mood.
WEEK_CLIPS: Final = 10

_MODEL: Final = "of this fold"


@dataclass(frozen=True, eq=False)
class HeardClips:
    """Clips of one fold's test speakers as the fold's model heard them, and what it needs to hear them again.

    Attributes:
        utterances: the clips.
        statistics: standardized, shape (n_clips, d).
        classify: from centers (n_clips, d) to logits (n_clips, n_labels).
        mood_offsets: shape (n_labels, d), see `head.compute_mood_offsets`.
        temperature: fitted on speakers of training.
        fold: put down with each prediction.
        seed: of the draws, and put down likewise.
    """

    utterances: Sequence[Utterance]
    statistics: np.ndarray
    classify: Callable[[np.ndarray], np.ndarray]
    mood_offsets: np.ndarray
    temperature: float
    fold: str
    seed: int

    def predict(self, centers: np.ndarray) -> list[Prediction]:
        """Predict every clip, centered."""
        pairs = zip(self.utterances, self.classify(centers), strict=True)
        return [_to_prediction(each, self.fold, self.seed, row, self.temperature) for each, row in pairs]


def predict_with_known_clips(heard: HeardClips) -> dict[str, list[Prediction]]:
    """Predict clips by how many others of their voice are known, of any mood: `known-<n>` for `KNOWN_CLIPS`."""
    everything = np.ones(len(heard.utterances), dtype=bool)
    return {
        f"known-{n_known}": heard.predict(draw_centers(heard, n_known, everything, is_mood_taken_out=True))
        for n_known in KNOWN_CLIPS
    }


def predict_after_weeks(heard: HeardClips) -> Iterator[tuple[str, list[Prediction]]]:
    """Predict clips after a week of notes of one mood, whatever the mood of the clip itself.

    Yields:
        For each mood that occurs, `week-of-<label>`, by the rule that serving follows, and `week-of-<label>-as-heard`,
        with nothing taken out of what was heard.
    """
    truth = np.array([each.label for each in heard.utterances])
    for label in LABELS:
        if label in truth:
            for is_mood_taken_out in (True, False):
                centers = draw_centers(heard, WEEK_CLIPS, truth == label, is_mood_taken_out=is_mood_taken_out)
                yield name_week(label, is_mood_taken_out=is_mood_taken_out), heard.predict(centers)


def name_week(label: Label, *, is_mood_taken_out: bool) -> str:
    """Name what `predict_after_weeks` does."""
    return f"week-of-{label}" if is_mood_taken_out else f"week-of-{label}-as-heard"


def draw_centers(heard: HeardClips, n_known: int, may_be_known: np.ndarray, *, is_mood_taken_out: bool) -> np.ndarray:
    """Compute each clip's center from chance clips of its voice, never from itself, as `VoiceBaseline` does.

    Args:
        heard: the clips.
        n_known: clips known of the voice, where there are so many besides the clip.
        may_be_known: shape (n_clips,), which of them may be among those known.
        is_mood_taken_out: whether what the mood heard explains is taken out, as serving does.

    Returns:
        float32, shape (n_clips, d); zeros where nothing is known.
    """
    rng = np.random.default_rng([heard.seed, n_known])
    centers = np.zeros(heard.statistics.shape, dtype=np.float32)
    if not n_known:
        return centers
    posteriors = apply_temperature(heard.classify(centers), heard.temperature) if is_mood_taken_out else None
    training_mean = np.zeros(heard.mood_offsets.shape[1], dtype=np.float32)
    speakers = np.array([f"{each.corpus}/{each.speaker_id}" for each in heard.utterances])
    for row, speaker in enumerate(speakers):
        others = np.flatnonzero((speakers == speaker) & may_be_known)
        others = others[others != row]
        known = rng.choice(others, min(n_known, len(others)), replace=False) if len(others) else others
        centers[row] = _learn(heard, known, posteriors).compute_center(training_mean)[0]
    return centers


def _learn(heard: HeardClips, rows: np.ndarray, posteriors: np.ndarray | None) -> VoiceBaseline:
    voice = VoiceBaseline.empty(_MODEL, heard.statistics.shape[1])
    for row in rows:
        posterior = None if posteriors is None else posteriors[row]
        voice = voice.with_clip(heard.statistics[row], posterior=posterior, mood_offsets=heard.mood_offsets)
    return voice


def _to_prediction(utterance: Utterance, fold: str, seed: int, logits: np.ndarray, temperature: float) -> Prediction:
    happy, sad, angry, neutral = (float(logit) for logit in logits)
    return Prediction(
        utterance_id=utterance.utterance_id,
        corpus=utterance.corpus,
        speaker_id=utterance.speaker_id,
        sex=utterance.sex,
        label=utterance.label,
        fold=fold,
        seed=seed,
        logits=(happy, sad, angry, neutral),
        temperature=temperature,
    )
