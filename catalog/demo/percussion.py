"""What drummers play: grooves by name, how much of them a section uses, and fills into the next one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from catalog.demo.rhythm import parse_pattern
from catalog.demo.score import Hit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

    from catalog.demo.form import Section

_FULL_INTENSITY_LETTERS: Final = frozenset("BV")
_VELOCITY: Final[dict[str, float]] = {"x": 0.9, "o": 0.45}


@dataclass(frozen=True, slots=True)
class DrumGroove:
    """Patterns of one bar by drum: what always runs, what quiet sections keep, what full sections add; fill drums."""

    core: dict[str, str]
    quiet: tuple[str, ...] = ()
    extra: dict[str, str] = field(default_factory=dict)
    fill: tuple[str, ...] = ("snare", "high tom", "low tom")
    crash: str | None = "crash"


GROOVES: Final[dict[str, DrumGroove]] = {
    "none": DrumGroove(core={}, fill=(), crash=None),
    "pop": DrumGroove(
        core={"kick": "x.....x.x.......", "snare": "....x.......x..o", "hat": "x.o.x.o.x.o.x.o."},
        quiet=("hat",),
        extra={"tambourine": "..x...x...x...x.", "kick": "..........x....."},
    ),
    "four": DrumGroove(
        core={"kick": "x...x...x...x...", "clap": "....x.......x...", "hat": "o.x.o.x.o.x.o.x."},
        quiet=("hat",),
        extra={"open hat": "..x...x...x...x.", "shaker": "xoxoxoxoxoxoxoxo"},
        fill=("clap", "snare"),
    ),
    "ska": DrumGroove(
        core={"kick": "x.......x.......", "rim": "....x.......x...", "hat": "x.x.x.x.x.x.x.x."},
        quiet=("hat",),
        extra={"snare": "............x..o", "tambourine": "..x...x...x...x."},
    ),
    "samba": DrumGroove(
        core={"low tom": "....x..o....x..o", "rim": "x..x..x...x..x..", "shaker": "xooxxooxxooxxoox"},
        quiet=("shaker",),
        extra={"kick": "x..xx..xx..xx..x", "tambourine": "..x...x...x..xx."},
        fill=("rim", "high tom"),
        crash=None,
    ),
    "swing": DrumGroove(
        core={"ride": "x...x.o.x...x.o.", "pedal hat": "....x.......x..."},
        quiet=("pedal hat",),
        extra={"brush": "......o.......o.", "kick": "o...o...o...o..."},
        fill=("brush", "snare"),
        crash=None,
    ),
    "funk": DrumGroove(
        core={"kick": "x..x......x..x..", "snare": "....x..o.o..x..o", "hat": "xoxoxoxoxoxoxoxo"},
        quiet=("hat",),
        extra={"open hat": "..............x.", "tambourine": "....x.......x..."},
    ),
    "jig": DrumGroove(
        core={"low tom": "x.....x..o..", "shaker": "x.o.x.x.o.x."},
        quiet=("shaker",),
        extra={"tambourine": "....x.....x.", "kick": "x.....x....."},
        fill=("low tom", "high tom"),
        crash=None,
    ),
    "afro": DrumGroove(
        core={"kick": "x.....x.x.....x.", "rim": "x..x..x...x.x...", "shaker": "xoxoxoxoxoxoxoxo"},
        quiet=("shaker", "rim"),
        extra={"high tom": "....x.x.....x.xx", "clap": "....x.......x..."},
        fill=("high tom", "low tom"),
        crash=None,
    ),
    "half": DrumGroove(
        core={"kick": "x......o..x.....", "snare": "........x.......", "hat": "o.o.o.oxo.o.o.o."},
        quiet=("hat",),
        extra={"rim": "...x......x..x.."},
        fill=("rim",),
        crash=None,
    ),
    "lofi": DrumGroove(
        core={"kick": "x......x..x.....", "rim": "....x.......x...", "hat": "o.x.o.x.o.x.o.xo"},
        quiet=("hat",),
        extra={"shaker": "o.o.o.o.o.o.o.o."},
        fill=("rim",),
        crash=None,
    ),
    "brush": DrumGroove(
        core={"brush": "o...x.o.o...x.o.", "pedal hat": "....o.......o..."},
        quiet=("brush",),
        extra={"kick": "o.......o..o....", "ride": "o...o...o...o..."},
        fill=("brush",),
        crash=None,
    ),
    "bossa": DrumGroove(
        core={"kick": "o.....oo......oo", "rim": "x..x..x...x..x..", "shaker": "oooooooooooooooo"},
        quiet=("shaker",),
        fill=(),
        crash=None,
    ),
    "waltz": DrumGroove(core={"brush": "....o...o..."}, extra={"kick": "o..........."}, fill=(), crash=None),
    "shaker": DrumGroove(core={"shaker": "o.ooo.ooo.ooo.oo"}, extra={"rim": "....o.......o..."}, fill=(), crash=None),
    "metal": DrumGroove(
        core={"hard kick": "x.x.xxx.x.xxx.xx", "snare": "....x.......x...", "open hat": "x...x...x...x..."},
        quiet=("hard kick", "snare"),
        extra={"hard kick": ".x.x...x.x...x..", "crash": "x..............."},
    ),
    "punk": DrumGroove(
        core={"hard kick": "x..x..x.x..x..x.", "snare": "....x.......x...", "open hat": "x.x.x.x.x.x.x.x."},
        quiet=("open hat",),
        extra={"crash": "x..............."},
    ),
    "industrial": DrumGroove(
        core={"hard kick": "x...x...x...x..x", "noise": "....x.......x...", "metal": "..x..x.x..x..x.x"},
        quiet=("metal", "hard kick"),
        extra={"hat": "xxoxxxoxxxoxxxox", "snare": "....x..x....x.xx"},
        fill=("noise", "metal", "snare"),
    ),
    "breaks": DrumGroove(
        core={"hard kick": "x.........x.....", "snare": "....x..o.o..x..o", "hat": "x.x.x.x.x.x.x.x."},
        quiet=("hat", "snare"),
        extra={"ride": "x...x...x...x...", "shaker": "oxoxoxoxoxoxoxox"},
    ),
    "march": DrumGroove(
        core={"taiko": "x.......x.....xx", "snare": "x.ooxooxx.ooxxxx", "low tom": "....x.......x..."},
        quiet=("snare",),
        extra={"high tom": "..x...x...x...x.", "metal": "....x.......x..."},
        fill=("taiko", "low tom", "high tom"),
    ),
    "taiko": DrumGroove(
        core={"taiko": "x.....x...x.....", "low tom": "..oo..oo..oo..xx", "shaker": "xoxoxoxoxoxoxoxo"},
        quiet=("shaker", "taiko"),
        extra={"snare": "x..x..x..x..x.xx", "high tom": "....x.......x..."},
        fill=("high tom", "low tom", "taiko"),
    ),
    "seven": DrumGroove(
        core={"hard kick": "x..x..x..x....", "snare": "....x.....x.x.", "hat": "x.x.x.x.x.x.xx"},
        quiet=("hat", "hard kick"),
        extra={"crash": "x.............", "hard kick": ".......x.....x"},
    ),
    "heartbeat": DrumGroove(
        core={"taiko": "x..x............", "metal": "..........x..o.."},
        quiet=("taiko",),
        extra={"low tom": "x..x..x.x..x..xx", "noise": "............x..."},
        fill=("low tom", "taiko"),
    ),
}


def play_drums(
    groove: DrumGroove, sections: Sequence[Section], n_steps: int, rng: np.random.Generator
) -> tuple[Hit, ...]:
    """Drum through a piece: more in full sections, little in quiet ones, a fill before each new section.

    Args:
        groove: what the drummer knows.
        sections: the form.
        n_steps: sixteenths in a bar.
        rng: varies strokes and fills.

    Returns:
        Hits in order of time, sections after each other.
    """
    hits: list[Hit] = []
    for section, following in zip(sections, [*sections[1:], None], strict=True):
        patterns = _patterns_for(groove, section)
        if groove.crash and following is not None and following.letter in "BV":
            hits.append(Hit(section.last_bar * n_steps, "swell", 0.7 * following.intensity))
        if groove.crash and section.letter in "AVB" and section.first_bar:
            hits.append(Hit(section.first_bar * n_steps, groove.crash, 0.8 * section.intensity))
        for bar in range(section.first_bar, section.last_bar + 1):
            # The very last bar belongs to the closing chord.
            if following is None and bar == section.last_bar:
                hits.extend(Hit(bar * n_steps, drum, 0.6) for drum in list(groove.core)[:1])
                break
            is_fill = following is not None and bar == section.last_bar and bool(groove.fill) and section.letter != "K"
            fill_from = n_steps - n_steps // 4 if is_fill else n_steps
            hits.extend(_play_bar(patterns, bar * n_steps, fill_from, section.intensity, rng))
            if is_fill:
                hits.extend(_play_fill(groove, bar * n_steps, (fill_from, n_steps), section.intensity, rng))
    return tuple(hits)


def _patterns_for(groove: DrumGroove, section: Section) -> list[tuple[str, str]]:
    if section.letter in "IKO":
        return [(drum, pattern) for drum, pattern in groove.core.items() if drum in groove.quiet]
    patterns = list(groove.core.items())
    return [*patterns, *groove.extra.items()] if section.letter in _FULL_INTENSITY_LETTERS else patterns


def _play_bar(
    patterns: Sequence[tuple[str, str]], start: int, until: int, intensity: float, rng: np.random.Generator
) -> Iterator[Hit]:
    for drum, pattern in patterns:
        for stroke in parse_pattern(pattern):
            # Ghost strokes come and go, main strokes stay.
            if stroke.start >= until or (stroke.symbol == "o" and rng.random() < 0.12):  # noqa: PLR2004
                continue
            velocity = _VELOCITY[stroke.symbol] * (0.6 + 0.4 * intensity) * rng.uniform(0.88, 1.06)
            yield Hit(start + stroke.start, drum, min(1.0, velocity))


def _play_fill(
    groove: DrumGroove, start: int, steps: tuple[int, int], intensity: float, rng: np.random.Generator
) -> Iterator[Hit]:
    n_strokes = steps[1] - steps[0]
    for number in range(n_strokes):
        if rng.random() < 0.85:  # noqa: PLR2004 - a fill with holes breathes
            drum = groove.fill[number * len(groove.fill) // n_strokes]
            yield Hit(start + steps[0] + number, drum, intensity * (0.55 + 0.35 * number / n_strokes))
