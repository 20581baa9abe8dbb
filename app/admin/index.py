"""The index that playlists come from: how it stands to the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, render_template

from app.admin.context import current_services

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

blueprint = Blueprint("index", __name__)


@blueprint.get("/index")
def show() -> ResponseReturnValue:
    """Show model, size and age of the index."""
    library = current_services().library
    return render_template("admin/index.html", index=library.index_status(), n_by_status=library.count_by_status())
