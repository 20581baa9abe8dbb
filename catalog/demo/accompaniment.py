"""Bass lines, chord patterns, arpeggios and pads over given harmony."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from catalog.demo.harmony import SEMITONES_PER_OCTAVE, Bar, Chord, nearest_pitch
from catalog.demo.rhythm import Stroke, parse_pattern
from catalog.demo.score import Note

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_BASS_CENTER: Final = 38
_BASS_LOWEST: Final = 31
_VELOCITY: Final[dict[str, float]] = {"x": 0.85, "o": 0.55}


def play_bass(pattern: str, bar: Bar) -> Iterator[Note]:
    """Play a bass pattern over a bar, stepping toward the next bar's bass note where the pattern asks for it."""
    for stroke in parse_pattern(pattern):
        chord = bar.chords[bar.at(stroke.start)]
        pitch = _bass_pitch(stroke.symbol, chord, bar.following)
        yield Note(bar.start + stroke.start, stroke.length, pitch, 0.9 if stroke.start == 0 else 0.75)


def _bass_pitch(symbol: str, chord: Chord, following: Chord) -> int:
    root = nearest_pitch(chord.bass, _BASS_CENTER)
    if symbol == "o":
        return root + SEMITONES_PER_OCTAVE
    if symbol == "a":
        goal = nearest_pitch(following.bass, _BASS_CENTER)
        direction = -1 if root < goal else 1
        steps = range(goal + direction, goal + 8 * direction, direction)
        return next(pitch for pitch in steps if pitch % SEMITONES_PER_OCTAVE in chord.scale)
    wanted = {"r": chord.bass, "5": chord.fifth, "3": chord.pitch_classes[min(1, len(chord.pitch_classes) - 1)]}[symbol]
    pitch = root + (wanted - root) % SEMITONES_PER_OCTAVE
    return pitch - SEMITONES_PER_OCTAVE if pitch - SEMITONES_PER_OCTAVE >= _BASS_LOWEST else pitch


def play_chords(pattern: str, bar: Bar) -> Iterator[Note]:
    """Strike the bar's voicings in a rhythm; a chord that changes under a held stroke is struck again."""
    for stroke in parse_pattern(pattern):
        for start, length, index in _split_at_changes(stroke, bar):
            for pitch in bar.voicings[index]:
                yield Note(bar.start + start, length, pitch, _VELOCITY[stroke.symbol])


def _split_at_changes(stroke: Stroke, bar: Bar) -> Iterator[tuple[int, int, int]]:
    width = bar.n_steps // len(bar.chords)
    start, end = stroke.start, stroke.start + stroke.length
    while start < end:
        index = bar.at(start)
        stop = end if index == len(bar.chords) - 1 else min(end, (index + 1) * width)
        yield start, stop - start, index
        start = stop


def play_arpeggio(pattern: str, bar: Bar, raised: int) -> Iterator[Note]:
    """Break the voicings by number; numbers past the top go on an octave higher; `raised` moves all, in semitones."""
    for stroke in parse_pattern(pattern):
        voicing = bar.voicings[bar.at(stroke.start)]
        octave, voice = divmod(int(stroke.symbol), len(voicing))
        pitch = voicing[voice] + SEMITONES_PER_OCTAVE * octave + raised
        yield Note(bar.start + stroke.start, stroke.length, pitch, 0.8 if stroke.start == 0 else 0.65)


def play_pad(bars: Sequence[Bar]) -> Iterator[Note]:
    """Hold every voicing as long as its chord lasts; voices that stay are tied over."""
    held: dict[int, Note] = {}
    for bar in bars:
        width = bar.n_steps // len(bar.chords)
        for index, voicing in enumerate(bar.voicings):
            start = bar.start + index * width
            length = width if index < len(bar.voicings) - 1 else bar.n_steps - index * width
            yield from (held.pop(pitch) for pitch in sorted(set(held) - set(voicing)))
            for pitch in voicing:
                before = held.get(pitch, Note(start, 0, pitch, 0.7))
                held[pitch] = Note(before.start, before.length + length, pitch, 0.7)
    yield from held.values()
