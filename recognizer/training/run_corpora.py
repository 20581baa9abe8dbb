"""The clips a run needs: of the corpora it trains on, and of those its protocols measure on."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from recognizer.corpora import load_corpus
from recognizer.training.errors import TrainingError
from recognizer.training.protocols import name_test_corpora

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np

    from recognizer.corpora.utterance import Utterance
    from recognizer.training.config import TrainingConfig


def load_corpora(config: TrainingConfig, corpora: Mapping[str, Path], protocols: Sequence[str]) -> list[Utterance]:
    """Load every corpus that a run needs, those trained on first.

    Raises:
        TrainingError: a corpus has no folder, or there is no protocol of a name.
        CorpusError: a corpus is broken.
    """
    tested = [name for protocol in protocols for name in name_test_corpora(protocol, config.corpora)]
    needed = dict.fromkeys((*config.corpora, *tested))
    missing = [name for name in needed if name not in corpora]
    if missing:
        raise TrainingError(f"run {config.name!r} needs corpus {missing[0]!r}, got folders for {sorted(corpora)}")
    return [utterance for name in needed for utterance in load_corpus(name, corpora[name])]


def count_clips(utterances: Sequence[Utterance], rows: np.ndarray) -> dict[str, dict[str, int]]:
    """Count the clips and speakers of each corpus among the rows, as a checkpoint tells of what it was trained on."""
    chosen = [utterances[row] for row in rows]
    n_clips = Counter(each.corpus for each in chosen)
    n_speakers = Counter(corpus for corpus, _ in {(each.corpus, each.speaker_id) for each in chosen})
    return {name: {"n_clips": n_clips[name], "n_speakers": n_speakers[name]} for name in sorted(n_clips)}
