"""Renders a report as one HTML page: a summary, then every figure with its interval and how to read it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from recognizer.evaluation.comparison_sections import (
    build_known_voices_section,
    build_learning_section,
    build_summary,
    build_systems_section,
    build_weeks_section,
)
from recognizer.evaluation.doubt_sections import build_conformal_section, build_sureness_section
from recognizer.evaluation.markup import STYLE
from recognizer.evaluation.protocol_section import build_protocol_section
from recognizer.evaluation.suite_sections import (
    build_commands_section,
    build_failures_section,
    build_over_time_section,
    build_robustness_section,
    build_speed_section,
)

if TYPE_CHECKING:
    from recognizer.evaluation.markup import Section
    from recognizer.evaluation.report import Report


def render_page(report: Report) -> str:
    """Return the whole page as text."""
    sections = [section for section in _build_sections(report) if section.body]
    entries = "".join(f'<li><a href="#{each.anchor}">{escape(each.title)}</a></li>' for each in sections)
    body = [
        f"<h1>{escape(report.title)}</h1>",
        *(f"<p>{escape(note)}</p>" for note in report.notes),
        f'<nav aria-label="contents"><ul>{entries}</ul></nav>',
        *(section.render() for section in sections),
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(report.title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def _build_sections(report: Report) -> list[Section]:
    return [
        build_summary(report.protocols),
        build_systems_section(report.protocols, report.systems),
        build_known_voices_section(report.known_voices),
        build_sureness_section(report.sureness),
        build_weeks_section(report.weeks),
        build_conformal_section(report.conformal),
        build_over_time_section(report.over_time),
        build_robustness_section(report.conditions, report.measured),
        build_speed_section(report.measured),
        build_learning_section(report.learning_curves),
        *(build_protocol_section(result, report.fairness.get(result.name, ())) for result in report.protocols),
        build_failures_section(report.failures),
        build_commands_section(report.commands),
    ]
