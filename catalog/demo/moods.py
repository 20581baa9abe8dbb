"""Which pieces the library holds: every style twice, each with its own key, tempo, harmony, instruments and sleeve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np

from catalog.demo.harmony import Key
from catalog.demo.rhythm import Groove
from catalog.demo.styles import STYLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from catalog.demo.score import Role
    from catalog.demo.styles.style import Playing, Sleeve, Style

PIECES_PER_STYLE: Final = 2
N_PIECES: Final = PIECES_PER_STYLE * len(STYLES)
_ACCOMPANYING: Final[tuple[Role, ...]] = ("bass", "chords", "pad", "arpeggio")
_Choice = TypeVar("_Choice")


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceSpec:
    """All decisions about one piece that are made before composing it.

    `valence` and `arousal` within [-1, 1] are what it is composed for. `seed` feeds its composer and its players.
    """

    number: int
    seed: tuple[int, int]
    sleeve: Sleeve
    style: Style
    key: Key
    groove: Groove
    theme: str
    contrast_theme: str
    melody: Playing
    counter: Playing | None
    accompaniment: dict[Role, Playing]
    drums: str
    valence: float
    arousal: float


def plan_pieces(seed: int) -> tuple[PieceSpec, ...]:
    """Decide on all pieces of the library; equal seeds give equal plans."""
    return tuple(_plan_piece(number, seed) for number in range(N_PIECES))


def _plan_piece(number: int, seed: int) -> PieceSpec:
    style, variant = STYLES[number // PIECES_PER_STYLE], number % PIECES_PER_STYLE
    rng = np.random.default_rng((seed, number))
    share = (variant + rng.uniform(0.1, 0.9)) / PIECES_PER_STYLE
    low, high = style.tempo_bpm
    groove = Groove(
        tempo_bpm=round(low + share * (high - low), 1),
        steps_per_bar=style.steps_per_bar,
        swing=style.swing,
        swing_unit=style.swing_unit,
        slowing=style.slowing,
        rubato=style.rubato,
    )
    return PieceSpec(
        number=number,
        seed=(seed, number),
        sleeve=style.sleeves[variant],
        style=style,
        key=Key(int(rng.integers(12)), _pick(style.modes, variant)),
        groove=groove,
        theme=_pick(style.themes, variant),
        contrast_theme=_pick(style.contrasts, variant),
        melody=_pick(style.melody, variant),
        counter=_pick(style.counter, variant) if style.counter else None,
        accompaniment={role: _pick(choices, variant) for role in _ACCOMPANYING if (choices := _choices(style, role))},
        drums=_pick(style.drums, variant),
        valence=_shifted(style.valence, rng),
        # Of two pieces in one style the faster is the livelier.
        arousal=_shifted(style.arousal + 0.16 * (share - 0.5), rng),
    )


def _choices(style: Style, role: Role) -> tuple[Playing, ...]:
    return {"bass": style.bass, "chords": style.chords, "pad": style.pad, "arpeggio": style.arpeggio}[role]


def _pick(choices: Sequence[_Choice], variant: int) -> _Choice:
    return choices[variant % len(choices)]


def _shifted(center: float, rng: np.random.Generator) -> float:
    return round(float(np.clip(center + rng.uniform(-0.06, 0.06), -1.0, 1.0)), 3)
