"""The parts of a report's page on time, bad recordings, speed, and what could not be used."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from recognizer.evaluation.markup import Markup, Section, dense_table, read_line, show, show_briefly, table, verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from recognizer.evaluation.measured import Measured
    from recognizer.evaluation.over_time import OverTimeFigures
    from recognizer.evaluation.robustness import RobustnessLine
    from recognizer.evaluation.unheard_voices import ConditionFigures

_MEANING_BY_SPEED: Final = {
    "latency_3s_ms_p50": "median for 3 s of audio, in ms",
    "latency_ms_p50": "median for the recordings as they are, in ms",
    "latency_ms_p95": "19 of 20 recordings take no longer, in ms",
    "real_time_factor": "seconds of work for a second of audio",
    "peak_memory_mib": "most memory of the whole process, recordings and all, in MiB",
    "size_mb": "of the bundle on disk, in MB",
}


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
                "Predictions of each speaker's single recordings, each taken as a window of 3 s, joined to streams "
                "whose mood changes every 6 to 21 s; windows that are served overlap, at a step of 1.5 s. A steady "
                "filter flips seldom, a quick one shows a change soon. A change of the label shown is needless unless "
                "it shows the mood spoken for the first time since this mood began."
            )
        )
    return Section("Over time", "".join(parts))


def build_robustness_section(
    conditions: Mapping[str, tuple[ConditionFigures, ...]], measured: Measured | None
) -> Section:
    """Lay out what bad recordings change, of voices never heard and of those a run over recordings heard."""
    parts = [_lay_out_unheard(name, lines) for name, lines in conditions.items()]
    if measured and measured.robustness:
        parts.append(_lay_out_heard(measured))
    if parts:
        parts.append(
            read_line(
                "Share of recordings heard as before once they went through the condition, and what it costs in UAR. "
                "The published share is that of wav2vec2-base on CREMA-D (Derington et al., 2023)."
            )
        )
    return Section("Robustness", "".join(parts))


def _lay_out_unheard(name: str, lines: Sequence[ConditionFigures]) -> str:
    rows = [
        (
            line.name,
            show_briefly(line.unchanged, _name_bound("at least", line.least_unchanged)),
            show_briefly(line.uar_drop, _name_bound("at most", line.largest_uar_drop)),
            verdict(is_passed=line.is_passed),
        )
        for line in lines
    ]
    return (
        f"<h3>{escape(name)}</h3><p>{_count_passed(lines)} on {lines[0].n_utterances} recordings, each heard by a "
        "model that never heard the speaker.</p>"
    ) + dense_table(("condition", "unchanged", "UAR drop", "verdict"), rows)


def _lay_out_heard(measured: Measured) -> str:
    lines = measured.robustness
    rows = [
        (
            line.name,
            Markup(show(line.unchanged) + _name_bound("at least", line.least_unchanged)),
            Markup(show(line.uar_drop) + _name_bound("at most", line.largest_uar_drop)),
            verdict(is_passed=line.is_passed),
            "" if line.published_unchanged is None else f"{line.published_unchanged:.2f}",
        )
        for line in lines
    ]
    head = ("condition", "unchanged", "UAR drop", "verdict", "published")
    return (
        f"<h3>As it serves</h3><p>{_count_passed(lines)} on {lines[0].n_utterances} recordings of "
        f"{escape(', '.join(measured.corpora))}. {_name_weights(measured)} Where these weights were trained on these "
        "speakers, strangers are heard less steadily.</p>"
    ) + dense_table(head, rows)


def _count_passed(lines: Sequence[ConditionFigures] | Sequence[RobustnessLine]) -> str:
    n_bound = sum(line.is_passed is not None for line in lines)
    return f"{sum(bool(line.is_passed) for line in lines)} of {n_bound} lines passed"


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


def _name_bound(word: str, bound: float | None) -> Markup:
    return Markup("" if bound is None else f"<small>{word} {bound:.2f}</small>")


def _name_weights(measured: Measured) -> str:
    weights = f", weights {escape(measured.weights_sha256[:12])}" if measured.weights_sha256 else ""
    return f"Measured with {escape(measured.model)}{weights}."
