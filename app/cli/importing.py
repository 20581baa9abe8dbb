"""`catalog import` from the terminal: say what would change, or do it, and tell what came of it."""

from __future__ import annotations

import contextlib
import csv
import getpass
import json
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from app.cli.progress import progress_bar
from app.cli.tables import format_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.services.library import LibraryService
    from catalog.importers.importer import ImportOptions, ImportReport
    from catalog.importers.previewing import ImportPreview

# More would scroll the totals away; --errors keeps them all.
_N_PRINTED = 20


def run_import(
    library: LibraryService, words: tuple[str, ...], options: ImportOptions, *, errors: Path | None, as_json: bool
) -> None:
    """Import and print the report."""
    kind, source = _split(library, words)
    with _open_errors(errors) as keep_error, progress_bar("importing") as show:
        report = library.import_source(kind, source, options, who=_who(), on_progress=show, on_skip=keep_error)
    click.echo(json.dumps(report.to_json()) if as_json else describe_report(report, errors))


def run_plan(
    library: LibraryService, words: tuple[str, ...], options: ImportOptions, *, errors: Path | None, as_json: bool
) -> None:
    """Print what an import would change; nothing is written."""
    kind, source = _split(library, words)
    layout = library.describe_table(kind, source, options)
    with _open_errors(errors) as keep_error:
        preview = library.plan_import(kind, source, options, n_shown=_N_PRINTED, on_skip=keep_error)
    columns = str(layout.column_map) if layout else ""
    if as_json:
        click.echo(json.dumps({"kind": kind, "column_map": columns, **preview.to_json()}))
        return
    click.echo(f"{kind}: {source}")
    if layout:
        click.echo(f"columns: {columns}")
        for hint in layout.open_units:
            click.echo(f'not read until its unit is known, as in --map "{hint}"')
    click.echo(_describe_plan(preview))


def _split(library: LibraryService, words: tuple[str, ...]) -> tuple[str, Path]:
    """Return kind and source; the kind is found where it is not named."""
    if len(words) == 1:
        return library.recognize_source(Path(words[0])), Path(words[0])
    if len(words) == 2:  # noqa: PLR2004 - kind and source
        return words[0], Path(words[1])
    raise click.UsageError(f"expected [KIND] SOURCE, got {len(words)} words")


def _who() -> str:
    try:
        return f"{getpass.getuser()} (terminal)"
    except (KeyError, OSError):  # a container may know no name for its user
        return "terminal"


@contextlib.contextmanager
def _open_errors(path: Path | None) -> Iterator[Callable[[str, str], None] | None]:
    """Write every skipped entry to a file, as it is met."""
    if path is None:
        yield None
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        yield _make_sink(file)


def _make_sink(file: IO[str]) -> Callable[[str, str], None]:
    rows = csv.writer(file)
    rows.writerow(("where", "reason"))
    return lambda where, reason: rows.writerow([_disarm(where), _disarm(reason)])


def _disarm(text: str) -> str:
    """Keep a spreadsheet from reading text as a formula."""
    plain = text.encode("utf-8", "replace").decode()
    return f"'{plain}" if plain.startswith(("=", "+", "-", "@", "\t", "\r")) else plain


def describe_report(report: ImportReport, errors: Path | None = None) -> str:
    """Tell what an import did, or would do."""
    counts = f"{report.created} created, {report.updated} updated, {report.unchanged} unchanged"
    if not report.n_skipped and not report.notes:
        return counts
    lines = [counts + (f", {report.n_skipped} skipped" if report.n_skipped else "")]
    lines += [f"skipped {where}: {reason}" for where, reason in report.skipped[:_N_PRINTED]]
    lines += [f"{where}: {note}" for where, note in report.notes[:_N_PRINTED]]
    n_more = report.n_skipped - min(len(report.skipped), _N_PRINTED)
    if n_more > 0:
        lines.append(f"and {n_more} more skipped" + (f", all in {errors}" if errors else "; --errors FILE keeps all"))
    return "\n".join(lines)


def _describe_plan(preview: ImportPreview) -> str:
    rows = [
        (
            change.action,
            change.draft.title if change.draft else "",
            Path(change.where).name,
            change.reason or change.note,
        )
        for change in preview.changes
    ]
    table = format_table(("Action", "Title", "Where", "Why"), rows) if rows else "nothing would change"
    totals = preview.totals
    counts = (
        f"would be: {totals.created} created, {totals.updated} updated, {totals.unchanged} unchanged, "
        f"{totals.n_skipped} skipped"
    )
    return f"{table}\n{counts}"
