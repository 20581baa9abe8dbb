"""What an instrument is: a voice and its place in the mix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from catalog.demo.voices import SweptVoice, Voice

# Cents between the strings or oscillators of one note: a section, a pair.
DETUNED: Final = (-9.0, -3.0, 4.0, 10.0)
PAIRED: Final = (-4.0, 4.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """A voice with what the mixer should do to it.

    `width` within [0, 1] is how far it is spread, `reverb` scales the style's reverb, `level_db` leans against the
    role's level, `drive` is the gain into a soft distortion and `echo` the strength of repeats, 0 for none.
    """

    voice: Voice
    highpass_hz: float = 90.0
    lowpass_hz: float = 0.0
    width: float = 0.0
    reverb: float = 1.0
    level_db: float = 0.0
    drive: float = 0.0
    echo: float = 0.0


def swept(wave: str, dark_hz: float, bright_hz: float, **shape: float | tuple[float, ...]) -> SweptVoice:
    """Shorten what most entries of the tables below would repeat; `shape` goes to `SweptVoice` as it is."""
    return SweptVoice(wave=wave, dark_hz=dark_hz, bright_hz=bright_hz, **shape)  # type: ignore[arg-type]
