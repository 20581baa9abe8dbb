"""From labeled clips to training set and validation speakers; what cannot be trained on stops here, named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from recognizer.corpora.splits import split_by_speaker
from recognizer.labels import LABELS
from recognizer.training.draws import TrainingSet
from recognizer.training.errors import TrainingError
from recognizer.training.head import TrainingClips

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recognizer.corpora.utterance import Utterance
    from recognizer.training.tuning_config import FineTuningConfig

# One to train on, one to choose by.
LEAST_SPEAKERS: Final = 2


@dataclass(frozen=True, eq=False)
class TuningData:
    """What one training learns from, and what chooses its best moment.

    Attributes:
        training: the clips trained on.
        validation_rows: shape (n_validation,), rows in the store of other speakers' clips.
        validation_truth: shape (n_validation,), labels as integers.
        validation_corpora: shape (n_validation,).
    """

    training: TrainingSet
    validation_rows: np.ndarray
    validation_truth: np.ndarray
    validation_corpora: np.ndarray


def split_validation(
    utterances: Sequence[Utterance], rows: np.ndarray, config: FineTuningConfig, *, seed: int, where: str
) -> TuningData:
    """Take validation speakers out of the training clips, some of each corpus.

    Args:
        utterances: all clips of the run.
        rows: those that may be trained on.
        config: the run.
        seed: draws the speakers.
        where: names the training in messages.

    Raises:
        TrainingError: a label does not occur, or there is a single speaker.
    """
    corpora = np.array([utterances[row].corpus for row in rows])
    speakers = np.array([f"{utterances[row].corpus}/{utterances[row].speaker_id}" for row in rows])
    truth = np.array([LABELS.index(utterances[row].label) for row in rows])
    if len(np.unique(speakers)) < LEAST_SPEAKERS:
        raise TrainingError(
            f"{where}: expected two speakers or more, so that validation knows others than training, got "
            f"{len(np.unique(speakers))}"
        )
    is_validation = _draw_speakers(speakers, corpora, config.validation_share, np.random.default_rng(seed))
    for missing in sorted(set(range(len(LABELS))) - set(truth[~is_validation].tolist())):
        raise TrainingError(f"{where}: no clip of label {LABELS[missing]!r} to train on; expected some of each label")
    kept = ~is_validation
    clips = TrainingClips(np.empty((int(kept.sum()), 0)), truth[kept], speakers[kept], corpora[kept])
    training = TrainingSet(
        rows=rows[kept],
        targets=np.stack([build_target(utterances[row], config) for row in rows[kept]]),
        weights=clips.weigh(),
        speakers=np.unique(speakers[kept], return_inverse=True)[1],
        corpora=corpora[kept],
    )
    return TuningData(training, rows[is_validation], truth[is_validation], corpora[is_validation])


def build_target(utterance: Utterance, config: FineTuningConfig) -> np.ndarray:
    """Blend the intended label with the crowd's votes, or with all labels evenly where nobody voted.

    Returns:
        float32, shape (n_labels,), sums to 1.
    """
    intended = np.array([label == utterance.label for label in LABELS], dtype=np.float32)
    if utterance.soft_label is not None:
        votes = np.array([utterance.soft_label[label] for label in LABELS], dtype=np.float32)
        return (1 - config.vote_share) * intended + np.float32(config.vote_share) * votes
    return (1 - config.label_smoothing) * intended + np.float32(config.label_smoothing / len(LABELS))


def _draw_speakers(speakers: np.ndarray, corpora: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Hold out a share of each corpus's speakers; a corpus with a single speaker is trained on whole."""
    is_held_out = np.zeros(len(speakers), dtype=bool)
    for corpus in np.unique(corpora):
        of_corpus = corpora == corpus
        if len(np.unique(speakers[of_corpus])) >= LEAST_SPEAKERS:
            is_held_out[of_corpus] = split_by_speaker(speakers[of_corpus].tolist(), test_fraction=share, rng=rng)
    return is_held_out
