"""How often the recognizer is right when it is as sure as this: what words about its doubt can go by."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from recognizer.evaluation.resampling import draw_counts, make_interval, resample_mean

if TYPE_CHECKING:
    from recognizer.evaluation.kept import KeptProtocol
    from recognizer.evaluation.predictions import Predictions
    from recognizer.intervals import Interval

# Ends of the bands of confidence; the page's words change at some of them.
BAND_ENDS: Final = (0.0, 0.6, 0.8, 0.95, 1.0)
N_RESAMPLES: Final = 2000


@dataclass(frozen=True)
class SurenessFigures:
    """Recordings whose confidence lies in one band.

    Attributes:
        n_known: clips of the voice that were known.
        low: lower end of the band, in [0, 1], which belongs to it.
        high: upper end, which belongs to the next band, the last one's excepted.
        share: of all recordings.
        accuracy: share of them that is right, with its interval over speakers; nan in an empty band.
    """

    n_known: int
    low: float
    high: float
    share: float
    accuracy: Interval


def measure_sureness(kept: KeptProtocol) -> tuple[SurenessFigures, ...]:
    """Measure each band, the least sure first: with nothing known of the voice, then with ever more.

    Raises:
        PredictionsError: see `KeptFile.read`.
    """
    by_n_known = {0: kept.predictions}
    by_n_known |= {n_known: file.read(kept.predictions) for n_known, file in sorted(kept.known.items())}
    return tuple(
        figures for n_known, predictions in by_n_known.items() for figures in _measure_bands(n_known, predictions)
    )


def _measure_bands(n_known: int, predictions: Predictions) -> list[SurenessFigures]:
    """Measure over all seeds together: a band holds other recordings after each training."""
    confidence = predictions.posteriors.max(axis=1)
    is_right = (predictions.posteriors.argmax(axis=1) == predictions.truth).astype(np.float64)
    speakers, number = np.unique(predictions.speakers, return_inverse=True)
    counts = draw_counts(len(speakers), n_resamples=N_RESAMPLES)
    band = np.searchsorted(BAND_ENDS[1:-1], confidence, side="right")
    return [
        SurenessFigures(
            n_known,
            low,
            high,
            share=float(np.mean(band == at)),
            accuracy=make_interval(resample_mean(is_right[band == at], number[band == at], counts), len(speakers)),
        )
        for at, (low, high) in enumerate(pairwise(BAND_ENDS))
    ]
