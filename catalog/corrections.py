"""Where curators hear tracks: kept apart from what the model predicts, and used first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import select

from catalog.affect_plane import shares_at
from catalog.analysis.affect import AFFECT_LABELS, AffectEstimate
from catalog.analysis.embeddings import (
    AFFECT_AXES,
    EMBEDDING_MODEL,
    MAX_RAW_NORM,
    N_DIMENSIONS,
    fold,
    load_embedding_space,
)
from catalog.models import AffectCorrection, TrackAffect

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Affect:
    """A place in the plane and what it sounds like.

    Attributes:
        valence: within [-1, 1].
        arousal: within [-1, 1].
        shares: by emotion label, within [0, 1] each.
        stds: of a prediction, the standard deviation of the error to expect, by the names of the axes.
        model: which predicted it; empty for a correction.
        who: who corrected it; empty for a prediction.
        at: when it was corrected; None for a prediction.
    """

    valence: float
    arousal: float
    shares: Mapping[str, float]
    stds: Mapping[str, float]
    model: str = ""
    who: str = ""
    at: datetime | None = None


def find_prediction(session: Session, track_id: int) -> Affect | None:
    """Return what the model hears in a track, whatever a curator says; None before the analysis."""
    row = session.get(TrackAffect, track_id)
    if row is None:
        return None
    return Affect(row.valence, row.arousal, _shares_of(row), dict(row.stds), model=row.model)


def find_correction(session: Session, track_id: int) -> Affect | None:
    """Return where a curator hears a track, None where nobody corrected it."""
    row = session.get(AffectCorrection, track_id)
    if row is None:
        return None
    return Affect(row.valence, row.arousal, _shares_of(row), {}, who=row.who, at=row.at)


def move_embedding(vector: np.ndarray, valence: float, arousal: float) -> np.ndarray:
    """Return an embedding as it would be if its track stood elsewhere in the plane.

    Shares follow from the place; timbre stays. (Where the analysis had to shorten a raw vector, its timbre was
    shortened too, and stays so.)

    Args:
        vector: of `EMBEDDING_MODEL`, shape (33,), unit length.
        valence: within [-1, 1].
        arousal: within [-1, 1].

    Returns:
        float32, shape (33,), unit length.
    """
    space = load_embedding_space()
    affect = AffectEstimate(valence, arousal, shares_at(valence, arousal), {})
    # At the center of timbre all timbre axes are zero: what is left is affect, standardized as in the analysis.
    axes = space.compute_raw(affect, space.timbre_center)[: len(AFFECT_AXES)]
    raw = np.asarray(vector[:-1], dtype=np.float64) * MAX_RAW_NORM
    raw[: len(AFFECT_AXES)] = axes
    return fold(raw)


def follow_corrections(session: Session, model: str, track_ids: np.ndarray, embeddings: np.ndarray) -> np.ndarray:
    """Move the embeddings of corrected tracks; those of models without affect axes stay as they are.

    Args:
        session: where the corrections are.
        model: whose embeddings.
        track_ids: int64, shape (n,), ascending.
        embeddings: float32, shape (n, d).

    Returns:
        float32, shape (n, d).
    """
    if model != EMBEDDING_MODEL and embeddings.shape[1] != N_DIMENSIONS:
        return embeddings
    rows = session.execute(select(AffectCorrection.track_id, AffectCorrection.valence, AffectCorrection.arousal)).all()
    moved = embeddings.copy() if rows else embeddings
    for track_id, valence, arousal in rows:
        place = int(np.searchsorted(track_ids, track_id))
        if place < len(track_ids) and track_ids[place] == track_id:
            moved[place] = move_embedding(embeddings[place], valence, arousal)
    return moved


def _shares_of(row: TrackAffect | AffectCorrection) -> dict[str, float]:
    return {label: float(getattr(row, label)) for label in AFFECT_LABELS}
