from __future__ import annotations

import pytest

from catalog.analysis.embeddings import EMBEDDING_MODEL
from catalog.models import TrackStatus
from tests.app.admin.admin_services import EMAIL
from tests.app.admin.conftest import HTMX
from tests.factories import add_analyzed_track, add_track


@pytest.fixture
def tracks(services):
    """Ids by title: two that are ready, one that waits, one that failed."""
    with services.sessions.begin() as session:
        made = [
            add_analyzed_track(session, "Moss", artist="Elder", model=EMBEDDING_MODEL, tempo_bpm=72.0, album="Green"),
            add_analyzed_track(session, "Ash", artist="Zephyr", model=EMBEDDING_MODEL, tempo_bpm=140.0),
            add_track(session, "Paper Boats", artist="Ines Vale", path="/music/boats.mp3"),
            add_track(
                session, "Rust", path="/music/rust.mp3", status=TrackStatus.FAILED, failure_reason="no audio in it"
            ),
        ]
        return {track.title: track.id for track in made}


def titles_in_order(html, tracks):
    found = [title for title in tracks if f">{title}</a>" in html]
    return sorted(found, key=lambda title: html.index(f">{title}</a>"))


def test_an_empty_catalog_says_what_to_do(client):
    html = client.get("/admin/tracks").text

    assert "There is no music yet" in html
    assert 'href="/admin/import"' in html


def test_the_list_shows_all_tracks_by_title(client, tracks):
    html = client.get("/admin/tracks").text

    assert titles_in_order(html, tracks) == ["Ash", "Moss", "Paper Boats", "Rust"]
    assert "1–4 of 4 tracks" in html  # noqa: RUF001 - typographic


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sort=title&order=desc", ["Rust", "Paper Boats", "Moss", "Ash"]),
        ("sort=tempo", ["Moss", "Ash", "Paper Boats", "Rust"]),
        ("sort=tempo&order=desc", ["Ash", "Moss", "Paper Boats", "Rust"]),
        ("status=failed", ["Rust"]),
        ("status=pending", ["Paper Boats"]),
        ("q=elder", ["Moss"]),
        ("q=GREEN", ["Moss"]),
        ("sort=nothing&status=odd&page=-3", ["Ash", "Moss", "Paper Boats", "Rust"]),
        ("page=99999999999999999999", ["Ash", "Moss", "Paper Boats", "Rust"]),
    ],
)
def test_the_address_says_which_tracks_and_in_which_order(client, tracks, query, expected):
    assert titles_in_order(client.get(f"/admin/tracks?{query}").text, tracks) == expected


def test_a_search_as_you_type_gets_the_list_alone(client, tracks):
    html = client.get("/admin/tracks?q=moss", headers=HTMX).text

    assert titles_in_order(html, tracks) == ["Moss"]
    assert "<html" not in html


@pytest.mark.usefixtures("tracks")
def test_a_search_without_a_match_says_so(client):
    html = client.get("/admin/tracks?q=nowhere").text

    assert "Nothing found" in html
    assert "“nowhere”" in html


@pytest.mark.usefixtures("tracks")
def test_columns_sort_and_turn_round(client):
    html = client.get("/admin/tracks?q=a&sort=artist").text

    assert 'aria-sort="ascending"' in html
    assert "/admin/tracks?q=a&amp;sort=artist&amp;order=desc" in html
    assert "/admin/tracks?q=a&amp;sort=created&amp;order=desc" in html


def test_pages_follow_each_other(client, services):
    with services.sessions.begin() as session:
        for i in range(120):
            add_track(session, f"Piece {i:03}")

    first, last = client.get("/admin/tracks").text, client.get("/admin/tracks?page=3").text

    assert "1–50 of 120 tracks" in first  # noqa: RUF001 - typographic
    assert 'rel="next" href="/admin/tracks?page=2"' in first
    assert "101–120 of 120 tracks" in last  # noqa: RUF001 - typographic
    assert 'rel="next"' not in last


def test_a_failed_track_shows_its_reason_and_can_be_tried_again(client, services, tracks):
    html = client.get("/admin/tracks?status=failed").text

    answer = client.post("/admin/tracks/retry", data={"track_id": tracks["Rust"]})

    assert "No audio in it." in html
    assert answer.location == "/admin/jobs/1"
    assert services.library.get_track(tracks["Rust"]).status == "pending"
    assert services.jobs.get_job(1).kind == "analyze"


@pytest.mark.usefixtures("tracks")
def test_all_failed_tracks_can_be_tried_again(client, services):
    client.post("/admin/tracks/retry")

    assert services.library.count_by_status()["failed"] == 0


def test_trying_again_without_a_failure_asks_for_no_job(client, services):
    answer = client.post("/admin/tracks/retry")

    assert answer.location == "/admin/tracks"
    assert services.jobs.list_jobs() == []


def test_deleting_asks_first(client, services, tracks):
    html = client.get(f"/admin/tracks/delete?track_id={tracks['Moss']}&track_id={tracks['Ash']}").text

    assert "Delete 2 tracks?" in html
    assert "Moss" in html
    assert services.library.count_by_status()["analyzed"] == 2


def test_deleting_removes_the_chosen_tracks_and_goes_back(client, services, tracks):
    data = {"track_id": [tracks["Moss"], tracks["Ash"]], "back": "/admin/tracks?q=a"}

    answer = client.post("/admin/tracks/delete", data=data, follow_redirects=True)

    assert answer.request.full_path == "/admin/tracks?q=a"
    assert "2 tracks deleted." in answer.text
    assert services.library.count_by_status()["analyzed"] == 0


@pytest.mark.usefixtures("tracks")
def test_deleting_without_a_choice_says_so(client):
    answer = client.get("/admin/tracks/delete", follow_redirects=True)

    assert "Select the tracks to delete first." in answer.text


def test_an_address_that_leads_elsewhere_is_not_followed(client, tracks):
    answer = client.post("/admin/tracks/delete", data={"track_id": tracks["Moss"], "back": "//example.com/admin/"})

    assert answer.location == "/admin/tracks"


def write(client, track_id, field, value, was=""):
    data = {"field": field, "value": value, "was": was, "back": "/admin/tracks?q=a"}
    return client.post(f"/admin/tracks/{track_id}/cell", data=data)


def test_a_cell_is_written_and_answered_with_its_row(client, services, tracks):
    answer = write(client, tracks["Moss"], "album", " Blue  Rooms ", was="Green")

    undo = services.curation.list_changes().changes[0]
    assert answer.status_code == 200
    assert answer.text.lstrip().startswith(f'<tr data-track="{tracks["Moss"]}"')
    assert 'data-value="Blue Rooms"' in answer.text
    assert answer.headers["X-Change-Group"] == undo.group_id
    assert (undo.who, undo.before["album"], undo.after["album"]) == (EMAIL, "Green", "Blue Rooms")


@pytest.mark.parametrize(
    ("data", "status", "problem"),
    [
        (("year", "soon", ""), 422, "expected a number from 1500 to 2100"),
        (("title", " ", "Moss"), 422, "expected one, got nothing"),
        (("path", "/etc/passwd", ""), 422, "expected a field among"),
        (("status", "failed", "analyzed"), 422, "expected a field among"),
        (("album", "Blue", "Red"), 409, "Somebody wrote “Green” here meanwhile"),
    ],
)
def test_a_cell_that_cannot_be_written_says_why(client, services, tracks, data, status, problem):  # noqa: PLR0913, PLR0917 - a table
    answer = write(client, tracks["Moss"], *data)

    assert answer.status_code == status
    assert problem in answer.text
    assert services.curation.list_changes().n_total == 0


def test_a_cell_of_a_track_that_is_gone_is_not_found(client):
    assert write(client, 99, "album", "Blue").status_code == 404


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("missing=artist", ["Rust"]),
        ("mood=neutral", ["Ash", "Moss"]),
        ("valence_from=0.9", []),
        ("genre=nothing", []),
        ("corrected=no&status=pending", ["Paper Boats"]),
    ],
)
def test_filters_narrow_the_list(client, tracks, query, expected):
    assert titles_in_order(client.get(f"/admin/tracks?{query}").text, tracks) == expected


def test_columns_are_chosen_and_remembered(client, tracks):
    client.post("/admin/tracks/columns", data={"column": ["licence", "artist", "soul"], "back": "/admin/tracks"})

    html = client.get("/admin/tracks").text

    assert 'class="cell-licence"' in html
    assert '<td class="cell-tempo' not in html
    assert titles_in_order(html, tracks)[0] == "Ash"


def test_deletion_is_offered_back_and_comes_back(client, services, tracks):
    html = client.post("/admin/tracks/delete", data={"track_id": tracks["Moss"]}, follow_redirects=True).text
    group_id = services.curation.list_changes(limit=1).changes[0].group_id

    undone = client.post("/admin/undo", data={"group_id": group_id, "back": "/admin/tracks"}, follow_redirects=True)

    assert f'name="group_id" value="{group_id}"' in html
    assert "Taken back: 1 change." in undone.text
    assert services.library.get_track(tracks["Moss"]).title == "Moss"


def test_all_that_a_list_finds_can_be_deleted(client, services, tracks):
    values = {"all": "1", "filter": "status=analyzed", "back": "/admin/tracks"}

    html = client.get("/admin/tracks/delete", query_string=values).text
    client.post("/admin/tracks/delete", data=values)

    assert "Delete 2 tracks?" in html
    assert services.library.count_by_status()["analyzed"] == 0
    assert services.library.get_track(tracks["Rust"]).title == "Rust"


@pytest.mark.usefixtures("tracks")
@pytest.mark.parametrize(
    ("kind", "first"), [("csv", "title,artist,path"), ("jsonl", '{"track_id"'), ("m3u8", "#EXTM3U")]
)
def test_what_a_list_finds_is_exported(client, kind, first):
    answer = client.get(f"/admin/tracks/export/{kind}?status=analyzed")

    assert answer.is_streamed
    assert answer.headers["Content-Disposition"] == f'attachment; filename="tracks.{kind}"'
    assert answer.text.startswith(first)
    assert "Rust" not in answer.text
    assert kind == "m3u8" or "Moss" in answer.text


def test_nothing_is_exported_in_a_kind_that_is_unknown(client):
    assert client.get("/admin/tracks/export/exe").status_code == 404
