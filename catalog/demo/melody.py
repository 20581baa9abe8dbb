"""Tunes grown from short motifs: repeated, varied, and landing on chord notes where it counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from catalog.demo.harmony import SEMITONES_PER_OCTAVE, Bar, Chord, nearest_pitch
from catalog.demo.rhythm import Stroke, parse_pattern
from catalog.demo.score import STEPS_PER_BEAT, Note

if TYPE_CHECKING:
    from collections.abc import Sequence

LONG_STEPS: Final = 6
_MAX_LEAP: Final = 9
_STEPWISE: Final = ((-2, -1, 0, 1, 2), (0.14, 0.35, 0.04, 0.35, 0.12))


@dataclass(frozen=True, slots=True)
class Motif:
    """A bar of rhythm and, for every onset, how many scale steps it lies from where the bar stands."""

    strokes: tuple[Stroke, ...]
    contour: tuple[int, ...]

    def inverted(self) -> Motif:
        """Turn rises into falls."""
        return Motif(self.strokes, tuple(-step for step in self.contour))


@dataclass(frozen=True, slots=True)
class Range:
    """Where a tune lives: MIDI pitches, `reach` to either side of `center`."""

    center: int
    reach: int = 10

    def holds(self, pitch: int) -> bool:
        """Tell whether a pitch lies within."""
        return abs(pitch - self.center) <= self.reach


def is_strong(start: float, length: float) -> bool:
    """Tell whether a note is heard as belonging to the harmony: on a beat, or held long."""
    return start % STEPS_PER_BEAT == 0 or length >= LONG_STEPS


def invent_motif(cell: str, rng: np.random.Generator) -> Motif:
    """Draw a contour, mostly stepwise with one leap at most, over a written rhythm."""
    strokes = parse_pattern(cell)
    moves = rng.choice(_STEPWISE[0], size=max(0, len(strokes) - 1), p=_STEPWISE[1])
    if moves.size > 1 and rng.random() < 0.6:  # noqa: PLR2004 - a leap gives a motif its face
        moves[rng.integers(moves.size)] = rng.choice((-4, -3, 3, 4))
    contour = np.concatenate([[0], np.cumsum(moves)])[: len(strokes)]
    if strokes:
        # Centered on where the bar stands, a motif neither runs out of its range nor sticks to its edge.
        contour = np.clip(contour - (contour.max() + contour.min()) // 2, -4, 4)
    return Motif(strokes, tuple(int(step) for step in contour))


def scale_pitches(chord: Chord, home: Range) -> list[int]:
    """List the pitches of the chord's scale within a range."""
    lowest, highest = home.center - home.reach, home.center + home.reach
    return [p for p in range(lowest, highest + 1) if p % SEMITONES_PER_OCTAVE in chord.scale]


def realize_motif(motif: Motif, bar: Bar, previous: int, home: Range) -> list[Note]:
    """Sing a motif over the chords of one bar.

    Args:
        motif: rhythm and contour.
        bar: place and harmony.
        previous: MIDI pitch the bar before ended on.
        home: where the tune lives.

    Returns:
        Notes on the grid; strong ones are chord notes, the others lie in the chord's scale.
    """
    anchor = _nearest_chord_pitch(bar.chords[0], 0.5 * (previous + home.center))
    notes: list[Note] = []
    for stroke, offset in zip(motif.strokes, motif.contour, strict=True):
        chord = bar.chords[bar.at(stroke.start)]
        pitches = scale_pitches(chord, home)
        index = int(np.argmin([abs(p - anchor) for p in pitches])) + offset
        pitch = pitches[max(0, min(len(pitches) - 1, index))]
        move = offset - motif.contour[len(notes) - 1] if notes else 0
        if is_strong(stroke.start, stroke.length):
            pitch = _nearest_chord_pitch(chord, pitch)
            # A step that the chord swallows becomes a skip, or slow tunes would stand still.
            if move and pitch == notes[-1].pitch:
                pitch = _next_chord_pitch(chord, pitch, move, home)
        pitch = _soften_leap(pitch, notes[-1].pitch if notes else previous, home)
        accent = 0.85 if stroke.start % (2 * STEPS_PER_BEAT) == 0 else 0.72
        notes.append(Note(bar.start + stroke.start, stroke.length, pitch, accent))
    return notes


def cadence(motif: Motif, bar: Bar, previous: int, home: Range, *, final: bool) -> list[Note]:
    """Come to rest: begin as the motif does, then hold the root at a full close, the third or fifth at a half close.

    Args:
        motif: lends the rhythm and contour of its first half.
        bar: place and harmony.
        previous: MIDI pitch the bar before ended on.
        home: where the tune lives.
        final: whether the close is a full one.
    """
    middle = bar.n_steps // 2 // STEPS_PER_BEAT * STEPS_PER_BEAT
    n_kept = sum(stroke.start < middle for stroke in motif.strokes)
    strokes = tuple(
        stroke._replace(length=min(stroke.length, middle - stroke.start)) for stroke in motif.strokes[:n_kept]
    )
    notes = realize_motif(Motif(strokes, motif.contour[:n_kept]), bar, previous, home)
    before = notes[-1].pitch if notes else previous
    chord = bar.chords[bar.at(middle)]
    # Under a major seventh the root would grind against the note a semitone below it.
    is_root_clear = (chord.root - 1) % SEMITONES_PER_OCTAVE not in chord.pitch_classes
    goals = (chord.root,) if final and is_root_clear else (chord.pitch_classes[1], chord.fifth)
    goal = min((nearest_pitch(pc, before) for pc in goals), key=lambda pitch: (pitch == before, abs(pitch - before)))
    return [*notes, Note(bar.start + middle, bar.n_steps - middle - 2, goal, 0.78)]


def ornament(notes: Sequence[Note], chord: Chord, rng: np.random.Generator) -> list[Note]:
    """Vary a bar on its return: split some longer notes with a neighbor from the chord's scale."""
    varied: list[Note] = []
    for note in notes:
        if note.length < 2 or rng.random() > 0.4:  # noqa: PLR2004 - fewer than half, or the tune is lost
            varied.append(note)
            continue
        half = note.length // 2
        neighbor = _neighbor(note.pitch, chord, int(rng.choice((-1, 1))))
        varied.append(Note(note.start, half, note.pitch, note.velocity))
        if is_strong(note.start + half, note.length - half):
            neighbor = _nearest_chord_pitch(chord, neighbor)
        varied.append(Note(note.start + half, note.length - half, neighbor, 0.85 * note.velocity))
    return varied


def harmonize(note: Note, chord: Chord) -> Note:
    """Set a second voice below: the first chord note at least a third under the tune."""
    below = next(
        p for p in range(note.pitch - 3, note.pitch - 16, -1) if p % SEMITONES_PER_OCTAVE in chord.pitch_classes
    )
    return Note(note.start, note.length, below, 0.7 * note.velocity)


def _nearest_chord_pitch(chord: Chord, target: float) -> int:
    return min((nearest_pitch(pc, target) for pc in chord.pitch_classes), key=lambda pitch: abs(pitch - target))


def _next_chord_pitch(chord: Chord, pitch: int, direction: int, home: Range) -> int:
    """Go to the next chord note up or down, the other way at the edge of the range."""
    step = 1 if direction > 0 else -1
    ahead, behind = (
        next(p for p in range(pitch + s, pitch + 13 * s, s) if p % SEMITONES_PER_OCTAVE in chord.pitch_classes)
        for s in (step, -step)
    )
    return ahead if home.holds(ahead) else behind


def _soften_leap(pitch: int, previous: int, home: Range) -> int:
    nearer = pitch + (SEMITONES_PER_OCTAVE if pitch < previous else -SEMITONES_PER_OCTAVE)
    return nearer if abs(pitch - previous) > _MAX_LEAP and home.holds(nearer) else pitch


def _neighbor(pitch: int, chord: Chord, direction: int) -> int:
    return next(
        p for p in range(pitch + direction, pitch + 8 * direction, direction) if p % SEMITONES_PER_OCTAVE in chord.scale
    )
