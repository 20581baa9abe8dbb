"""The mood map: every track a point in the valence-arousal plane, and the same in a table."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from flask import Blueprint, Response, jsonify, render_template, request, url_for

from app.admin.context import MAX_ID, current_services, read_ids
from app.admin.listing import MAX_SEARCH_LENGTH
from app.admin.regions import format_region
from catalog.affect_plane import box
from catalog.filters import TrackFilter
from catalog.models import TrackStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask.typing import ResponseReturnValue

    from catalog.mood_map import MoodMap

blueprint = Blueprint("mood_map", __name__)

_MAX_TITLES: Final = 50
# Thirds of each axis; the outer edges lie beyond the plane so that its own edges are inside.
_EDGES: Final = (-1.0, -1 / 3, 1 / 3, 1.0)
VALENCE_WORDS: Final = ("Dark", "Between", "Bright")
AROUSAL_WORDS: Final = ("Calm", "Between", "Lively")


@dataclass(frozen=True, slots=True)
class RegionCount:
    """One field of the table: how many tracks lie there, and where they are listed."""

    n_tracks: int
    address: str


@blueprint.get("/map")
def show() -> ResponseReturnValue:
    """Show the map and, for those who cannot see it, the number of tracks by region."""
    curation = current_services().curation
    args = read_args(request.args)
    points = curation.load_mood_map(to_filter(args))
    return render_template(
        "admin/mood_map.html",
        args=args,
        n_points=len(points.track_ids),
        n_corrected=int(points.is_corrected.sum()),
        rows=_count_by_region(points, args),
        sources=curation.count_values("source"),
        licences=curation.count_values("licence"),
    )


@blueprint.get("/map/points")
def send_points() -> ResponseReturnValue:
    """Send all points in one answer, `catalog.mood_map.MoodMap.to_bytes`; nothing where the page has them already."""
    services = current_services()
    args = read_args(request.args)
    tag = hashlib.sha256(f"{services.library.get_revision()} {sorted(args.items())}".encode()).hexdigest()[:20]
    response = Response(mimetype="application/octet-stream")
    response.set_etag(tag)
    # Kept by the browser, but never shown without asking whether it still holds, and whether one is logged in.
    response.headers["Cache-Control"] = "private, no-cache"
    if not request.if_none_match.contains(tag):
        response.set_data(services.curation.load_mood_map(to_filter(args)).to_bytes())
    return response.make_conditional(request)


@blueprint.get("/map/titles")
def send_titles() -> ResponseReturnValue:
    """Name some tracks."""
    tracks = current_services().library.get_tracks(read_ids(request.args)[:_MAX_TITLES])
    return jsonify([{"track_id": track.track_id, "title": track.title, "artist": track.artist} for track in tracks])


@blueprint.get(f"/map/tracks/<int(max={MAX_ID}):track_id>")
def show_track(track_id: int) -> ResponseReturnValue:
    """Show what stands beside the map while a point is chosen.

    Raises:
        TrackNotFoundError: no track bears this id.
    """
    return render_template("admin/_map_track.html", story=current_services().curation.tell(track_id))


def read_args(args: Mapping[str, str]) -> dict[str, str]:
    """Return the filters of an address, those at their default left out."""
    found = {name: args.get(name, "").strip()[:MAX_SEARCH_LENGTH] for name in ("q", "source", "licence", "status")}
    if found["status"] not in {TrackStatus.ANALYZED, TrackStatus.PENDING, TrackStatus.FAILED}:
        found["status"] = ""
    if args.get("corrected") in {"yes", "no"}:
        found["corrected"] = args["corrected"]
    return {name: value for name, value in found.items() if value}


def to_filter(args: Mapping[str, str]) -> TrackFilter:
    """Turn the filters of an address into what they mean."""
    return TrackFilter(
        search=args.get("q", ""),
        source=args.get("source"),
        licence=args.get("licence"),
        status=TrackStatus(args["status"]) if "status" in args else None,
        is_corrected=args["corrected"] == "yes" if "corrected" in args else None,
    )


def _count_by_region(points: MoodMap, args: Mapping[str, str]) -> list[tuple[str, list[RegionCount]]]:
    """Count the points in three by three fields, the liveliest row first, each from dark to bright."""
    counts, _, _ = np.histogram2d(points.arousal, points.valence, bins=(_EDGES, _EDGES))
    rows = []
    for row in (2, 1, 0):
        fields = [_count_field(int(counts[row, column]), row, column, args) for column in range(3)]
        rows.append((AROUSAL_WORDS[row], fields))
    return rows


def _count_field(n_tracks: int, row: int, column: int, args: Mapping[str, str]) -> RegionCount:
    region = box(_EDGES[column], _EDGES[column + 1], _EDGES[row], _EDGES[row + 1])
    address: dict[str, Any] = {**args, "region": format_region(region)}
    return RegionCount(n_tracks, url_for("admin.tracks.show_list", **address))
