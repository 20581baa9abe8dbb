"""Regions of the valence-arousal plane in addresses: `v,a;v,a;...`, as the mood map's lasso draws them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from catalog.affect_plane import box, read_region

if TYPE_CHECKING:
    from catalog.affect_plane import MoodRegion

_MAX_LENGTH: Final = 4_000


def parse_region(text: str) -> MoodRegion | None:
    """Read a region; None where the text is none.

    Example:
        >>> parse_region("0,0;1,0;1,1").bounds
        (0.0, 1.0, 0.0, 1.0)
    """
    if not text or len(text) > _MAX_LENGTH:
        return None
    try:
        region = read_region([[float(number) for number in corner.split(",")] for corner in text.split(";")])
    except ValueError:
        return None
    # A box drawn from another corner is a box to the database too.
    around = box(*region.bounds)
    return around if _is_upright(region) and set(region.corners) == set(around.corners) else region


def _is_upright(region: MoodRegion) -> bool:
    """Tell whether each of four edges runs along an axis."""
    corners = region.corners
    pairs = zip(corners, (*corners[1:], corners[0]), strict=True)
    return len(corners) == 4 and all(a[0] == b[0] or a[1] == b[1] for a, b in pairs)  # noqa: PLR2004 - of a box


def format_region(region: MoodRegion) -> str:
    """Write a region so that `parse_region` reads it.

    Example:
        >>> format_region(box(-1.0, 0.0, 0.25, 1.0))
        '-1,0.25;0,0.25;0,1;-1,1'
    """
    return ";".join(f"{round(valence, 4):g},{round(arousal, 4):g}" for valence, arousal in region.corners)
