"""Bringing music in: choose a source, see what would change, import it, and take it back."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, Response, redirect, render_template, request, url_for

from app.admin.column_choices import UNIT_HINT_BY_FIELD, list_choices, read_column_map
from app.admin.context import MAX_ID, current_services
from app.admin.error_files import stream_errors
from app.admin.guard import who
from app.admin.sources import UPLOAD_SUFFIXES, check_source, keep_upload, list_folder
from app.admin.wording import IMPORTER_WORDS
from app.services.errors import ForbiddenPathError
from app.services.jobs import JobKind
from catalog.errors import ImportSourceError
from catalog.importers.column_map import FIELDS
from catalog.importers.importer import ImportOptions
from catalog.importers.left_out import DELETED

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.typing import ResponseReturnValue

blueprint = Blueprint("imports", __name__)

# A preview is for a person who waits: of what takes longer it shows the beginning.
PREVIEW_S: Final = 4.0
N_PREVIEWED: Final = 30
_PAGE_SIZE: Final = 50
_N_REMEMBERED: Final = 8


@blueprint.get("/import")
def show_form() -> ResponseReturnValue:
    """Show the form."""
    return _render(path=request.args.get("path", ""))


@blueprint.get("/import/folders")
def browse() -> ResponseReturnValue:
    """Show the folders inside one; to htmx, as part of the form."""
    services = current_services()
    roots = services.settings.library_roots
    start = request.args.get("path", "").strip() or (str(roots[0]) if roots else str(Path.home()))
    try:
        folder = list_folder(services.library, start)
    except (ForbiddenPathError, ImportSourceError) as error:
        return render_template("admin/_folders.html", problem=str(error), roots=roots)
    return render_template("admin/_folders.html", folder=folder, roots=roots)


@blueprint.post("/import/source")
def choose_source() -> ResponseReturnValue:
    """Take a path or an upload, and go on to what it would change; or say why it cannot be imported."""
    library = current_services().library
    kind, text = request.form.get("kind", ""), request.form.get("path", "").strip()
    upload = request.files.get("upload")
    try:
        if upload is not None and upload.filename:
            text = str(keep_upload(library, upload))
        kind, path = check_source(library, kind, text)
    except (ForbiddenPathError, ImportSourceError) as error:
        return _render(kind=kind, path=text, problem=str(error)), 422
    return redirect(url_for(".preview", kind=kind, path=str(path)), code=303)


@blueprint.get("/import/preview")
def preview() -> ResponseReturnValue:
    """Show what an import would change, and how its columns are read."""
    library = current_services().library
    text, options = request.args.get("path", ""), _read_options(request.args)
    try:
        kind, path = check_source(library, request.args.get("kind", ""), text)
    except (ForbiddenPathError, ImportSourceError) as error:
        return _render(path=text, problem=str(error)), 422
    context: dict[str, Any] = {"kind": kind, "path": str(path), "options": options}
    try:
        context["layout"] = library.describe_table(kind, path, options)
        context["preview"] = library.plan_import(
            kind, path, options, n_shown=N_PREVIEWED, should_stop=_stop_after(PREVIEW_S)
        )
        skipped = context["preview"].totals.skipped
        context["n_deleted"] = sum(reason.startswith(DELETED) for _where, reason in skipped)
        status = 200
    except ImportSourceError as error:
        context["problem"], status = str(error), 422
        if context.get("layout") is None and options.column_map:
            # A map that does not fit hides the columns it should be mended by.
            context["layout"] = _describe_unmapped(kind, path)
    choices = list_choices(context["layout"]) if context.get("layout") else []
    return (
        render_template("admin/preview.html", choices=choices, fields=FIELDS, unit_hints=UNIT_HINT_BY_FIELD, **context),
        status,
    )


@blueprint.post("/import")
def start() -> ResponseReturnValue:
    """Ask for an import, or say why this path cannot be imported."""
    services = current_services()
    text, options = request.form.get("path", "").strip(), _read_options(request.form)
    try:
        kind, path = check_source(services.library, request.form.get("kind", ""), text)
        services.library.describe_table(kind, path, options)
    except (ForbiddenPathError, ImportSourceError) as error:
        return _render(kind=request.form.get("kind", ""), path=text, problem=str(error)), 422
    arguments = {"importer": kind, "path": str(path), "options": options.to_json(), "who": who()}
    job = services.jobs.submit(JobKind.IMPORT, arguments)
    return redirect(url_for("admin.jobs.show_job", job_id=job.job_id), code=303)


@blueprint.get("/imports")
def show_history() -> ResponseReturnValue:
    """Show all imports, the newest first."""
    page = min(max(request.args.get("page", 1, type=int), 1), 1_000_000)
    found = current_services().curation.list_imports(limit=_PAGE_SIZE + 1, offset=(page - 1) * _PAGE_SIZE)
    return render_template(
        "admin/imports.html", imports=found[:_PAGE_SIZE], page=page, has_more=len(found) > _PAGE_SIZE
    )


@blueprint.get(f"/imports/<int(max={MAX_ID}):import_id>")
def show_import(import_id: int) -> ResponseReturnValue:
    """Show what an import did.

    Raises:
        ImportNotFoundError: no import bears this id.
    """
    return render_template("admin/import_report.html", batch=current_services().curation.get_import(import_id))


@blueprint.get(f"/imports/<int(max={MAX_ID}):import_id>/skipped.csv")
def download_skipped(import_id: int) -> ResponseReturnValue:
    """Send the rows that an import skipped, with their reasons; the first thousand, all of them stand at its job.

    Raises:
        ImportNotFoundError: no import bears this id.
    """
    report = current_services().curation.get_import(import_id).report or {}
    rows = [(str(row["where"]), str(row["reason"])) for row in report.get("skipped", [])]
    return Response(
        stream_errors(iter(rows)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="import-{import_id}-skipped.csv"'},
    )


@blueprint.post(f"/imports/<int(max={MAX_ID}):import_id>/rollback")
def roll_back(import_id: int) -> ResponseReturnValue:
    """Take back an import, and show what was kept and why.

    Raises:
        ImportNotFoundError: no import bears this id.
        ImportStandsError: it still runs, or was rolled back already.
    """
    services = current_services()
    report = services.curation.roll_back_import(import_id, who=who())
    kept_ids = [track_id for track_id, _reason in report.kept[:_PAGE_SIZE]]
    return render_template(
        "admin/rollback.html",
        batch=services.curation.get_import(import_id),
        report=report,
        track_by_id={track.track_id: track for track in services.library.get_tracks(kept_ids)},
        n_shown=_PAGE_SIZE,
    )


def _read_options(values: Any) -> ImportOptions:  # noqa: ANN401 - a form or an address
    return ImportOptions(
        column_map=read_column_map(values),
        is_noncommercial=values.get("noncommercial") == "yes",
        brings_back=values.get("bring_back") == "yes",
    )


def _describe_unmapped(kind: str, path: Path) -> object:
    try:
        return current_services().library.describe_table(kind, path)
    except ImportSourceError:
        return None


def _stop_after(seconds: float) -> Callable[[], bool]:
    end_s = time.monotonic() + seconds
    return lambda: time.monotonic() > end_s


def _render(*, path: str, kind: str = "", problem: str = "") -> str:
    services = current_services()
    return render_template(
        "admin/import.html",
        kind=kind,
        path=path,
        problem=problem,
        importers=IMPORTER_WORDS,
        roots=services.settings.library_roots,
        suffixes=UPLOAD_SUFFIXES,
        max_upload_mb=services.settings.max_upload_mb,
        earlier=_list_earlier(),
    )


def _list_earlier() -> list[tuple[str, str]]:
    """List what was imported before, the newest first: folders grow, and are imported again."""
    sources = [(batch.importer, batch.source) for batch in current_services().curation.list_imports(limit=100)]
    return list(dict.fromkeys(sources))[:_N_REMEMBERED]
