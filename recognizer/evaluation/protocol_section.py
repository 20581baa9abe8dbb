"""The part of a report's page that tells everything about one protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from recognizer.evaluation.charts import Axis, draw_curve, draw_rows
from recognizer.evaluation.markup import Section, read_line, show, show_bounds, table, verdict
from recognizer.labels import LABELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recognizer.evaluation.fairness import FairnessLine
    from recognizer.evaluation.protocols import GroupFigures, ProtocolResult

READING_BY_FIGURE: Final = {
    "accuracy": "share of recordings with the right label",
    "macro_f1": "F1 of each label, averaged plainly",
    "uar": "recall of each label, averaged plainly; chance is 0.25 with four labels",
    "roc_auc": "chance that a recording of a label outranks one of another; 0.5 is guessing",
    "ece": "distance between confidence and accuracy, 15 bins; lower is better",
    "aurc": "mean error over all shares answered, surest first; lower is better",
    "nll": "surprise at the true label, in nats; lower is better",
    "brier": "squared distance between posterior and truth, 0 to 2; lower is better",
    "accuracy_at_80": "accuracy when the least sure fifth is not answered",
    "accuracy_at_70": "accuracy when the least sure three tenths are not answered",
    **{f"recall_{label}": f"share of {label} recordings heard as {label}" for label in LABELS},
}
_ABOUT_INTERVALS: Final = (
    "Intervals are bootstraps over speakers: how the figure would move with other voices; one voice gives none."
)
# Of the accent, behind text: any deeper and the text is hard to read.
_DEEPEST_SHADE: Final = 55
_LONGEST_NAME: Final = 14
# Beyond these a row for each speaker would be taller than a screen.
_MOST_ROWS: Final = 32


def build_protocol_section(result: ProtocolResult, fairness: Sequence[FairnessLine]) -> Section:
    """Lay out everything about one protocol."""
    seeds = f", {result.n_seeds} trainings each" if result.n_seeds > 1 else ""
    speakers = "one speaker" if result.n_speakers == 1 else f"{result.n_speakers} speakers"
    rows = [
        (figure, show(interval.value), show_bounds(interval), READING_BY_FIGURE[figure])
        for figure, interval in result.figures.items()
    ]
    body = "".join(
        [
            f"<p>{result.n_utterances} recordings of {speakers}{seeds}.</p>",
            table(("figure", "value", "95 % interval", "meaning"), rows, ends_in_prose=True),
            read_line(_ABOUT_INTERVALS),
            _render_confusion(result),
            _render_plots(result),
            _render_groups("By sex", result.by_sex),
            _render_fairness(fairness),
        ]
    )
    return Section(result.name, body)


def _render_confusion(result: ProtocolResult) -> str:
    shares = result.confusion / np.maximum(result.confusion.sum(axis=1, keepdims=True), 1)
    cells = "".join(
        f'<tr><th scope="row">{label}</th>'
        + "".join(
            f'<td class="n" style="background:color-mix(in srgb,var(--accent) {_DEEPEST_SHADE * share:.0f}%,'
            'transparent)">'
            f"{count} ({100 * share:.0f} %)</td>"
            for count, share in zip(counts.tolist(), row.tolist(), strict=True)
        )
        + "</tr>"
        for label, counts, row in zip(LABELS, result.confusion, shares, strict=True)
    )
    head = "".join(f'<th scope="col">heard as {label}</th>' for label in LABELS)
    return f'<h3>Confusion</h3><div class="wide"><table><tr><th>meant</th>{head}</tr>{cells}</table></div>' + read_line(
        "Each row is what was meant, each column what was heard; a perfect model fills the diagonal alone."
    )


def _render_plots(result: ProtocolResult) -> str:
    filled = [bin_ for bin_ in result.reliability if bin_.n_utterances]
    highest_risk = max(0.1, float(np.ceil(10 * np.max(result.risks)) / 10))
    plots = [
        (
            "Reliability",
            draw_curve(
                "accuracy by confidence",
                Axis("confidence"),
                Axis("accuracy"),
                [(bin_.confidence, bin_.accuracy) for bin_ in filled],
                diagonal=True,
                marks=True,
            ),
            "On the dashed line confidence is kept; below it the model promises too much.",
        ),
        (
            "Risk and coverage",
            draw_curve(
                "share of wrong labels by share answered",
                Axis("share answered, surest first"),
                Axis("share wrong", high=highest_risk),
                list(zip(result.coverages.tolist(), result.risks.tolist(), strict=True)),
            ),
            "A curve that falls to the left says that the model knows when it does not know.",
        ),
        (
            "By speaker",
            _draw_speakers(result.by_speaker),
            "Voices, worst served first; a long spread means that luck with the voice decides.",
        ),
    ]
    return (
        '<div class="plots">'
        + "".join(f"<figure><h3>{name}</h3>{svg}{read_line(reading)}</figure>" for name, svg, reading in plots)
        + "</div>"
    )


def _draw_speakers(groups: Sequence[GroupFigures]) -> str:
    name, accuracy = "accuracy by speaker", Axis("accuracy")
    if len(groups) > _MOST_ROWS:
        axis = Axis("speakers, worst served first", low=1.0, high=float(len(groups)), n_steps=4)
        return draw_curve(name, axis, accuracy, [(float(at), group.accuracy) for at, group in enumerate(groups, 1)])
    is_one_corpus = len({group.name.partition("/")[0] for group in groups}) == 1
    rows = [(_shorten(group.name, drop_corpus=is_one_corpus), group.accuracy) for group in groups]
    return draw_rows(name, accuracy, rows)


def _shorten(speaker: str, *, drop_corpus: bool) -> str:
    name = speaker.partition("/")[2] if drop_corpus else speaker
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _render_groups(title: str, groups: Sequence[GroupFigures]) -> str:
    if not groups:
        return ""
    rows = [
        (group.name, str(group.n_utterances), show(group.accuracy), show(group.uar), show(group.coverage))
        for group in groups
    ]
    return f"<h3>{title}</h3>" + table(("group", "recordings", "accuracy", "UAR", "share answered"), rows)


def _render_fairness(lines: Sequence[FairnessLine]) -> str:
    told = [line for line in lines if line.by_group]
    if not told:
        return ""
    rows = [
        (
            f"{line.figure} by {line.attribute}",
            ", ".join(f"{name} {show(value)} ({line.n_speakers[name]})" for name, value in line.by_group.items()),
            show(line.difference),
            f"at most {line.bound}",
            verdict(is_passed=line.is_passed),
        )
        for line in told
    ]
    return (
        "<h3>Fairness</h3>"
        + table(("figure", "groups (speakers)", "difference", "bound", "verdict"), rows)
        + read_line("How far the best-served group lies from the worst-served one.")
    )
