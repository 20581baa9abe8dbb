"""What the result page shows of a mood: words, bars, and the course of time, ready for templates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from app.web.wording import (
    ADJECTIVE_BY_LABEL,
    describe_certainty,
    describe_change,
    describe_mood,
    rank_labels,
    round_percentages,
)
from recognizer.inference import UNLIKE_ANYTHING_HEARD
from recognizer.labels import LABELS, Posterior
from recognizer.smoothing import Hysteresis, choose_labels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.services.feedback import StoredListening


# The two labels that lead are named when the recognizer could not decide.
N_CANDIDATES: Final = 2


@dataclass(frozen=True, slots=True)
class MoodBar:
    """One mood and its share, in whole percent."""

    label: str
    word: str
    percent: int

    @property
    def share(self) -> str:
        """The share as it is read: nobody is heard to be wholly one mood, nor without another."""
        return {0: "< 1 %", 100: "> 99 %"}.get(self.percent, f"{self.percent} %")


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One window of the table beside the plot."""

    span: str
    bars: tuple[MoodBar, ...]


@dataclass(frozen=True, slots=True)
class MoodView:
    """A mood, ready to be shown.

    Attributes:
        leading: the label that sets the page's accent.
        headline: the mood in words.
        certainty: the doubt in a sentence.
        notes: what makes it less sure still, in sentences.
        asks: whether the listener is asked, since the recognizer could not tell.
        is_unlike: whether that is because the voice is unlike any it learned from.
        corrected: what the listener said instead, in a word.
        corrected_label: the label of what the listener said.
        candidates: the words of the labels that lead.
        bars: every mood, the largest share first.
        rows: the course of time as a table.
        course: the course of time in a sentence.
        plot: what the plot is drawn from: seconds, and for each label its shares at these.
    """

    leading: str
    headline: str
    certainty: str
    notes: tuple[str, ...]
    asks: bool
    is_unlike: bool
    corrected: str | None
    corrected_label: str | None
    candidates: tuple[str, ...]
    bars: tuple[MoodBar, ...]
    rows: tuple[TimelineRow, ...]
    course: str
    plot: Mapping[str, object]


def build_mood_view(heard: StoredListening) -> MoodView:
    """Prepare a listening for the page."""
    ranked = rank_labels(heard.posterior)
    corrected = heard.corrected_label
    return MoodView(
        leading=corrected or ranked[0],
        headline=describe_mood(heard.posterior),
        certainty=describe_certainty(heard.confidence, n_known=heard.n_known),
        notes=heard.notes,
        asks=heard.abstained and corrected is None,
        is_unlike=(heard.reason or "").startswith(UNLIKE_ANYTHING_HEARD),
        corrected=ADJECTIVE_BY_LABEL[corrected] if corrected else None,
        corrected_label=corrected,
        candidates=tuple(ADJECTIVE_BY_LABEL[label] for label in ranked[:N_CANDIDATES]),
        bars=_build_bars(heard.posterior, ranked),
        rows=tuple(_build_row(window) for window in heard.timeline),
        course=describe_change(_choose_shown(heard)) if heard.timeline else "",
        plot=_build_plot(heard),
    )


def _build_bars(posterior: Posterior, order: Sequence[str]) -> tuple[MoodBar, ...]:
    percentages = round_percentages(posterior)
    return tuple(MoodBar(label, ADJECTIVE_BY_LABEL[label], percentages[label]) for label in order)


def _choose_shown(heard: StoredListening) -> list[str]:
    posteriors = np.array([[window["posterior"][label] for label in LABELS] for window in heard.timeline])
    shown = choose_labels(posteriors, [window["start_s"] for window in heard.timeline], Hysteresis())
    return [LABELS[label] for label in shown]


def _build_row(window: Mapping[str, Any]) -> TimelineRow:
    span = f"{window['start_s']:.1f} to {window['end_s']:.1f} s"
    return TimelineRow(span, _build_bars(window["posterior"], LABELS))


def _build_plot(heard: StoredListening) -> Mapping[str, object]:
    """Place each window's shares at its middle, and those of the outer windows at start and end as well."""
    timeline = heard.timeline
    if not timeline:
        return {}
    points = [timeline[0], *timeline, timeline[-1]]
    middles_s = [(window["start_s"] + window["end_s"]) / 2 for window in timeline]
    return {
        "seconds": [0.0, *(round(middle_s, 2) for middle_s in middles_s), round(heard.duration_s, 2)],
        "shares": {label: [round(window["posterior"][label], 4) for window in points] for label in LABELS},
        "words": {label: ADJECTIVE_BY_LABEL[label] for label in LABELS},
    }
