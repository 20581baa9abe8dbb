"""The parts of a report's page that hold figures against each other: the summary, systems, known voices, less data."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

import numpy as np

from recognizer.evaluation.aims import PUBLISHED_BY_PROTOCOL, describe_protocol, find_aims
from recognizer.evaluation.charts import Axis, draw_curve, fit_axis
from recognizer.evaluation.markup import (
    Markup,
    Section,
    dense_table,
    read_line,
    show,
    show_briefly,
    show_difference,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from recognizer.evaluation.aims import Aim
    from recognizer.evaluation.comparisons import Compared, KnownVoice, LearningPoint, SystemFigures, WeekFigures
    from recognizer.evaluation.protocols import ProtocolResult
    from recognizer.intervals import Interval

_HEADING_BY_FIGURE: Final = {
    "accuracy": "accuracy",
    "macro_f1": "macro-F1",
    "uar": "UAR",
    "roc_auc": "ROC-AUC",
    "ece": "ECE",
    "aurc": "AURC",
}
_SUMMARY_FIGURES: Final = {**_HEADING_BY_FIGURE, "accuracy_at_70": "at 70 %"}
_IS_GOOD_BY_VERDICT: Final = {"better": True, "worse": False}


def build_summary(protocols: Sequence[ProtocolResult]) -> Section:
    """Lay out each protocol in a row, with what is aimed at and what others published."""
    rows = [
        (
            Markup(f"{escape(result.name)}<small>{escape(describe_protocol(result.name))}</small>"),
            *(
                show_briefly(result.figures[figure], _judge(result.figures[figure], find_aims(result.name).get(figure)))
                for figure in _SUMMARY_FIGURES
            ),
        )
        for result in protocols
    ]
    published = [
        (
            Markup(f"{escape(system.name)}<small>published, {escape(result.name)}</small>"),
            *(show(system.figures[figure]) if figure in system.figures else "" for figure in _SUMMARY_FIGURES),
        )
        for result in protocols
        for system in PUBLISHED_BY_PROTOCOL.get(result.name, ())
    ]
    return Section(
        "In short",
        dense_table(("protocol", *_SUMMARY_FIGURES.values()), rows, beside=published)
        + read_line(
            "Below each figure its 95 % interval over speakers and what the project aims at. ECE and AURC are better "
            "when lower; the last column is accuracy on the surest 70 % of the recordings. Chance is a UAR of 0.25. "
            "Published figures come from other speakers and choices: neighbors, not equals."
        ),
    )


def build_systems_section(
    protocols: Sequence[ProtocolResult], systems: Mapping[str, tuple[SystemFigures, ...]]
) -> Section:
    """Lay out other systems below the one that ships, protocol by protocol."""
    parts = []
    for result in protocols:
        others = systems.get(result.name, ())
        if not others:
            continue
        own = (_name_system("as it ships", result.n_seeds), *_show_figures(result.figures), "")
        rows = [
            (
                _name_system(each.name.removeprefix(f"{result.name}-"), each.n_seeds),
                *_show_figures(each.figures),
                _show_difference(each.compared, result.n_speakers),
            )
            for each in others
        ]
        head = ("system", *_HEADING_BY_FIGURE.values(), "UAR less the shipped")
        parts.append(f"<h3>{escape(result.name)}</h3>" + dense_table(head, [own, *rows]))
    if parts:
        parts.append(
            read_line(
                "Same folds, same test speakers. The difference draws the same speakers on both sides; an interval "
                "that holds 0 says that these voices cannot tell the two apart."
            )
        )
    return Section("Systems compared", "".join(parts))


def build_known_voices_section(known_voices: Mapping[str, tuple[KnownVoice, ...]]) -> Section:
    """Lay out UAR by the number of known clips of the voice."""
    if not known_voices:
        return Section("Strangers and known voices", "")
    figures = [
        _draw_uars(
            name,
            Axis("known clips", high=float(max(row.n_known for row in rows))),
            [(float(row.n_known), row.uar) for row in rows],
        )
        for name, rows in known_voices.items()
    ]
    counts = sorted({row.n_known for rows in known_voices.values() for row in rows})
    cells_by_name = {
        name: {row.n_known: show_briefly(row.uar, _show_difference(row.compared)) for row in rows}
        for name, rows in known_voices.items()
    }
    cells = [(name, *(shown.get(n_known, "") for n_known in counts)) for name, shown in cells_by_name.items()]
    return Section(
        "Strangers and known voices",
        dense_table(("UAR by known clips", *map(str, counts)), cells)
        + read_line(
            "Each clip is heard with other clips of its voice known, drawn by chance whatever their mood, by the rule "
            "that serving follows: no labels, the model's own guesses. Below each figure its interval, the difference "
            "to none known, and whether the difference leaves noise: it should never be worse."
        )
        + f'<div class="plots">{"".join(figures)}</div>',
    )


def build_weeks_section(weeks: Mapping[str, tuple[WeekFigures, ...]]) -> Section:
    """Lay out what ten notes of one mood do to what is heard next."""
    parts = [
        f"<h3>{escape(name)}</h3>"
        + dense_table(
            ("UAR after ten notes", "nothing known", "mood taken out", "as heard"),
            [
                (row.label, _show_reference(row), _show_compared(row.with_rule), _show_compared(row.as_heard))
                for row in rows
            ],
        )
        for name, rows in weeks.items()
    ]
    if parts:
        parts.append(
            read_line(
                "All notes known of the voice are of one mood, and clips of every mood follow. Serving takes part of "
                "what the mood heard explains out before a note counts as the voice; as heard is without that rule. By "
                "the first training alone; differences are to nothing known."
            )
        )
    return Section("A week of one mood", "".join(parts))


def build_learning_section(curves: Mapping[str, tuple[LearningPoint, ...]]) -> Section:
    """Lay out UAR by the share of the training speakers."""
    if not curves:
        return Section("Learning curve", "")
    axis = Axis("training speakers, %", high=100.0)
    figures = [
        _draw_uars(name, axis, [(float(point.percent), point.uar) for point in points])
        for name, points in curves.items()
    ]
    percents = sorted({point.percent for points in curves.values() for point in points})
    cells_by_name = {
        name: {point.percent: show_briefly(point.uar) for point in points} for name, points in curves.items()
    }
    rows = [(name, *(shown.get(percent, "") for percent in percents)) for name, shown in cells_by_name.items()]
    return Section(
        "Learning curve",
        dense_table(("UAR by training speakers", *(f"{percent} %" for percent in percents)), rows)
        + f'<div class="plots">{"".join(figures)}</div>'
        + read_line("A curve still rising at its end asks for more speakers."),
    )


def _draw_uars(name: str, x_axis: Axis, points: Sequence[tuple[float, Interval]]) -> str:
    ends = [end for _, uar in points for end in (uar.value, uar.low, uar.high)]
    svg = draw_curve(
        f"UAR by {x_axis.title}: {name}",
        x_axis,
        fit_axis("UAR", ends),
        [(x, uar.value) for x, uar in points],
        bounds=[(uar.low, uar.high) for _, uar in points],
        marks=True,
    )
    return f"<figure><h3>{escape(name)}</h3>{svg}</figure>"


def _show_figures(figures: Mapping[str, Interval]) -> list[Markup]:
    return [show_briefly(figures[figure]) for figure in _HEADING_BY_FIGURE]


def _name_system(name: str, n_seeds: int) -> Markup:
    return Markup(f"{escape(name)}<small>{n_seeds} training{'s' if n_seeds > 1 else ''}</small>")


def _show_reference(week: WeekFigures) -> str:
    compared = week.with_rule or week.as_heard
    return show_briefly(compared.reference) if compared else ""


def _show_compared(compared: Compared | None) -> str:
    return show_briefly(compared.uar, _show_difference(compared)) if compared else ""


def _show_difference(compared: Compared | None, n_speakers: int | None = None) -> Markup:
    """Write a difference in small, with its verdict, and on how many speakers if not on all."""
    if compared is None:
        return Markup("")
    of = "" if n_speakers in {None, compared.n_speakers} else f"on {compared.n_speakers} speakers"
    return show_difference(
        compared.difference, compared.verdict, is_good=_IS_GOOD_BY_VERDICT.get(compared.verdict), below=of
    )


def _judge(figure: Interval, aim: Aim | None) -> str:
    if aim is None or np.isnan(figure.value):
        return ""
    name, word = ("good", "reached") if aim.is_reached(figure.value) else ("bad", "missed")
    return f'<small>aim {aim.bound:.2f}: <span class="{name}">{word}</span></small>'
