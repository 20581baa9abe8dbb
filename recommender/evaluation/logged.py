"""What another policy would have earned, by a user's own logs; their layout stands in `logs`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from recommender.errors import EvaluationDataError
from recommender.evaluation.bootstrap import bound_mean
from recommender.evaluation.results import Figure, ProtocolResult
from recommender.evaluation.tables import read_rows, to_numbers
from recommender.off_policy import LoggedPlaces, estimate_doubly_robust, estimate_ips, estimate_snips

if TYPE_CHECKING:
    from pathlib import Path

    from recommender.off_policy import OffPolicyEstimate

LOGS: Final = "logs"
LIVE: Final = "live-policy"
READINGS: Final = {
    "reward": "mean reward of a place, as logged for the live policy, as estimated for the candidate",
    "effective_places": "how many places of the candidate's own log would tell as much; far below what was logged, "
    "the two policies differ too much for these logs to say",
    "clipped_share": "share of places whose weight was clipped; more than a few pull the estimate down",
}
_NOTE: Final = (
    "The candidate never played: its reward is estimated by weighing what the live policy played. IPS is right on "
    "average and of wide spread, SNIPS a little off and of narrower spread, the doubly robust estimate right if either "
    "the odds or the model of rewards are. The live policy's interval is a bootstrap over listeners, the others' one "
    "over playlists, both 95 %."
)
_COLUMNS: Final = ("propensity", "reward", "candidate")
_MODEL_COLUMNS: Final = ("expected_reward", "candidate_reward")


def evaluate_logs(path: Path, *, seed: int = 0, n_resamples: int = 500) -> ProtocolResult:
    """Estimate what the candidate would earn a place.

    Args:
        path: `logs.csv`, laid out as `recommender.evaluation.logs` says.
        seed: of the resampling.
        n_resamples: of the bootstrap over listeners.

    Raises:
        EvaluationDataError: the table is of another kind, empty, or a number is out of range.
    """
    rows = read_rows(path, ("listener", "playlist_id", "track_id", *_COLUMNS))
    if not rows:
        raise EvaluationDataError(f"expected rows in {str(path)!r}, got none")
    logged, reward, candidate = to_numbers(rows, _COLUMNS, path).T
    for name, values, is_open in (
        ("propensity", logged, True),
        ("reward", reward, False),
        ("candidate", candidate, False),
    ):
        _check_share(path, name, values, is_open=is_open)
    places = LoggedPlaces(reward, logged, candidate, np.array([row["playlist_id"] for row in rows]))
    estimates = {
        "candidate by IPS": estimate_ips(places, seed=seed),
        "candidate by SNIPS": estimate_snips(places, seed=seed),
    }
    if all(column in rows[0] for column in _MODEL_COLUMNS):
        predicted, predicted_target = to_numbers(rows, _MODEL_COLUMNS, path).T
        estimates["candidate, doubly robust"] = estimate_doubly_robust(places, predicted, predicted_target, seed=seed)
    listeners = [row["listener"] for row in rows]
    live = bound_mean(reward, listeners, n_resamples, np.random.default_rng(seed))
    return ProtocolResult(
        name=LOGS,
        scope=f"{len(rows)} places of {len(set(places.playlist))} playlists for {len(set(listeners))} listeners",
        note=_NOTE,
        readings=READINGS,
        figures={LIVE: {"reward": live}} | {name: _figures(estimate) for name, estimate in estimates.items()},
        plotted=("reward",),
    )


def _check_share(path: Path, name: str, values: np.ndarray, *, is_open: bool) -> None:
    is_out = (values < 0) | (values > 1) | (is_open & (values == 0))
    if is_out.any():
        row = int(np.flatnonzero(is_out)[0])
        bounds = "above 0 up to 1" if is_open else "from 0 to 1"
        raise EvaluationDataError(f"expected a {name} {bounds} in {str(path)!r}, got {values[row]:g} in line {row + 2}")


def _figures(estimate: OffPolicyEstimate) -> dict[str, Figure]:
    return {
        "reward": Figure(estimate.value, estimate.low, estimate.high),
        "effective_places": Figure(estimate.effective_n),
        "clipped_share": Figure(estimate.clipped_share),
    }
