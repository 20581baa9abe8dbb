"""Why a track is in the playlist, in plain words that the measured facts bear out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from recommender.affect import LABELS
from recommender.questions import WORD_BY_LABEL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from catalog.queries import TrackFacts


# Standard deviations above an average track. Below the first, a word would claim what nobody hears.
_SLIGHT_SD: Final = 0.2
_PLAIN_SD: Final = 0.5
_STRONG_SD: Final = 1.25
# Fewer tracks than this make no comparison worth the name.
_MIN_COMPARED: Final = 3
# A list narrower than this differs by chance alone.
_MIN_SPREAD_SD: Final = 0.2
# What contributed less, in standard deviations, is no reason.
_WORTH_TELLING_SD: Final = 0.2
# In spreads of the list: how far from its middle a track is told apart, and how far ahead of the next it leads.
_APART: Final = 0.8
_LEAD: Final = 0.2
# By axis (valence, arousal): up and down, in the comparative and the superlative.
_COMPARISONS: Final = (
    (("brighter", "brightest"), ("darker", "darkest")),
    (("more stirring", "most stirring"), ("gentler", "gentlest")),
)

# Upper bounds, beats a minute.
_TEMPO_WORDS: Final = ((76.0, "slow"), (108.0, "unhurried"), (136.0, "lively"), (float("inf"), "fast"))


@dataclass(frozen=True, slots=True)
class HeardTrack:
    """A track as the reasons see it.

    Attributes:
        affect_sd: by affect axis, standard deviations from an average track.
        facts: what the catalog knows.
        contributions: what made its score, in standard deviations; what is missing contributed nothing.
        taste: in plain words, what the listener's taste says of it; empty where it says nothing.
    """

    affect_sd: Mapping[str, float]
    facts: TrackFacts
    contributions: Mapping[str, float] = field(default_factory=dict)
    taste: str = ""


def explain_playlist(tracks: Sequence[HeardTrack]) -> list[str]:
    """Write one reason per track: its mood, pace and key, what sets it apart, and what else spoke for it.

    Args:
        tracks: the playlist in playing order.

    Returns:
        One phrase per track, such as `calm and a little sad, slow at about 62 beats a minute, in A minor`.
    """
    rows = zip(tracks, _set_apart(tracks), strict=True)
    return [", ".join([*_describe(track), *comparison, *_describe_rest(track)]) for track, comparison in rows]


def _describe(track: HeardTrack) -> list[str]:
    parts = [_describe_mood(track.affect_sd), _describe_tempo(track), _describe_key(track.facts)]
    return [part for part in parts if part]


def _describe_mood(affect_sd: Mapping[str, float]) -> str:
    strongest = sorted(LABELS, key=lambda label: -affect_sd[label])[:2]
    words = [_grade(affect_sd[label], WORD_BY_LABEL[label]) for label in strongest if affect_sd[label] >= _SLIGHT_SD]
    return " and ".join(words) or "no strong mood of its own"


def _grade(sd: float, word: str) -> str:
    if sd >= _STRONG_SD:
        return f"very {word}"
    return word if sd >= _PLAIN_SD else f"a little {word}"


def _describe_tempo(track: HeardTrack) -> str:
    bpm = track.facts.tempo_bpm
    if not bpm:
        return ""
    word = next(word for bound, word in _TEMPO_WORDS if bpm < bound)
    # Beat trackers are often off by an octave; a pace that the arousal contradicts is better left unsaid.
    arousal_sd = track.affect_sd["arousal"]
    is_doubtful = (word == "fast" and arousal_sd < -_PLAIN_SD) or (word == "slow" and arousal_sd > _PLAIN_SD)
    return "" if is_doubtful else f"{word} at about {bpm:.0f} beats a minute"


def _describe_key(facts: TrackFacts) -> str:
    return f"in {facts.key} {facts.mode}" if facts.key and facts.mode else ""


def _describe_rest(track: HeardTrack) -> list[str]:
    """Name what spoke for a track besides its mood."""
    told = track.contributions
    parts = []
    if track.taste and abs(told.get("taste", 0.0)) >= _WORTH_TELLING_SD:
        parts.append(track.taste)
    if told.get("familiarity", 0.0) >= _WORTH_TELLING_SD:
        parts.append("as familiar as you asked for")
    if told.get("mood_mix", 0.0) >= _WORTH_TELLING_SD:
        parts.append("rounding off the mix of moods")
    return parts


def _set_apart(tracks: Sequence[HeardTrack]) -> list[list[str]]:
    """Say what each track is beside the others, on the axis where it differs most; nothing where it hardly differs."""
    if len(tracks) < _MIN_COMPARED:
        return [[] for _ in tracks]
    values = np.array([[t.affect_sd["valence"], t.affect_sd["arousal"]] for t in tracks])
    spread = np.maximum(values.std(axis=0), _MIN_SPREAD_SD)
    standing = (values - values.mean(axis=0)) / spread
    return [_compare(i, standing) for i in range(len(tracks))]


def _compare(i: int, standing: np.ndarray) -> list[str]:
    axis = int(np.abs(standing[i]).argmax())
    place = standing[i, axis]
    if abs(place) < _APART:
        return []
    more, most = _COMPARISONS[axis][0 if place > 0 else 1]
    others = np.delete(standing[:, axis], i) * np.sign(place)
    is_far_ahead = abs(place) - others.max() >= _LEAD
    return [f"the {most} of these" if is_far_ahead else f"{more} than most of these"]
