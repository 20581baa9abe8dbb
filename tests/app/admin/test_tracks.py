from __future__ import annotations

import pytest

from catalog.analysis.embeddings import EMBEDDING_MODEL
from catalog.models import TrackStatus
from tests.app.admin.conftest import HTMX
from tests.factories import add_analyzed_track, add_track

SCRIPT = "<script>alert('x')</script>"


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


def test_titles_with_scripts_in_them_are_shown_as_text(client, services):
    with services.sessions.begin() as session:
        track = add_track(
            session, SCRIPT, artist=SCRIPT, album=SCRIPT, status=TrackStatus.FAILED, failure_reason=SCRIPT
        )
        address = f"/admin/tracks/{track.id}"

    pages = [
        client.get(path).text
        for path in ("/admin/tracks", f"/admin/tracks?q={SCRIPT}", address, f"/admin/tracks/delete?track_id={track.id}")
    ]

    for html in pages:
        assert SCRIPT not in html
        assert "&lt;script&gt;" in html


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
