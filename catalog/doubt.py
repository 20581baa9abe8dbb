"""How sure a predicted affect is, and whether a curator had better look at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# Beyond this the expected error reaches from the middle of a quadrant into its neighbor.
SUSPICIOUS_STD: Final = 0.5
# A side is taken by what stands this far from the middle of the plane.
CLEAR_SIDE: Final = 0.25


def mean_std(stds: Mapping[str, float]) -> float | None:
    """Return the mean standard deviation expected of valence and arousal, None if the model did not say."""
    if "valence" not in stds or "arousal" not in stds:
        return None
    return (stds["valence"] + stds["arousal"]) / 2


def is_doubtful(valence: float, arousal: float, shares: Mapping[str, float], stds: Mapping[str, float]) -> bool:
    """Tell whether a predicted affect is suspicious.

    It is where the standard deviation expected of valence or arousal is above `SUSPICIOUS_STD`, and where its shares
    stand clearly on the other side of the plane than its valence or arousal: happy and neutral (calm) are bright, happy
    and angry loud; both sides must be taken by more than `CLEAR_SIDE`.
    """
    if max(stds.get("valence", 0.0), stds.get("arousal", 0.0)) > SUSPICIOUS_STD:
        return True
    happy, sad, angry, neutral = (shares[label] for label in ("happy", "sad", "angry", "neutral"))
    # Silence may have no shares at all.
    total = max(happy + sad + angry + neutral, 1e-9)
    sides = ((valence, (happy + neutral - sad - angry) / total), (arousal, (happy + angry - sad - neutral) / total))
    return any(min(abs(a), abs(b)) > CLEAR_SIDE and a * b < 0 for a, b in sides)
