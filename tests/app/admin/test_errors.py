from __future__ import annotations

import pytest

from tests.app.admin.conftest import HTMX

HUGE = 10**30


@pytest.fixture
def cut_off(client, services):
    """An administrator whose database is damaged after the login."""
    services.engine.dispose()
    for path in services.settings.data_dir.glob("catalog.db*"):
        path.write_bytes(b"no database at all " * 400)
    return client


@pytest.mark.parametrize("path", ["/admin/login", "/admin/tracks", "/admin/index"])
def test_a_damaged_database_is_told_with_its_remedy(cut_off, path):
    answer = cut_off.get(path)

    assert answer.status_code == 503
    assert "The catalog cannot be reached" in answer.text
    assert "the file is no SQLite database" in answer.text


def test_the_listeners_page_outlives_a_damaged_database_for_curators_too(cut_off):
    assert cut_off.get("/privacy").status_code == 200


def test_a_fragment_leaves_what_is_shown_where_it_is(cut_off):
    answer = cut_off.get("/admin/tracks?q=moss", headers=HTMX)

    assert answer.status_code == 503
    assert answer.headers["HX-Retarget"] == "#problem"


@pytest.mark.parametrize("path", [f"/admin/tracks/{HUGE}", f"/admin/jobs/{HUGE}", "/admin/nothing"])
def test_an_address_that_can_mean_nothing_is_not_found(client, path):
    assert client.get(path).status_code == 404


def test_ids_that_can_be_none_are_left_out(client):
    answer = client.post("/admin/tracks/delete", data={"track_id": [str(HUGE), "-1", "moss"]}, follow_redirects=True)

    assert "0 tracks deleted." in answer.text


def test_the_wrong_method_is_told_which_ones_work(client):
    answer = client.get("/admin/tracks/retry")

    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
