"""How steady and how quick a filter is: clips of different moods joined to streams, flips counted, delays timed.

The streams are joined from kept out-of-fold predictions of single clips, not from audio: each clip stands for one
window of 3 s, and the next begins where it ends. So every posterior comes from a model that never heard the voice; but
no window holds two moods, as happens in life, and none overlaps the next, as windows that are served do, at a step of
1.5 s. The figures compare filters on the same streams; they are not those of a served recording.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from recognizer.intervals import Interval, bootstrap_over_groups
from recognizer.labels import LABELS
from recognizer.smoothing import (
    MOOD_DWELL_S,
    ExponentialSmoother,
    HiddenMarkovFilter,
    Hysteresis,
    choose_labels,
    smooth,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt

    from recognizer.evaluation.predictions import Predictions
    from recognizer.smoothing import PosteriorFilter

WINDOW_S: Final = 3.0
N_RUNS: Final = 8
# Windows in one mood, from two to seven: 6 to 21 s.
RUN_LENGTHS: Final = (2, 8)
N_STREAMS_PER_SPEAKER: Final = 4

_S_PER_MINUTE: Final = 60.0


@dataclass(frozen=True)
class Stream:
    """Posteriors of one voice as they would come in, with the truth.

    Attributes:
        speaker: whose.
        posteriors: shape (n_windows, 4).
        truth: shape (n_windows,), label indices.
    """

    speaker: str
    posteriors: npt.NDArray[np.float64]
    truth: npt.NDArray[np.int64]

    @property
    def starts_s(self) -> npt.NDArray[np.float64]:
        """Where the windows start: one after the other."""
        return np.arange(len(self.truth), dtype=np.float64) * WINDOW_S


@dataclass(frozen=True)
class OverTimeFigures:
    """What a filter did to the streams, with intervals over speakers.

    Attributes:
        accuracy: share of the windows whose shown label is the mood spoken.
        flips_per_minute: needless changes of the shown label, a minute, >= 0. A change is needed if it shows the mood
            spoken for the first time since this mood began, or since the stream did; every other change is needless,
            one that comes when its mood is over included.
        delay_s: mean time from a change of mood until it is shown, over the changes that are shown before the next.
        missed: share of the changes that are never shown.
    """

    accuracy: Interval
    flips_per_minute: Interval
    delay_s: Interval
    missed: Interval


def join_streams(predictions: Predictions, *, seed: int = 0) -> list[Stream]:
    """Join each speaker's clips into streams whose mood changes every few windows.

    Args:
        predictions: out of fold; all seeds of training are drawn from alike.
        seed: of the order.
    """
    rng = np.random.default_rng(seed)
    streams = []
    for speaker in np.unique(predictions.speakers):
        is_theirs = predictions.speakers == speaker
        rows_by_label = [np.flatnonzero(is_theirs & (predictions.truth == label)) for label in range(len(LABELS))]
        labels = [label for label, rows in enumerate(rows_by_label) if len(rows)]
        if len(labels) > 1:
            picks = [_pick_rows(labels, rows_by_label, rng) for _ in range(N_STREAMS_PER_SPEAKER)]
            streams += [Stream(str(speaker), predictions.posteriors[rows], predictions.truth[rows]) for rows in picks]
    return streams


def compare_filters(predictions: Predictions, *, n_resamples: int = 1000) -> dict[str, OverTimeFigures]:
    """Measure the filter that serves, at a step of 3 s, beside the plain ones, on the same streams.

    Returns:
        Figures by the name of the filter; empty where no speaker is heard in two moods.
    """
    streams = join_streams(predictions)
    if not streams:
        return {}
    return {
        name: measure_over_time(streams, build_filter, build_hysteresis, n_resamples=n_resamples)
        for name, (build_filter, build_hysteresis) in FILTERS.items()
    }


def measure_over_time(
    streams: Sequence[Stream],
    build_filter: Callable[[], PosteriorFilter],
    build_hysteresis: Callable[[], Hysteresis] = Hysteresis,
    *,
    n_resamples: int = 1000,
    seed: int = 0,
) -> OverTimeFigures:
    """Run a filter over all streams.

    Args:
        streams: at least one.
        build_filter: gives a fresh filter for each stream.
        build_hysteresis: gives a fresh one for each stream.
        n_resamples: of the bootstrap over speakers.
        seed: of the bootstrap.
    """
    counts = np.array([_count(stream, build_filter(), build_hysteresis()) for stream in streams])
    speakers = np.array([stream.speaker for stream in streams])

    def measure(numerator: int, denominator: int) -> Interval:
        def compute_ratio(rows: npt.NDArray[np.int64]) -> float:
            below = counts[rows, denominator].sum()
            return float(counts[rows, numerator].sum() / below) if below else float("nan")

        rng = np.random.default_rng(seed)
        return bootstrap_over_groups(compute_ratio, speakers, rng=rng, n_resamples=n_resamples)

    return OverTimeFigures(
        accuracy=measure(_N_RIGHT, _N_WINDOWS),
        flips_per_minute=measure(_N_FLIPS, _N_MINUTES),
        delay_s=measure(_DELAY_S, _N_SHOWN),
        missed=measure(_N_MISSED, _N_CHANGES),
    )


# A filter with the hysteresis behind it. The first follows each window at once.
FILTERS: Final[Mapping[str, tuple[Callable[[], PosteriorFilter], Callable[[], Hysteresis]]]] = {
    "none": (lambda: ExponentialSmoother(1e-6), lambda: Hysteresis(min_lead=0.0)),
    "exponential, 2 s": (lambda: ExponentialSmoother(2.0), Hysteresis),
    f"hidden Markov, {MOOD_DWELL_S:g} s": (lambda: HiddenMarkovFilter(MOOD_DWELL_S, WINDOW_S), Hysteresis),
}

_N_WINDOWS, _N_RIGHT, _N_MINUTES, _N_FLIPS, _N_CHANGES, _N_SHOWN, _N_MISSED, _DELAY_S = range(8)


def _pick_rows(
    labels: Sequence[int], rows_by_label: Sequence[npt.NDArray[np.int64]], rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    rows: list[int] = []
    label = -1
    for _ in range(N_RUNS):
        label = int(rng.choice([other for other in labels if other != label]))
        rows += rng.choice(rows_by_label[label], size=rng.integers(*RUN_LENGTHS)).tolist()
    return np.array(rows, dtype=np.int64)


def _count(stream: Stream, posterior_filter: PosteriorFilter, hysteresis: Hysteresis) -> tuple[float, ...]:
    filtered = smooth(stream.posteriors, stream.starts_s, np.ones(len(stream.truth)), posterior_filter)
    shown = np.array(choose_labels(filtered, stream.starts_s, hysteresis))
    changes = np.flatnonzero(np.diff(stream.truth)) + 1
    starts, ends = [0, *changes], [*changes, len(shown)]
    waits = [_find_wait(shown[start:end], stream.truth[start]) for start, end in zip(starts, ends, strict=True)]
    arrivals = [start + wait for start, wait in zip(starts, waits, strict=True) if wait is not None]
    delays = [wait for wait in waits[1:] if wait is not None]
    return (
        len(shown),
        float((shown == stream.truth).sum()),
        len(shown) * WINDOW_S / _S_PER_MINUTE,
        _count_needless(shown, arrivals),
        len(changes),
        len(delays),
        len(changes) - len(delays),
        # A window is heard at its end: even a filter that follows at once is one window late.
        WINDOW_S * float(sum(delay + 1 for delay in delays)),
    )


def _find_wait(shown: npt.NDArray[np.int64], label: int) -> int | None:
    found = np.flatnonzero(shown == label)
    return int(found[0]) if len(found) else None


def _count_needless(shown: npt.NDArray[np.int64], arrivals: Sequence[int]) -> float:
    """Count changes but those by which a mood is shown first while it is spoken; in none where it was shown before."""
    is_change = np.diff(shown, prepend=shown[0]) != 0
    return float(is_change.sum() - is_change[arrivals].sum())
