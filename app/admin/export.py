"""Take tracks out of the catalog: as a table, as JSON lines or as a playlist, by the filter of the list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response, abort, request

from app.admin.context import current_services
from app.admin.listing import read_filter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask.typing import ResponseReturnValue

blueprint = Blueprint("export", __name__)

MIME_BY_KIND: Final[Mapping[str, str]] = {
    "csv": "text/csv",
    "jsonl": "application/x-ndjson",
    "m3u8": "application/vnd.apple.mpegurl",
}


@blueprint.get("/tracks/export/<kind>")
def download(kind: str) -> ResponseReturnValue:
    """Send the tracks that the address means, in pieces, however many they are."""
    if kind not in MIME_BY_KIND:
        abort(404, f"expected a kind among {', '.join(MIME_BY_KIND)}, got {kind!r}")
    text = current_services().curation.export(kind, read_filter(request.args))
    pieces = (piece.encode("utf-8", "replace") for piece in text)
    response = Response(pieces, content_type=f"{MIME_BY_KIND[kind]}; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="tracks.{kind}"'
    return response
