"""Bringing music in: a folder, or a list as a CSV file."""

from __future__ import annotations

import os
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final

from flask import Blueprint, redirect, render_template, request, url_for

from app.admin.context import current_services
from app.services.errors import ForbiddenPathError
from app.services.jobs import JobKind
from catalog.errors import ImportSourceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask.typing import ResponseReturnValue

    from app.services.library import LibraryService

blueprint = Blueprint("imports", __name__)

KIND_BY_NAME: Final[Mapping[str, JobKind]] = {"folder": JobKind.IMPORT_FOLDER, "csv": JobKind.IMPORT_CSV}
_N_REMEMBERED: Final = 8


@blueprint.get("/import")
def show_form() -> ResponseReturnValue:
    """Show the form."""
    return _render(kind=request.args.get("kind", "folder"), path=request.args.get("path", ""))


@blueprint.post("/import")
def start() -> ResponseReturnValue:
    """Ask for an import, or say why this path cannot be imported."""
    services = current_services()
    name, text = request.form.get("kind", "folder"), request.form.get("path", "").strip()
    try:
        path = check_source(services.library, name, text)
    except (ForbiddenPathError, ImportSourceError) as error:
        return _render(kind=name, path=text, problem=str(error)), 422
    job = services.jobs.submit(KIND_BY_NAME[name], {"path": str(path)})
    return redirect(url_for("admin.jobs.show_job", job_id=job.job_id), code=303)


def check_source(library: LibraryService, name: str, text: str) -> Path:
    """Return the real path of what should be imported.

    Args:
        library: knows which folders may be read.
        name: `folder` or `csv`.
        text: as it was typed.

    Raises:
        ForbiddenPathError: it lies outside the allowed folders.
        ImportSourceError: it is not there, or not of the kind that was named.
    """
    if name not in KIND_BY_NAME:
        raise ImportSourceError(f"expected one of {', '.join(KIND_BY_NAME)}, got {name!r}")
    expected = "a folder" if name == "folder" else "a CSV file"
    if not text:
        raise ImportSourceError(f"expected the path of {expected} on this server, got nothing")
    if not PurePath(text).is_absolute() and not text.startswith("~"):
        raise ImportSourceError(f"expected a whole path such as /home/me/Music, got {text!r}")
    path = library.check_path(Path(text))
    if not (os.path.isdir(path) if name == "folder" else os.path.isfile(path)):  # noqa: PTH112, PTH113 - these answer False where Path raises
        found = "something else" if os.path.lexists(path) else "nothing"
        raise ImportSourceError(f"expected {expected} at {text!r} on this server, found {found}")
    if not os.access(path, os.R_OK):
        raise ImportSourceError(f"this server may not read {text!r}; give it the permission, then try again")
    return path


def _render(*, kind: str, path: str, problem: str = "") -> str:
    return render_template(
        "admin/import.html",
        kind=kind if kind in KIND_BY_NAME else "folder",
        path=path,
        problem=problem,
        roots=current_services().settings.library_roots,
        earlier=_list_earlier(),
    )


def _list_earlier() -> list[tuple[str, str]]:
    """List what was imported before, the newest first: folders grow, and are imported again."""
    name_by_kind = {str(kind): name for name, kind in KIND_BY_NAME.items()}
    jobs = current_services().jobs.list_jobs(limit=200)
    sources = [(name_by_kind[job.kind], str(job.arguments.get("path", ""))) for job in jobs if job.kind in name_by_kind]
    return list(dict.fromkeys(sources))[:_N_REMEMBERED]
