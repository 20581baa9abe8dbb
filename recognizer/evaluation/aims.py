"""What figures are held against: what the project aims at, and what others published on the same recordings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from recognizer.corpora.splits import PUBLISHED_SPLITS, load_published_split
from recognizer.evaluation.kept import LEFT_OUT

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Aim:
    """A bound that a figure should reach.

    Attributes:
        bound: the figure aimed at.
        is_least: whether it may lie above; else it must lie below.
    """

    bound: float
    is_least: bool = True

    def is_reached(self, value: float) -> bool:
        """Say whether a figure reaches the bound."""
        return value >= self.bound if self.is_least else value <= self.bound


@dataclass(frozen=True)
class PublishedSystem:
    """Another's figures, without intervals; other speakers and choices than ours, so a neighbor and not an equal."""

    name: str
    figures: Mapping[str, float]


AIMS_BY_PROTOCOL: Final[Mapping[str, Mapping[str, Aim]]] = {
    "ravdess-4": {
        "accuracy": Aim(0.88),
        "macro_f1": Aim(0.88),
        "roc_auc": Aim(0.97),
        "ece": Aim(0.05, is_least=False),
        "aurc": Aim(0.06, is_least=False),
        "accuracy_at_70": Aim(0.93),
    }
}
LEFT_OUT_AIMS: Final[Mapping[str, Aim]] = {"uar": Aim(0.60)}

PUBLISHED_BY_PROTOCOL: Final[Mapping[str, tuple[PublishedSystem, ...]]] = {
    "ravdess-4": (
        PublishedSystem(
            "Wav2Vec2-base fine-tuned, other speakers", {"accuracy": 0.812, "macro_f1": 0.792, "roc_auc": 0.88}
        ),
        PublishedSystem(
            "XLSR-53 fine-tuned, chosen on the test folds",
            {"accuracy": 0.860, "macro_f1": 0.858, "roc_auc": 0.961},
        ),
    ),
}


def find_aims(protocol: str) -> Mapping[str, Aim]:
    """Return what is aimed at in a protocol, by figure; nothing for one that the project has no aims for."""
    if protocol.startswith(f"{LEFT_OUT}-"):
        return LEFT_OUT_AIMS
    return AIMS_BY_PROTOCOL.get(protocol, {})


def describe_protocol(protocol: str) -> str:
    """Say in a few words what a protocol asks; an empty string for one that the project does not know."""
    if protocol.startswith(f"{LEFT_OUT}-"):
        return f"{protocol.removeprefix(f'{LEFT_OUT}-')} left out of training"
    if protocol in PUBLISHED_SPLITS:
        return f"{len(load_published_split(protocol).folds)} folds by speaker"
    return ""
