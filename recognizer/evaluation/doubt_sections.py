"""The parts of a report's page on doubt: whether being sure means being right, and sets that hold the truth."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from recognizer.evaluation.conformal import MIN_CLIPS
from recognizer.evaluation.kept import LEFT_OUT
from recognizer.evaluation.markup import Markup, Section, dense_table, read_line, show, show_briefly

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from recognizer.evaluation.conformal import ConformalFigures
    from recognizer.evaluation.sureness import SurenessFigures


def build_sureness_section(sureness: Mapping[str, tuple[SurenessFigures, ...]]) -> Section:
    """Lay out how often it is right in each band of confidence, by the number of known clips."""
    parts = [f"<h3>{escape(name)}</h3>" + _lay_out_bands(rows) for name, rows in sureness.items()]
    if parts:
        parts.append(
            read_line(
                "Share of right labels among the recordings whose confidence lies in a band, its interval over "
                "speakers, and how many of all recordings those are. Confidence that keeps its word is right as often "
                "as it says; where a corpus was left out it promises too much, and less so once a voice is known."
            )
        )
    return Section("Right when sure", "".join(parts))


def _lay_out_bands(rows: Sequence[SurenessFigures]) -> str:
    bands = sorted({(row.low, row.high) for row in rows})
    by_band = {(row.n_known, row.low): row for row in rows}
    cells = [
        (str(n_known), *(_show_band(by_band[n_known, low]) for low, _ in bands))
        for n_known in sorted({row.n_known for row in rows})
    ]
    return dense_table(("known clips", *(f"{low:.2f} to {high:.2f}" for low, high in bands)), cells)


def _show_band(row: SurenessFigures) -> str:
    return show_briefly(row.accuracy, f"<small>{100 * row.share:.0f} % of all</small>") if row.share else ""


def build_conformal_section(conformal: Mapping[str, tuple[ConformalFigures, ...]]) -> Section:
    """Lay out how often sets of labels hold the truth."""
    parts = []
    for name, rows in conformal.items():
        cells = [
            (
                f"{100 * row.level:.0f} %",
                show_briefly(row.coverage),
                show_briefly(row.mean_size),
                show_briefly(row.single_share),
                Markup(f"{show(row.worst_coverage)}<small>{escape(row.worst_speaker)}</small>"),
            )
            for row in rows
        ]
        head = ("promised", "sets with the truth", "labels in a set", "sets of one label", "worst speaker")
        fitted_on = "the other left-out corpora" if name.startswith(f"{LEFT_OUT}-") else "the other folds"
        parts.append(f"<h3>{escape(name)}</h3><p>Thresholds fitted on {fitted_on}.</p>" + dense_table(head, cells))
    if parts:
        parts.append(
            read_line(
                "Split conformal sets on 1 - p: all labels that cannot be ruled out. The promise holds for speakers "
                "like those that the threshold was fitted on; a corpus unlike the others breaks it. The worst speaker "
                f"is the one of at least {MIN_CLIPS} recordings whose sets hold the truth least often."
            )
        )
    return Section("Conformal sets", "".join(parts))
