"""The parts of a report's page on doubt, time, bad recordings, speed, and what could not be used."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from recognizer.evaluation.conformal import MIN_CLIPS
from recognizer.evaluation.kept import LEFT_OUT
from recognizer.evaluation.markup import Markup, Section, dense_table, read_line, show, show_briefly, table, verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from recognizer.evaluation.conformal import ConformalFigures
    from recognizer.evaluation.measured import Measured
    from recognizer.evaluation.over_time import OverTimeFigures

_MEANING_BY_SPEED: Final = {
    "latency_3s_ms_p50": "median for 3 s of audio, in ms",
    "latency_ms_p50": "median for the recordings as they are, in ms",
    "latency_ms_p95": "19 of 20 recordings take no longer, in ms",
    "real_time_factor": "seconds of work for a second of audio",
    "peak_memory_mib": "most memory of the whole process, recordings and all, in MiB",
    "size_mb": "of the bundle on disk, in MB",
}


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


def build_over_time_section(over_time: Mapping[str, Mapping[str, OverTimeFigures]]) -> Section:
    """Lay out how steady and how quick each filter is."""
    parts = []
    for protocol, filters in over_time.items():
        rows = [
            (
                name,
                show_briefly(figures.accuracy),
                show_briefly(figures.flips_per_minute),
                show_briefly(figures.delay_s),
                show_briefly(figures.missed),
            )
            for name, figures in filters.items()
        ]
        if rows:
            head = ("filter", "accuracy", "needless flips a minute", "delay in s", "changes missed")
            parts.append(f"<h3>{escape(protocol)}</h3>" + dense_table(head, rows))
    if parts:
        parts.append(
            read_line(
                "Each speaker's recordings joined to streams whose mood changes every few recordings. A steady filter "
                "flips seldom, a quick one shows a change soon; below 0 flips mean that changes of mood were missed."
            )
        )
    return Section("Over time", "".join(parts))


def build_robustness_section(measured: Measured | None) -> Section:
    """Lay out what bad recordings change."""
    lines = measured.robustness if measured else ()
    if not measured or not lines:
        return Section("Robustness", "")
    rows = [
        (
            line.name,
            _show_beside(line.unchanged, "at least", line.least_unchanged),
            _show_beside(line.uar_drop, "at most", line.largest_uar_drop),
            verdict(is_passed=line.is_passed),
            "" if line.published_unchanged is None else f"{line.published_unchanged:.2f}",
        )
        for line in lines
    ]
    n_bound = sum(line.is_passed is not None for line in lines)
    n_passed = sum(bool(line.is_passed) for line in lines)
    head = ("condition", "unchanged", "UAR drop", "verdict", "published")
    return Section(
        "Robustness",
        f"<p>{n_passed} of {n_bound} lines passed on {lines[0].n_utterances} recordings of "
        f"{escape(', '.join(measured.corpora))}. {_name_weights(measured)}</p>"
        + dense_table(head, rows)
        + read_line(
            "Share of recordings heard as before once they went through the condition, and what it costs in UAR. The "
            "published share is that of wav2vec2-base on CREMA-D (Derington et al., 2023). Where the weights were "
            "trained on these speakers, strangers may be heard less steadily."
        ),
    )


def build_speed_section(measured: Measured | None) -> Section:
    """Lay out speed, memory and size."""
    if not measured or not measured.speed:
        return Section("Speed and memory", "")
    rows = [(name, f"{value:.4g}", _MEANING_BY_SPEED.get(name, "")) for name, value in measured.speed.items()]
    return Section(
        "Speed and memory",
        f"<p>{_name_weights(measured)}</p>"
        + table(("figure", "value", "meaning"), rows, ends_in_prose=True)
        + read_line("On the machine that measured it, one thread, one recording after the other."),
    )


def build_failures_section(failures: Sequence[tuple[str, str]]) -> Section:
    """List recordings that could not be used."""
    title = f"Recordings that could not be used ({len(failures)})"
    return Section(title, table(("file", "reason"), failures, ends_in_prose=True) if failures else "")


def build_commands_section(commands: Sequence[str]) -> Section:
    """Show what to type."""
    body = f"<pre>{escape(chr(10).join(commands))}</pre>" if commands else ""
    return Section("How to get this page again", body)


def _show_beside(value: float, word: str, bound: float | None) -> str:
    return show(value) if bound is None else Markup(f"{show(value)}<small>{word} {bound:.2f}</small>")


def _name_weights(measured: Measured) -> str:
    weights = f", weights {escape(measured.weights_sha256[:12])}" if measured.weights_sha256 else ""
    return f"Measured with {escape(measured.model)}{weights}."
