"""Tells a part of a corpus from the whole: most loaders take what lies there, so only a count shows what is gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recognizer.corpora import CorpusInfo
    from recognizer.corpora.utterance import Utterance

MAX_NAMED: Final = 10


@dataclass(frozen=True)
class Shortfall:
    """How a corpus on disk differs from the complete one, in recordings of the four labels.

    Attributes:
        corpus: name in the registry.
        n_utterances: recordings found.
        n_speakers: people heard in them.
        n_expected: recordings of the complete corpus.
        n_expected_speakers: people heard in those.
        missing_speakers: people of whom there is nothing, sorted; empty where names follow no scheme.
        missing: identifiers that other people lack, sorted; empty where names follow no scheme.
    """

    corpus: str
    n_utterances: int
    n_speakers: int
    n_expected: int
    n_expected_speakers: int
    missing_speakers: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    def describe(self) -> str:
        """Say it in a sentence, naming every speaker who is gone and the first few recordings."""
        found = f"{self.n_utterances} recordings of {self.n_speakers} speakers"
        expected = f"{self.n_expected} of {self.n_expected_speakers}"
        parts = [f"corpus {self.corpus!r} is not complete: {found}, expected {expected}"]
        if self.missing_speakers:
            parts.append(f"nothing of the speakers {', '.join(self.missing_speakers)}")
        if self.missing:
            more = f" and {len(self.missing) - MAX_NAMED} more" if len(self.missing) > MAX_NAMED else ""
            parts.append(f"missing {', '.join(self.missing[:MAX_NAMED])}{more}")
        return "; ".join(parts)


def find_shortfall(info: CorpusInfo, utterances: Sequence[Utterance]) -> Shortfall | None:
    """Compare what was loaded with the complete corpus.

    Args:
        info: the corpus in the registry.
        utterances: what its loader found.

    Returns:
        None where nothing is gone, or where nobody published how much there is.
    """
    speakers = {utterance.speaker_id for utterance in utterances}
    if info.n_utterances is None or info.n_speakers is None:
        return None
    if len(utterances) >= info.n_utterances and len(speakers) >= info.n_speakers:
        return None
    found = {utterance.utterance_id for utterance in utterances}
    missing = {name: speaker for name, speaker in info.speaker_by_name.items() if name not in found}
    return Shortfall(
        corpus=info.name,
        n_utterances=len(utterances),
        n_speakers=len(speakers),
        n_expected=info.n_utterances,
        n_expected_speakers=info.n_speakers,
        missing_speakers=tuple(sorted(set(missing.values()) - speakers)),
        missing=tuple(sorted(name for name, speaker in missing.items() if speaker in speakers)),
    )
