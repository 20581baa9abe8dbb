"""Styles by mood family: the musical material every piece of the demo library is drawn from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from catalog.demo.styles.angry import ANGRY_STYLES
from catalog.demo.styles.calm import CALM_STYLES
from catalog.demo.styles.happy import HAPPY_STYLES
from catalog.demo.styles.sad import SAD_STYLES

if TYPE_CHECKING:
    from catalog.demo.styles.style import Style

STYLES: Final[tuple[Style, ...]] = (*HAPPY_STYLES, *SAD_STYLES, *ANGRY_STYLES, *CALM_STYLES)
