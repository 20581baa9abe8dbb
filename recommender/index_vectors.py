"""What every store of embeddings asks of them."""

from __future__ import annotations

from typing import Final

import numpy as np

_UNIT_TOLERANCE: Final = 1e-3


def check_embeddings(track_ids: np.ndarray, embeddings: np.ndarray) -> None:
    """Refuse what is no catalog: embeddings are unit vectors, one per id.

    Args:
        track_ids: shape (n,), int64.
        embeddings: shape (n, d), float32.

    Raises:
        ValueError: shapes disagree, an id comes twice or is negative, or an embedding is no unit vector.
    """
    if embeddings.ndim != 2 or track_ids.shape != (len(embeddings),):  # noqa: PLR2004 (a matrix)
        raise ValueError(
            f"expected n ids and embeddings of shape (n, d), got {track_ids.shape} ids and {embeddings.shape}"
        )
    if len(np.unique(track_ids)) != len(track_ids):
        raise ValueError(f"track ids must be distinct, got {len(track_ids) - len(np.unique(track_ids))} repeated")
    if (track_ids < 0).any():
        raise ValueError(f"track ids must not be negative, got {int(track_ids.min())}")
    # Written so that NaN counts as wrong.
    is_wrong = ~(np.abs(np.linalg.norm(embeddings, axis=1) - 1.0) <= _UNIT_TOLERANCE)
    if is_wrong.any():
        raise ValueError(f"embeddings must be unit vectors, track {int(track_ids[is_wrong][0])} has none")
