"""A curator's day in a real browser, with a worker beside the page."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager

import numpy as np
import pytest
from playwright.sync_api import expect

from app.jobs.worker import serve_jobs
from catalog.analysis.analyzer import analyze_file
from catalog.analysis.embeddings import EMBEDDING_MODEL, N_DIMENSIONS
from tests.app.admin.admin_services import close, make_admin_services
from tests.e2e.conftest import log_in
from tests.e2e.journeys import find_violations
from tests.factories import add_analyzed_track, write_music

pytestmark = pytest.mark.browser

# A machine that is busy may be slow to answer.
expect.set_options(timeout=20_000)

TITLES = ("Moss", "Paper Boats", "Slow Water")


@pytest.fixture
def services(tmp_path, migrated):
    """Three tracks, and the analysis that ships."""
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    services = make_admin_services(data_dir, migrated, analyzer=analyze_file)
    with services.sessions.begin() as session:
        for i, title in enumerate(TITLES):
            path = str(write_music(tmp_path / f"{title}.wav", duration_s=2.0))
            vector = np.eye(N_DIMENSIONS, dtype=np.float32)[i]
            add_analyzed_track(session, title, artist="Ines Vale", model=EMBEDDING_MODEL, vector=vector, path=path)
    yield services
    close(services)


@pytest.fixture
def page(services, context):
    """The list of tracks."""
    with log_in(services, context, "/admin", "#select-all") as page:
        yield page


@contextmanager
def work(services):
    """Do jobs beside the page."""
    stop = threading.Event()
    arguments = (services.settings.data_dir, services.jobs, services.library, services.bulk_runs)
    worker = threading.Thread(target=serve_jobs, args=arguments, kwargs={"stop": stop})
    worker.start()
    try:
        yield
    finally:
        stop.set()
        worker.join()


def test_a_curators_day(page, services, tmp_path):
    page.get_by_role("searchbox").press_sequentially("moss")
    expect(page.locator(".row-link")).to_have_text(["Moss"])
    expect(page).to_have_url(re.compile("q=moss"))

    page.get_by_role("link", name="Moss", exact=True).click()
    page.get_by_label("Album").fill("Green Rooms")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("“Moss” is saved.")).to_be_visible()
    assert services.library.get_track(1).album == "Green Rooms"

    page.get_by_role("link", name="Back to the tracks").click()
    page.get_by_role("checkbox", name="Select Moss").check()
    page.get_by_role("button", name="Delete selected").click()
    page.get_by_role("button", name="Delete 1 track").click()
    expect(page.get_by_text("1 track deleted.")).to_be_visible()
    assert services.library.count_by_status()["analyzed"] == 2

    for i, title in enumerate(("Harbor", "Sparrow")):
        write_music(tmp_path / "folk" / f"{title}.wav", duration_s=4.0, frequency_hz=220.0 * (i + 1), title=title)
    page.get_by_role("link", name="Import", exact=True).click()
    page.get_by_label("Folder or list on this server").fill(str(tmp_path / "folk"))
    page.get_by_role("button", name="See what would change", exact=True).click()
    expect(page.locator(".figures-row div", has_text="new")).to_have_text("2new")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.locator("#job .badge")).to_have_text("Waiting")
    with work(services):
        expect(page.locator("#job .badge")).to_have_text("Done", timeout=60_000)
    expect(page.locator("#announcer")).to_have_text("Import folk: Done.")
    expect(page.locator(".figures-row div", has_text="analyzed")).to_have_text("2analyzed")

    page.get_by_role("link", name="Show the tracks").click()
    expect(page.locator(".row-link")).to_have_count(4)
    expect(page.locator(".cell-title", has_text=re.compile("Harbor|Sparrow"))).to_have_count(2)
    page.get_by_role("link", name="Index").click()
    expect(page.get_by_text("Up to date")).to_be_visible()

    page.get_by_role("button", name="Rebuild the index").click()
    with work(services):
        expect(page.locator("#job .badge")).to_have_text("Done", timeout=15_000)
    assert services.library.index_status().n_indexed == 4
    assert page.errors == []


def test_the_list_obeys_the_keyboard(page):
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")

    expect(page.locator("#n-selected")).to_have_text("2 selected")
    expect(page.get_by_role("checkbox", name="Select Paper Boats")).to_be_checked()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_a_track_plays_within_the_list(page):
    page.get_by_role("link", name="Play Moss").click()

    expect(page.locator("#listen-title")).to_have_text("Moss · Ines Vale")
    expect(page.locator("#listen-audio")).to_have_js_property("paused", value=False)


def test_a_running_job_keeps_the_focus_while_it_is_refreshed(page, services):
    services.jobs.submit("rebuild")
    services.jobs.start(1)
    page.get_by_role("link", name="Jobs").click()
    page.get_by_role("link", name="Rebuild the index").click()

    page.get_by_role("button", name="Cancel").focus()
    services.jobs.report_progress(1, 1, 4, "building the index")

    expect(page.locator("#job .figures")).to_contain_text("1 of 4")
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()


def test_nothing_serious_keeps_anybody_out(page, services):
    services.jobs.submit("rebuild")
    found = {}

    for path in ("tracks", "tracks/1", "import", "jobs", "jobs/1", "index", "tracks/delete?track_id=1"):
        page.goto(re.sub("/admin/.*", f"/admin/{path}", page.url))
        found[path] = find_violations(page, only_grave=False)

    assert [path for path, problems in found.items() if problems] == [], found
