"""The four emotion labels, their order, and what every corpus's names are mapped to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args

Label = Literal["happy", "sad", "angry", "neutral"]
Posterior = Mapping[str, float]

LABELS: Final[tuple[Label, ...]] = get_args(Label)
