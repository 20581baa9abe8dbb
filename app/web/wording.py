"""Say a mood and its doubt in plain words; a guess from the sound of a voice is never stated as a fact."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

from recognizer.labels import LABELS, Posterior

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# What a listener reads for each label: neutral voices sound calm.
ADJECTIVE_BY_LABEL: Final[Mapping[str, str]] = {"happy": "happy", "sad": "sad", "angry": "angry", "neutral": "calm"}
NOUN_BY_LABEL: Final[Mapping[str, str]] = {
    "happy": "happiness",
    "sad": "sadness",
    "angry": "anger",
    "neutral": "calm",
}
HINT_BY_INTENT: Final[Mapping[str, str]] = {
    "stay": "Music that keeps you company where you are",
    "lift": "Brighter, a step at a time",
    "calm": "Slower and softer",
    "energize": "More drive",
}

ALONE_FROM: Final = 0.85
MOSTLY_FROM: Final = 0.5
NOTICEABLE_FROM: Final = 0.15
CLOSE_WITHIN: Final = 0.1
# How often these words are right on corpora left out of training stands in docs/results.md: a voice that is not known
# is heard with more confidence than is due, so fewer guesses about it are called fairly sure.
KNOWN_FROM_NOTES: Final = 5
FAIRLY_SURE_FROM: Final = 0.8
FAIRLY_SURE_OF_NEW_VOICE_FROM: Final = 0.95
NOT_VERY_SURE_FROM: Final = 0.6


def describe_mood(posterior: Posterior) -> str:
    """Put a distribution over the labels into words.

    Args:
        posterior: probability by label, summing to 1.

    Returns:
        A phrase that continues "your voice sounded ...", such as `mostly calm, some sadness`.

    Example:
        >>> describe_mood({"happy": 0.05, "sad": 0.25, "angry": 0.05, "neutral": 0.65})
        'mostly calm, some sadness'
    """
    first, second, *_ = ranked = rank_labels(posterior)
    if posterior[first] - posterior[second] < CLOSE_WITHIN:
        return _describe_tie(posterior, ranked)
    others = [NOUN_BY_LABEL[label] for label in ranked[1:] if posterior[label] >= NOTICEABLE_FROM]
    if posterior[first] >= MOSTLY_FROM:
        lead = ADJECTIVE_BY_LABEL[first] if posterior[first] >= ALONE_FROM else f"mostly {ADJECTIVE_BY_LABEL[first]}"
    else:
        lead = f"rather {ADJECTIVE_BY_LABEL[first]}"
    return f"{lead}, some {_join(others)}" if others else lead


def _describe_tie(posterior: Posterior, ranked: Sequence[str]) -> str:
    close = [label for label in ranked if posterior[ranked[0]] - posterior[label] < CLOSE_WITHIN]
    adjectives = [ADJECTIVE_BY_LABEL[label] for label in close]
    if len(close) == 2:  # noqa: PLR2004 - "between" takes two
        return f"between {adjectives[0]} and {adjectives[1]}"
    return f"a bit of everything: {_join(adjectives)}"


def describe_certainty(confidence: float, *, n_known: int) -> str:
    """Put the confidence into a sentence, the strongest of which is still modest.

    Args:
        confidence: largest probability of the calibrated posterior, within [0, 1].
        n_known: earlier notes of this voice that were known.
    """
    is_known = n_known >= KNOWN_FROM_NOTES
    if confidence >= (FAIRLY_SURE_FROM if is_known else FAIRLY_SURE_OF_NEW_VOICE_FROM):
        return "We are fairly sure."
    if confidence >= NOT_VERY_SURE_FROM:
        return "We are not very sure." if is_known else "We are not very sure, since we do not know your voice."
    return "This is little more than a guess."


def describe_change(labels: Sequence[str]) -> str:
    """Say how the mood moved from the first window to the last.

    Args:
        labels: the label shown after each window, in order of time; at least one.
    """
    moods = [ADJECTIVE_BY_LABEL[label] for label in _without_repeats(labels)]
    if len(labels) == 1:
        return "Too short a recording to follow the mood over time."
    if len(moods) == 1:
        return f"It sounded most of all {moods[0]} from start to end."
    return f"It went from {' to '.join(moods)}."


def round_percentages(posterior: Posterior) -> dict[str, int]:
    """Round probabilities to whole percentages that add up to 100.

    The largest remainders are rounded up, in the order of the labels where they are equal.
    """
    exact: dict[str, float] = {label: 100 * posterior.get(label, 0.0) for label in LABELS}
    rounded = {label: math.floor(value) for label, value in exact.items()}
    missing = 100 - sum(rounded.values())
    by_remainder = sorted(LABELS, key=lambda label: rounded[label] - exact[label])
    for label in by_remainder[:missing]:
        rounded[label] += 1
    return rounded


def rank_labels(posterior: Posterior) -> list[str]:
    """Order the labels from the most to the least probable; ties keep the labels' own order."""
    return sorted(LABELS, key=lambda label: -posterior.get(label, 0.0))


def to_sentence(text: str) -> str:
    """Set an error message, lower case and without a final period, as a sentence."""
    stripped = text.strip()
    if not stripped:
        return ""
    ended = stripped if stripped.endswith((".", "!", "?")) else f"{stripped}."
    return ended[0].upper() + ended[1:]


def format_time(seconds: float | None) -> str:
    """Write a duration as minutes and seconds, such as `3:07`; empty where it is unknown."""
    if seconds is None or not math.isfinite(seconds) or seconds < 0:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def _without_repeats(labels: Sequence[str]) -> list[str]:
    return [label for i, label in enumerate(labels) if i == 0 or labels[i - 1] != label]


def _join(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def describe_credit(attribution: str | None, licence: str | None) -> str:
    """Name whom a track's licence asks to be named, and the licence by its short name.

    Returns:
        Such as `Kevin MacLeod · CC BY 4.0`; empty for works that ask for no credit.
    """
    name = shorten_licence(licence or "")
    if name.startswith(("CC0", "Public domain")):
        return ""
    return " · ".join(part for part in (attribution, name) if part)


def shorten_licence(licence: str) -> str:
    """Turn an address of Creative Commons into the licence's short name; anything else stays as it is."""
    found = re.search(r"creativecommons\.org/(licenses|publicdomain)/([a-z0-9-]+)/([0-9.]+)", licence)
    if found is None:
        return licence
    kind, code, version = found.groups()
    if kind == "publicdomain":
        return f"CC0 {version}" if code == "zero" else "Public domain"
    return f"CC {code.upper()} {version}"
