"""What a style consists of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Mood = Literal["happy", "sad", "angry", "neutral"]


@dataclass(frozen=True, slots=True)
class Playing:
    """An instrument and what it plays: patterns for successive bars, separated by slashes.

    Bass patterns are written with `r` root, `5` fifth, `3` third, `o` octave, `a` approach to the next root; arpeggios
    with digits, the voice counted from below; everything else with `x` for strong and `o` for soft onsets.
    """

    instrument: str
    patterns: str = ""

    @property
    def bars(self) -> tuple[str, ...]:
        """One pattern a bar."""
        return tuple(self.patterns.split("/"))


@dataclass(frozen=True, slots=True)
class Sleeve:
    """What is printed on a piece: title and artist."""

    title: str
    artist: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """The material for several pieces; piece number n takes the n-th choice of every tuple, round and round.

    Moods follow Gabrielsson and Lindström (2010), Handbook of Music and Emotion, and Juslin and Laukka (2003),
    Psychological Bulletin 129(5): tempo, mode, register, articulation, loudness variation, timbre.

    `valence` and `arousal` are what the style is composed for, within [-1, 1]. `staccato` is the share of a written
    length that sounds. `lift` is by how many semitones the last theme is raised. `contrast` is how much sections
    differ in strength. `roughness` within [0, 1] is the gain into the mix's soft distortion. `wet` is the reverb's
    share, `room_s` its length. `air_db` tilts the treble.
    """

    name: str
    mood: Mood
    genre: str
    valence: float
    arousal: float
    sleeves: tuple[Sleeve, Sleeve]
    tempo_bpm: tuple[float, float]
    modes: tuple[str, ...]
    themes: tuple[str, ...]
    contrasts: tuple[str, ...]
    melody: tuple[Playing, ...]
    bass: tuple[Playing, ...] = ()
    chords: tuple[Playing, ...] = ()
    pad: tuple[Playing, ...] = ()
    arpeggio: tuple[Playing, ...] = ()
    counter: tuple[Playing, ...] = ()
    drums: tuple[str, ...] = ("none",)
    steps_per_bar: int = 16
    swing: float = 0.5
    swing_unit: int = 1
    melody_center: int = 74
    chords_center: int = 62
    staccato: float = 0.85
    contrast: float = 0.7
    looseness_s: float = 0.008
    slowing: float = 0.0
    rubato: float = 0.0
    lift: int = 0
    roughness: float = 0.0
    wet: float = 0.2
    room_s: float = 1.4
    air_db: float = 0.0
