"""From the plan of a piece to its score: harmony laid out over the form, then one role after the other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from catalog.demo.accompaniment import play_arpeggio, play_bass, play_chords, play_pad
from catalog.demo.form import Section, plan_form
from catalog.demo.harmony import SEMITONES_PER_OCTAVE, Bar, Chord, Key, parse_progression, voice_chord
from catalog.demo.melody import Motif, Range, cadence, harmonize, invent_motif, ornament, realize_motif
from catalog.demo.percussion import GROOVES, play_drums
from catalog.demo.score import Note, Part, Role, Score

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from catalog.demo.moods import PieceSpec

# Who plays where, by section letter; the melody has rules of its own.
_PLAYING: Final[dict[Role, str]] = {
    "bass": "ABVO",
    "chords": "IABV",
    "pad": "IABKVO",
    "arpeggio": "IBKVO",
    "counter": "V",
}
_PHRASE_BARS: Final = 4
_ARPEGGIO_CENTER: Final = 60


@dataclass(frozen=True, slots=True)
class Draft:
    """What composing needs at hand: the plan, the form, the bars of harmony, and chance."""

    spec: PieceSpec
    sections: tuple[Section, ...]
    bars: tuple[Bar, ...]
    rng: np.random.Generator

    def bars_of(self, section: Section) -> tuple[Bar, ...]:
        """Return the bars of one section."""
        return self.bars[section.first_bar : section.last_bar + 1]


def compose(spec: PieceSpec) -> Score:
    """Compose one piece; equal plans give equal scores."""
    rng = np.random.default_rng((*spec.seed, 1))
    bar_s = spec.groove.step_s * spec.groove.steps_per_bar
    sections = plan_form(bar_s, spec.style.contrast, rng)
    draft = Draft(spec, sections, lay_harmony(spec, sections), rng)
    melody, counter = _compose_melody(draft)
    parts = [Part("melody", spec.melody.instrument, tuple(melody))]
    if spec.counter:
        parts.append(Part("counter", spec.counter.instrument, tuple(counter)))
    for role, playing in spec.accompaniment.items():
        parts.append(Part(role, playing.instrument, tuple(_accompany(draft, role))))
    hits = play_drums(GROOVES[spec.drums], sections, spec.groove.steps_per_bar, rng)
    n_steps = len(draft.bars) * spec.groove.steps_per_bar
    return Score(n_steps, tuple(part for part in parts if part.notes), hits)


def lay_harmony(spec: PieceSpec, sections: Sequence[Section]) -> tuple[Bar, ...]:
    """Give every bar its chords and voicings, each voicing as near as can be to the one before; end on the tonic."""
    chords_by_bar: list[tuple[Chord, ...]] = []
    key = spec.key
    for number, section in enumerate(sections):
        if section.letter == "V" and number == len(sections) - 2:
            key = Key((spec.key.tonic + spec.style.lift) % SEMITONES_PER_OCTAVE, spec.key.mode)
        progression = parse_progression(spec.contrast_theme if section.letter in "BK" else spec.theme, key)
        chords_by_bar.extend(progression[bar % len(progression)] for bar in range(section.n_bars))
    chords_by_bar[-1] = parse_progression(spec.theme, key)[0][:1]
    n_steps = spec.groove.steps_per_bar
    bars: list[Bar] = []
    voicing: tuple[int, ...] | None = None
    for number, chords in enumerate(chords_by_bar):
        voicings = []
        for chord in chords:
            voicing = voice_chord(chord, voicing, spec.style.chords_center)
            voicings.append(voicing)
        following = chords_by_bar[min(number + 1, len(chords_by_bar) - 1)][0]
        bars.append(Bar(number * n_steps, n_steps, chords, tuple(voicings), following))
    return tuple(bars)


def _compose_melody(draft: Draft) -> tuple[list[Note], list[Note]]:
    spec, rng = draft.spec, draft.rng
    motifs = [invent_motif(cell, rng) for cell in spec.melody.bars]
    answers = [motif.inverted() for motif in reversed(motifs)]
    melody: list[Note] = []
    counter: list[Note] = []
    for section in draft.sections:
        if section.letter in "IO" or (section.letter == "K" and rng.random() < 0.5):  # noqa: PLR2004 - half the breaks sing
            continue
        raised = 3 if section.letter == "B" else 0
        home = Range(spec.style.melody_center + raised)
        ideas = answers if section.letter in "BK" else motifs
        sung = _sing(draft, section, ideas, home, melody[-1].pitch if melody else home.center)
        melody.extend(sung)
        if section.letter in _PLAYING["counter"]:
            counter.extend(_second_voice(draft, sung))
    return melody, counter


def _sing(draft: Draft, section: Section, ideas: Sequence[Motif], home: Range, previous: int) -> list[Note]:
    """Sing phrases of four bars: an idea, an answer, the idea again or in later phrases another one, a close."""
    sung: list[Note] = []
    bars = draft.bars_of(section)
    for number, bar in enumerate(bars):
        phrase, place = divmod(number, _PHRASE_BARS)
        idea = ideas[(0, 1, 2 * (phrase % 2), 0)[place] % len(ideas)]
        is_close = place == _PHRASE_BARS - 1 or number == len(bars) - 1
        if is_close:
            notes = cadence(idea, bar, previous, home, final=number == len(bars) - 1)
        else:
            notes = realize_motif(idea, bar, previous, home)
            if section.letter == "V" and len(bar.chords) == 1:
                notes = ornament(notes, bar.chords[0], draft.rng)
        notes = [replace(note, velocity=note.velocity * (0.55 + 0.45 * section.intensity)) for note in notes]
        sung.extend(notes)
        previous = notes[-1].pitch if notes else previous
    return sung


def _second_voice(draft: Draft, sung: Sequence[Note]) -> Iterator[Note]:
    n_steps = draft.spec.groove.steps_per_bar
    for note in sung:
        bar = draft.bars[int(note.start // n_steps)]
        yield harmonize(note, bar.chords[bar.at(int(note.start - bar.start))])


def _accompany(draft: Draft, role: Role) -> Iterator[Note]:
    patterns = draft.spec.accompaniment[role].bars
    # Without a pad the chords must carry the quiet sections too.
    letters = _PLAYING[role] if role != "chords" or "pad" in draft.spec.accompaniment else "IABKVO"
    for section in draft.sections:
        if section.letter not in letters:
            continue
        bars = draft.bars_of(section)
        strength = 0.55 + 0.45 * section.intensity
        if role == "pad":
            yield from (replace(note, velocity=note.velocity * strength) for note in play_pad(bars))
            continue
        for number, bar in enumerate(bars):
            for note in _play_bar(draft, role, patterns[number % len(patterns)], bar):
                yield replace(note, velocity=note.velocity * strength)
    yield from _close(draft, role, letters)


def _play_bar(draft: Draft, role: Role, pattern: str, bar: Bar) -> Iterator[Note]:
    if bar is draft.bars[-1]:
        return iter(())
    if role == "bass":
        return play_bass(pattern, bar)
    if role == "chords":
        return play_chords(pattern, bar)
    return play_arpeggio(pattern, bar, 12 if draft.spec.style.chords_center < _ARPEGGIO_CENTER else 0)


def _close(draft: Draft, role: Role, letters: str) -> Iterator[Note]:
    """Set the last chord, held through the last bar by everyone but the pad, who has it already."""
    bar = draft.bars[-1]
    if role == "pad" and "O" in letters:
        return
    pattern = "-" * (bar.n_steps - 1)
    if role == "bass":
        yield from play_bass("r" + pattern, bar)
    else:
        yield from (replace(note, velocity=0.6) for note in play_chords("x" + pattern, bar))
