"""The orchestra: every instrument by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from catalog.demo.instruments.acoustic import BARS, KEYS, STRINGS, WINDS
from catalog.demo.instruments.electric import BASSES, SYNTHS

if TYPE_CHECKING:
    from catalog.demo.instruments.instrument import Instrument

INSTRUMENTS: Final[dict[str, Instrument]] = {**KEYS, **STRINGS, **WINDS, **BARS, **SYNTHS, **BASSES}
