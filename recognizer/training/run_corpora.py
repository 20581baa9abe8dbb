"""The clips a run needs: of the corpora it trains on, and of those its protocols measure on."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from recognizer.corpora import load_corpus
from recognizer.labels import LABELS
from recognizer.training.errors import TrainingError
from recognizer.training.head import refuse_missing_labels
from recognizer.training.inner_folds import N_INNER_FOLDS
from recognizer.training.protocols import name_test_corpora, plan_folds
from recognizer.training.tuning_config import FineTuningConfig
from recognizer.training.tuning_data import LEAST_SPEAKERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from recognizer.corpora.utterance import Utterance
    from recognizer.training.config import TrainingConfig


def load_corpora(config: TrainingConfig, corpora: Mapping[str, Path], protocols: Sequence[str]) -> list[Utterance]:
    """Load every corpus that a run needs, those trained on first, and check that the run and each fold can be trained.

    Raises:
        TrainingError: a corpus has no folder, there is no protocol of a name, or speakers or labels are lacking.
        CorpusError: a corpus is broken.
    """
    tested = [name for protocol in protocols for name in name_test_corpora(protocol, config.corpora)]
    needed = dict.fromkeys((*config.corpora, *tested))
    missing = [name for name in needed if name not in corpora]
    if missing:
        raise TrainingError(f"run {config.name!r} needs corpus {missing[0]!r}, got folders for {sorted(corpora)}")
    utterances = [utterance for name in needed for utterance in load_corpus(name, corpora[name])]
    refuse_untrainable(config, utterances)
    for protocol in protocols:
        _refuse_untrainable_folds(config, utterances, protocol)
    return utterances


def refuse_untrainable(config: TrainingConfig, utterances: Sequence[Utterance]) -> None:
    """Check that a run's final training has speakers to choose by and clips of every label.

    Args:
        config: the run.
        utterances: all clips at hand, of other corpora too.

    Raises:
        TrainingError: naming the corpora, and what they lack.
    """
    chosen = [each for each in utterances if each.corpus in config.corpora]
    _check(config, chosen, config.list_specialists(), where=f"run {config.name!r}")


def _refuse_untrainable_folds(config: TrainingConfig, utterances: Sequence[Utterance], protocol: str) -> None:
    """Check the folds as if every clip could be heard: what is wrong already shall not wait for hours of work."""
    for fold in plan_folds(protocol, utterances, np.ones(len(utterances), dtype=bool), config.corpora):
        chosen = [utterances[row] for row in fold.train]
        # A corpus that is left out has no committee either.
        present = {each.corpus for each in chosen}
        specialists = [name for name in config.list_specialists() if name in present and len(present) > 1]
        _check(config, chosen, specialists, where=f"protocol {protocol!r}, fold {fold.fold!r}")


def _check(config: TrainingConfig, chosen: Sequence[Utterance], specialists: Sequence[str], *, where: str) -> None:
    speakers = {(each.corpus, each.speaker_id) for each in chosen}
    least = LEAST_SPEAKERS if isinstance(config, FineTuningConfig) else N_INNER_FOLDS
    if len(speakers) < least:
        by_corpus = Counter(corpus for corpus, _ in speakers)
        counted = ", ".join(f"{by_corpus[name]} in {name!r}" for name in config.corpora)
        raise TrainingError(f"{where}: expected {least} speakers or more to train on, got {counted}")
    truth = np.array([LABELS.index(each.label) for each in chosen])
    corpora = np.array([each.corpus for each in chosen])
    refuse_missing_labels(truth, corpora, where=where)
    for name in specialists:
        refuse_missing_labels(truth[corpora == name], np.array([name]), where=f"{where}, specialist")


def count_clips(utterances: Sequence[Utterance], rows: np.ndarray) -> dict[str, dict[str, int]]:
    """Count the clips and speakers of each corpus among the rows, as a checkpoint tells of what it was trained on."""
    chosen = [utterances[row] for row in rows]
    n_clips = Counter(each.corpus for each in chosen)
    n_speakers = Counter(corpus for corpus, _ in {(each.corpus, each.speaker_id) for each in chosen})
    return {name: {"n_clips": n_clips[name], "n_speakers": n_speakers[name]} for name in sorted(n_clips)}
