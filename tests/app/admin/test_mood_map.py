from __future__ import annotations

import numpy as np
import pytest

from app.admin.regions import parse_region
from catalog.analysis.embeddings import EMBEDDING_MODEL
from catalog.filters import TrackFilter
from tests.factories import add_analyzed_track, add_track

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def track_ids(services):
    with services.sessions.begin() as session:
        return [
            add_analyzed_track(session, "Moss", model=EMBEDDING_MODEL, valence=0.8, arousal=0.8, licence="CC0-1.0").id,
            add_analyzed_track(session, SCRIPT, artist="A & B", model=EMBEDDING_MODEL, valence=-0.9, arousal=0.0).id,
            add_analyzed_track(session, "Rain", model=EMBEDDING_MODEL, valence=-0.8, arousal=-0.1).id,
            add_track(session, "Waits").id,
        ]


def read_points(data):
    n = int.from_bytes(data[:4], "little")
    return np.frombuffer(data, "<i4", count=n, offset=4).tolist()


def test_the_map_counts_tracks_by_region_and_leads_to_their_list(client, services, track_ids):
    html = client.get("/admin/map").text

    assert "3 tracks, 0 placed by ear" in html
    assert 'region=-1,-0.3333;-0.3333,-0.3333;-0.3333,0.3333;-1,0.3333">2</a>' in html.replace("%3B", ";").replace(
        "%2C", ","
    )
    region = parse_region("-1,-0.3333;-0.3333,-0.3333;-0.3333,0.3333;-1,0.3333")
    assert services.curation.list_track_ids(TrackFilter(region=region)) == [track_ids[1], track_ids[2]]


def test_an_empty_map_says_how_points_come(client):
    assert "Tracks come onto the map once they are analyzed" in client.get("/admin/map").text
    assert client.get("/admin/map/points").data == bytes(4)


def test_points_come_once_and_again_only_after_a_change(client, services, track_ids):
    first = client.get("/admin/map/points")
    again = client.get("/admin/map/points", headers={"If-None-Match": first.headers["ETag"]})
    services.curation.correct(track_ids[0], 0.0, 0.0, who="ann")
    changed = client.get("/admin/map/points", headers={"If-None-Match": first.headers["ETag"]})

    assert read_points(first.data) == track_ids[:3]
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert (again.status_code, again.data) == (304, b"")
    assert (changed.status_code, len(changed.data)) == (200, 4 + 3 * 18 + 8)


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("q=moss", [0]),
        ("licence=CC0-1.0", [0]),
        ("source=elsewhere", []),
        ("status=failed", []),
        ("corrected=no", [0, 1, 2]),
    ],
)
def test_points_are_those_of_the_filters(client, track_ids, query, places):
    data = client.get(f"/admin/map/points?{query}").data

    assert read_points(data) == [track_ids[place] for place in places]


@pytest.mark.usefixtures("track_ids")
def test_filters_stay_in_the_form_and_in_the_links(client):
    html = client.get("/admin/map?licence=CC0-1.0&status=nonsense").text

    assert '<option value="CC0-1.0" selected>' in html
    assert 'data-points="/admin/map/points?licence=CC0-1.0"' in html
    assert 'data-list="/admin/tracks?licence=CC0-1.0"' in html


def test_titles_come_as_text(client, track_ids):
    answer = client.get(f"/admin/map/titles?track_id={track_ids[1]}&track_id=77")

    assert answer.json == [{"track_id": track_ids[1], "title": SCRIPT, "artist": "A & B"}]


def test_a_chosen_track_shows_guess_form_and_no_script(client, services, track_ids):
    services.curation.correct(track_ids[1], 0.5, 0.25, who="ann@example.org")

    html = client.get(f"/admin/map/tracks/{track_ids[1]}").text

    assert SCRIPT not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "valence −0.90" in html  # noqa: RUF001 - typographic
    assert "ann@example.org" in html
    assert 'value="0.50"' in html


def test_strangers_get_no_points(stranger):
    assert stranger.get("/admin/map/points").status_code == 303
