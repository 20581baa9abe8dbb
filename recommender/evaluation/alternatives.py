"""Query models that were fitted to Emotify, scored out of fold elsewhere and kept as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from recommender.errors import EvaluationDataError
from recommender.evaluation.tables import read_rows, to_numbers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from recommender.evaluation.baselines import Ranker
    from recommender.evaluation.datasets import RatedTracks


def load_alternatives(path: Path, tracks: RatedTracks) -> dict[str, Ranker]:
    """Make a ranker of each system of a table of out-of-fold scores.

    Args:
        path: `system, track_id, fold`, then a column per query, such as `1 happy` or `0.6 happy+0.4 sad`, as
            `emotitune train recommender --report` writes it.
        tracks: the catalog; each must be scored by each system.

    Raises:
        EvaluationDataError: a column or number is missing, or a track is unscored.
    """
    rows = read_rows(path, ("system", "track_id", "fold"))
    if not rows:
        raise EvaluationDataError(f"expected scores in {str(path)!r}, got none")
    queries = [name for name in rows[0] if name not in {"system", "track_id", "fold"}]
    rankers = {}
    for system in dict.fromkeys(row["system"] for row in rows):
        values = to_numbers([row for row in rows if row["system"] == system], ("track_id", *queries), path)
        row_by_id = {int(track_id): row for row, track_id in enumerate(values[:, 0].tolist())}
        missing = [track_id for track_id in tracks.track_ids.tolist() if track_id not in row_by_id]
        if missing:
            raise EvaluationDataError(
                f"expected scores of {system} for every track in {str(path)!r}, {missing[:5]} missing"
            )
        places = [row_by_id[track_id] for track_id in tracks.track_ids.tolist()]
        rankers[system] = _rank_by({query: values[places, 1 + i] for i, query in enumerate(queries)}, path)
    return rankers


def _rank_by(scores_by_query: Mapping[str, np.ndarray], path: Path) -> Ranker:
    def rank(_tracks: RatedTracks, posterior: Mapping[str, float], _rng: np.random.Generator) -> np.ndarray:
        name = "+".join(f"{share:g} {label}" for label, share in posterior.items())
        if name not in scores_by_query:
            raise EvaluationDataError(f"expected a column {name!r} in {str(path)!r}")
        return np.argsort(-scores_by_query[name], kind="stable")

    return rank
