"""Made-up training tracks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from catalog.training.training_set import TrainingSet

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def make_training() -> Callable[..., TrainingSet]:
    """Six columns, six targets linear in them, four tracks an artist; hints are the targets before the noise."""

    def make(*, n_tracks: int = 80, noise: float = 0.1, seed: int = 0) -> TrainingSet:
        rng = np.random.default_rng(seed)
        vectors = rng.standard_normal((n_tracks, 6))
        clean = vectors @ rng.standard_normal((6, 6))
        targets = clean + noise * rng.standard_normal((n_tracks, 6))
        artists = [f"artist {i // 4}" for i in range(n_tracks)]
        return TrainingSet(vectors, targets, clean, np.ones(n_tracks), artists)

    return make
