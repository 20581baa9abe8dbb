"""What differs from a protocol's own predictions, and by how much: other systems, known voices, weeks, less data.

A difference is drawn over the same speakers on both sides, so what makes a voice easy or hard cancels out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from recognizer.evaluation.protocols import measure_figures
from recognizer.evaluation.resampling import draw_counts, make_interval, resample_uar
from recognizer.labels import LABELS

if TYPE_CHECKING:
    from recognizer.evaluation.kept import KeptFile, KeptProtocol
    from recognizer.evaluation.predictions import Predictions
    from recognizer.intervals import Interval

N_RESAMPLES: Final = 2000
WHOLE: Final = 100


@dataclass(frozen=True)
class Compared:
    """UAR of some predictions beside those they are held against.

    Attributes:
        uar: with its interval over speakers.
        reference: UAR of the others, over the speakers that both have.
        difference: UAR less that of the others, over the same.
        n_speakers: how many those are.
    """

    uar: Interval
    reference: Interval
    difference: Interval
    n_speakers: int

    @property
    def verdict(self) -> str:
        """`better` or `worse` where the interval of the difference leaves out 0, else `within noise`."""
        if self.difference.low > 0:
            return "better"
        return "worse" if self.difference.high < 0 else "within noise"


@dataclass(frozen=True)
class SystemFigures:
    """Another system on a protocol's folds.

    Attributes:
        name: such as `ravdess-4-fine-tuned`.
        figures: as `ProtocolResult.figures`.
        n_seeds: trainings that were averaged.
        compared: against the protocol's own predictions.
    """

    name: str
    figures: dict[str, Interval]
    n_seeds: int
    compared: Compared


@dataclass(frozen=True)
class KnownVoice:
    """What knowing clips of a voice gives.

    Attributes:
        n_known: clips known.
        compared: against none known; None for none itself.
        uar: with its interval.
    """

    n_known: int
    uar: Interval
    compared: Compared | None


@dataclass(frozen=True)
class WeekFigures:
    """What a week of notes of one mood does, by the first training alone.

    Attributes:
        label: the mood of all notes known.
        with_rule: against nothing known, when what the mood explains is taken out, as serving does.
        as_heard: the same with nothing taken out.
    """

    label: str
    with_rule: Compared | None
    as_heard: Compared | None


@dataclass(frozen=True)
class LearningPoint:
    """What a model reached with less to learn from.

    Attributes:
        percent: share of the training speakers.
        uar: on speakers it never heard.
    """

    percent: int
    uar: Interval


def compare(predictions: Predictions, reference: Predictions, *, n_resamples: int = N_RESAMPLES) -> Compared:
    """Hold the UAR of predictions against that of others.

    Args:
        predictions: averaged over their seeds.
        reference: averaged over their own seeds; at least one speaker is in both.
        n_resamples: of the bootstrap over speakers.
    """
    own = np.unique(predictions.speakers)
    shared = np.intersect1d(own, reference.speakers)
    counts = draw_counts(len(shared), n_resamples=n_resamples)
    ours, theirs = (
        resample_uar(each.select(np.isin(each.speakers, shared)), shared, counts) for each in (predictions, reference)
    )
    uar = ours
    if len(shared) < len(own):
        uar = resample_uar(predictions, own, draw_counts(len(own), n_resamples=n_resamples))
    return Compared(
        uar=make_interval(uar, len(own)),
        reference=make_interval(theirs, len(shared)),
        difference=make_interval(ours - theirs, len(shared)),
        n_speakers=len(shared),
    )


def measure_system(kept: KeptProtocol, protocol: Predictions) -> SystemFigures:
    """Measure another system on the folds of a protocol."""
    return SystemFigures(
        kept.name,
        measure_figures(kept.predictions),
        len(np.unique(kept.predictions.seeds)),
        compare(kept.predictions, protocol),
    )


def measure_known_voices(kept: KeptProtocol) -> tuple[KnownVoice, ...]:
    """Measure what knowing a voice gives, from no clip known up; empty where that was not kept."""
    if not kept.known:
        return ()
    rows = [KnownVoice(0, _measure_uar(kept.predictions), None)]
    for n_known, file in sorted(kept.known.items()):
        compared = _compare_file(file, kept.predictions)
        rows.append(KnownVoice(n_known, compared.uar, compared))
    return tuple(rows)


def measure_weeks(kept: KeptProtocol) -> tuple[WeekFigures, ...]:
    """Measure what a week of one mood does, in the order of `LABELS`; empty where that was not kept."""
    by_week = {
        (week.label, week.is_mood_taken_out): _compare_file(file, kept.predictions) for week, file in kept.weeks.items()
    }
    return tuple(
        WeekFigures(label, by_week.get((label, True)), by_week.get((label, False)))
        for label in LABELS
        if (label, True) in by_week or (label, False) in by_week
    )


def measure_learning_curve(kept: KeptProtocol) -> tuple[LearningPoint, ...]:
    """Measure what fewer training speakers give, ending with all of them; empty where that was not kept."""
    if not kept.learning:
        return ()
    less = [
        LearningPoint(percent, _measure_uar(file.read(kept.predictions))) for percent, file in kept.learning.items()
    ]
    return tuple(sorted([*less, LearningPoint(WHOLE, _measure_uar(kept.predictions))], key=lambda point: point.percent))


def _compare_file(file: KeptFile, protocol: Predictions) -> Compared:
    """Compare by the seeds that the file has, since seeds of training differ more than what is asked about."""
    predictions = file.read(protocol)
    is_shared = np.isin(protocol.seeds, predictions.seeds)
    return compare(predictions, protocol.select(is_shared) if is_shared.any() else protocol)


def _measure_uar(predictions: Predictions) -> Interval:
    speakers = np.unique(predictions.speakers)
    counts = draw_counts(len(speakers), n_resamples=N_RESAMPLES)
    return make_interval(resample_uar(predictions, speakers, counts), len(speakers))
