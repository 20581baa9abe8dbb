"""Keys, chords written as scale degrees, and voicings that move as little as they can."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

SEMITONES_PER_OCTAVE: Final = 12
N_DEGREES: Final = 7
N_VOICES: Final = 4

MODES: Final[dict[str, tuple[int, ...]]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "harmonic minor": (0, 2, 3, 5, 7, 8, 11),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "phrygian dominant": (0, 1, 4, 5, 7, 8, 10),
    "locrian": (0, 1, 3, 5, 6, 8, 10),
    "hungarian minor": (0, 2, 3, 6, 7, 8, 11),
}

# Kinds built from the key's own notes, as scale steps above the root.
_DIATONIC_KINDS: Final[dict[str, tuple[int, ...]]] = {
    "": (0, 2, 4),
    "6": (0, 2, 4, 5),
    "7": (0, 2, 4, 6),
    "9": (0, 2, 4, 6, 8),
    "add9": (0, 2, 4, 8),
    "sus2": (0, 1, 4),
    "sus4": (0, 3, 4),
    "7sus4": (0, 3, 4, 6),
}
# Kinds that keep their shape whatever the key, in semitones above the root.
_FIXED_KINDS: Final[dict[str, tuple[int, ...]]] = {
    "5": (0, 7),
    "maj": (0, 4, 7),
    "min": (0, 3, 7),
    "dim": (0, 3, 6),
    "aug": (0, 4, 8),
    "dom7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "m7": (0, 3, 7, 10),
    "m6": (0, 3, 7, 9),
    "dim7": (0, 3, 6, 9),
    "dom7b9": (0, 4, 7, 10, 13),
    "minmaj9": (0, 3, 7, 11, 14),
    "tritone": (0, 6),
    "cluster": (0, 1, 6, 7),
}
_SYMBOL: Final = re.compile(r"(?P<shift>[b#]?)(?P<degree>[1-7])(?::(?P<kind>\w+))?(?:/(?P<bass>[1-7]))?")


@dataclass(frozen=True, slots=True)
class Key:
    """A tonic (pitch class, 0 = C) and the name of a mode in `MODES`."""

    tonic: int
    mode: str

    @property
    def scale(self) -> tuple[int, ...]:
        """Pitch classes in scale order, the tonic first."""
        return tuple((self.tonic + step) % SEMITONES_PER_OCTAVE for step in MODES[self.mode])


@dataclass(frozen=True, slots=True)
class Chord:
    """Pitch classes from the root up, the bass note, and the scale that melodies over it may use."""

    pitch_classes: tuple[int, ...]
    bass: int
    scale: tuple[int, ...]

    @property
    def root(self) -> int:
        """Pitch class of the root."""
        return self.pitch_classes[0]

    @property
    def fifth(self) -> int:
        """Pitch class of the fifth or what stands nearest to it, the root if there is none."""
        return min(self.pitch_classes, key=lambda pc: abs((pc - self.root) % SEMITONES_PER_OCTAVE - 7))


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of harmony: where it starts, how long it is, its chords with their voicings, and the next bar's chord."""

    start: int
    n_steps: int
    chords: tuple[Chord, ...]
    voicings: tuple[tuple[int, ...], ...]
    following: Chord

    def at(self, step: int) -> int:
        """Return the index of the chord that sounds at a step of the bar."""
        return min(len(self.chords) - 1, step * len(self.chords) // self.n_steps)


def parse_chord(symbol: str, key: Key) -> Chord:
    """Read one chord such as `1`, `5:dom7`, `4:add9/6` or `b2:maj` in a key.

    Args:
        symbol: optional `b` or `#`, degree from 1, optional kind after a colon, optional bass degree after a slash.
        key: where the degrees are counted.

    Raises:
        ValueError: the symbol cannot be read.
    """
    match = _SYMBOL.fullmatch(symbol)
    kind = "" if match is None else match["kind"] or ""
    if match is None or (kind not in _DIATONIC_KINDS and kind not in _FIXED_KINDS):
        raise ValueError(f"expected a chord such as '1', '5:dom7' or '4:add9/6', got {symbol!r}")
    degree, shift = int(match["degree"]) - 1, {"": 0, "b": -1, "#": 1}[match["shift"]]
    root = (key.scale[degree] + shift) % SEMITONES_PER_OCTAVE
    if kind in _DIATONIC_KINDS:
        above = tuple((key.scale[(degree + step) % N_DEGREES] + shift) % 12 for step in _DIATONIC_KINDS[kind][1:])
    else:
        above = tuple((root + interval) % SEMITONES_PER_OCTAVE for interval in _FIXED_KINDS[kind][1:])
    bass = key.scale[int(match["bass"]) - 1] if match["bass"] else root
    pitch_classes = (root, *above)
    return Chord(pitch_classes, bass, _chord_scale(key, pitch_classes))


def parse_progression(text: str, key: Key) -> tuple[tuple[Chord, ...], ...]:
    """Read bars separated by spaces; chords that share a bar are joined by a comma."""
    return tuple(tuple(parse_chord(symbol, key) for symbol in bar.split(",")) for bar in text.split())


def _chord_scale(key: Key, pitch_classes: Sequence[int]) -> tuple[int, ...]:
    """Let foreign notes push aside scale notes a semitone away, such as the natural 7th under a dominant."""
    foreign = [pc for pc in pitch_classes if pc not in key.scale]
    kept = [
        pc
        for pc in key.scale
        if pc in pitch_classes or all((pc - other) % SEMITONES_PER_OCTAVE not in {1, 11} for other in foreign)
    ]
    return tuple(sorted({*kept, *foreign}, key=lambda pc: (pc - key.tonic) % SEMITONES_PER_OCTAVE))


def voice_chord(chord: Chord, previous: Sequence[int] | None, center: int) -> tuple[int, ...]:
    """Choose the voicing nearest to the one before it.

    Args:
        chord: what to voice.
        previous: MIDI pitches of the chord before, None at the start.
        center: MIDI pitch the middle of the voicing should stay near.

    Returns:
        Ascending MIDI pitches: four, or three for chords of two notes.
    """

    def cost(voicing: tuple[int, ...]) -> float:
        drift = 0.6 * abs(sum(voicing) / len(voicing) - center)
        return drift if previous is None else voice_leading_distance(previous, voicing) + drift

    return min(_iter_voicings(chord, center), key=cost)


def voice_leading_distance(previous: Sequence[int], voicing: Sequence[int]) -> int:
    """Sum, in semitones, how far the voices travel; unequal counts are matched to the nearest voice."""
    if len(previous) == len(voicing):
        return sum(abs(a - b) for a, b in zip(previous, voicing, strict=True))
    return sum(min(abs(a - b) for a in previous) for b in voicing)


def _iter_voicings(chord: Chord, center: int) -> list[tuple[int, ...]]:
    pitch_classes = _pick_voices(chord)
    voicings = []
    for start in range(len(pitch_classes)):
        rotated = pitch_classes[start:] + pitch_classes[:start]
        for lowest in (nearest_pitch(rotated[0], center - shift) for shift in (0, 6, 12)):
            close = _stack(rotated, lowest)
            voicings.append(close)
            if len(close) == N_VOICES:
                voicings.append(tuple(sorted((close[0], close[1], close[2] - SEMITONES_PER_OCTAVE, close[3]))))
    # A voice lowered by an octave may meet its double there.
    return [voicing for voicing in voicings if len(set(voicing)) == len(voicing)]


def _pick_voices(chord: Chord) -> list[int]:
    pitch_classes = list(chord.pitch_classes)
    if len(pitch_classes) > N_VOICES:
        pitch_classes.remove(chord.fifth)
    elif len(pitch_classes) < N_VOICES:
        pitch_classes.append(chord.root)
    return pitch_classes[:N_VOICES]


def _stack(pitch_classes: Sequence[int], lowest: int) -> tuple[int, ...]:
    pitches = [lowest]
    for pc in pitch_classes[1:]:
        pitches.append(pitches[-1] + ((pc - pitches[-1]) % SEMITONES_PER_OCTAVE or SEMITONES_PER_OCTAVE))
    return tuple(pitches)


def nearest_pitch(pitch_class: int, target: float) -> int:
    """Return the MIDI pitch of this pitch class nearest to a target pitch."""
    return round((target - pitch_class) / SEMITONES_PER_OCTAVE) * SEMITONES_PER_OCTAVE + pitch_class
