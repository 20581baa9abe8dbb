"""The curator's tables in a real browser: write in them, take it back, merge, import and roll back."""

from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from app.jobs.running import run_job
from catalog.analysis.embeddings import EMBEDDING_MODEL, N_DIMENSIONS
from catalog.filters import TrackFilter
from tests.app.admin.admin_services import EMAIL, close, make_admin_services
from tests.e2e.conftest import log_in
from tests.e2e.journeys import find_violations
from tests.factories import add_analyzed_track, add_track, write_music

pytestmark = pytest.mark.browser

TITLES = ("Ash", "Moss", "Paper Boats")


@pytest.fixture
def services(tmp_path, migrated):
    """Three tracks, one of them twice, and one that failed."""
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    services = make_admin_services(data_dir, migrated)
    with services.sessions.begin() as session:
        for i, title in enumerate((*TITLES, "Moss")):
            path = str(write_music(tmp_path / "music" / f"{i}.wav", duration_s=2.0, frequency_hz=200.0 + 50 * i))
            vector = np.eye(N_DIMENSIONS, dtype=np.float32)[i]
            facts = {"path": path, "duration_s": 2.0, "genre": "Folk"}
            add_analyzed_track(session, title, artist="Ines Vale", model=EMBEDDING_MODEL, vector=vector, **facts)
        add_track(session, "Rust", path="/music/rust.mp3", status="failed", failure_reason="no audio in it")
    yield services
    close(services)


@pytest.fixture
def page(services, context):
    """The list of tracks."""
    with log_in(services, context, "/admin", "#select-all") as page:
        yield page


def find_genres(services):
    return [track.genre for track in services.curation.list_tracks().tracks]


def test_a_cell_is_written_by_keyboard_and_taken_back_by_a_key(page, services):
    page.keyboard.press("j")
    page.keyboard.press("e")
    page.keyboard.type("Ashes")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Artist of Ashes")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#undo-text")).to_have_text("“Ashes” is saved.")
    expect(page.get_by_role("link", name="Ashes", exact=True)).to_be_focused()
    written = services.library.get_track(1).title
    page.keyboard.press("u")

    expect(page.get_by_text("Taken back: 1 change.")).to_be_visible()
    assert (written, services.library.get_track(1).title) == ("Ashes", "Ash")
    assert services.library.get_track(1).artist == "Ines Vale"
    assert page.errors == []


def test_a_cell_that_is_refused_stays_open_and_says_why(page, services):
    cell = page.locator('tr[data-track="1"] td[data-field="year"]')

    cell.dblclick()
    page.get_by_label("Year of Ash").fill("soon")
    page.keyboard.press("Enter")

    expect(page.locator("#problem")).to_contain_text("expected a number from 1500 to 2100")
    expect(page.get_by_label("Year of Ash")).to_be_focused()
    page.get_by_label("Year of Ash").fill("1999")
    page.keyboard.press("Enter")
    expect(cell).to_have_text("1999")
    assert services.library.get_track(1).year == 1999


def test_many_are_edited_at_once_and_taken_back(page, services):
    page.get_by_role("searchbox").press_sequentially("folk")
    expect(page.locator(".row-link")).to_have_count(4)
    expect(page).to_have_url(re.compile(r"/admin/tracks\?q=folk$"))
    page.locator("#select-all").check()
    page.get_by_role("button", name="Edit selected").click()
    page.get_by_label("Genre", exact=True).fill("Swing")
    page.get_by_label("Tags to add, parted by commas").fill("bright")
    page.get_by_role("button", name="Change 4 tracks").click()

    expect(page.get_by_text("4 tracks changed.")).to_be_visible()
    edited = find_genres(services)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Taken back: 4 changes.")).to_be_visible()

    assert sorted(filter(None, edited)) == ["Swing"] * 4
    assert sorted(filter(None, find_genres(services))) == ["Folk"] * 4
    assert page.errors == []


def test_a_filter_narrows_the_list_as_it_is_chosen(page):
    page.locator(".filters > summary").click()
    page.get_by_label("artist", exact=True).check()

    expect(page.locator(".row-link")).to_have_text(["Rust"])
    expect(page).to_have_url(re.compile(r"/admin/tracks\?missing=artist$"))


def test_copies_are_merged_by_one_click_and_come_back(page, services):
    page.get_by_role("link", name="Duplicates").click()
    expect(page.get_by_role("heading", name="Moss")).to_be_visible()
    page.get_by_role("button", name="Merge them").click()
    expect(page.get_by_text("1 copy merged into “Moss”.")).to_be_visible()
    n_left = services.curation.list_tracks().n_total
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Taken back: 2 changes.").or_(page.get_by_text("Taken back: 1 change."))).to_be_visible()

    assert (n_left, services.curation.list_tracks().n_total) == (4, 5)
    assert page.errors == []


def test_a_folder_is_found_previewed_imported_and_rolled_back(page, services, tmp_path):
    write_music(tmp_path / "new" / "harbor.wav", duration_s=2.0, frequency_hz=700.0, title="Harbor", artist="Trad")
    (tmp_path / "new" / "broken.mp3").touch()
    page.get_by_role("link", name="Import", exact=True).click()
    page.get_by_label("Folder or list on this server").fill(str(tmp_path))
    page.get_by_role("button", name="Look for the folder").click()
    page.locator(f'[data-folder="{tmp_path}/new"]').click()
    expect(page.get_by_label("Folder or list on this server")).to_have_value(f"{tmp_path}/new")
    page.get_by_role("button", name="See what would change", exact=True).click()

    expect(page.locator(".figures-row").first).to_contain_text("1new")
    expect(page.get_by_text("The file is empty.")).to_be_visible()
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.locator("#job .badge")).to_have_text("Waiting")
    run_job(1, services.jobs, services.library, services.bulk_runs)
    expect(page.locator("#job .badge")).to_have_text("Done")
    with page.expect_download() as sent:
        page.get_by_role("link", name="Download them all").click()
    page.get_by_role("link", name="Show the import").click()
    page.get_by_role("button", name="Roll this import back").click()
    expect(page.get_by_role("heading", name="The import is rolled back")).to_be_visible()

    assert "the file is empty" in sent.value.path().read_text()
    assert services.curation.list_tracks(TrackFilter(search="harbor")).n_total == 0
    page.get_by_role("button", name="Undo: have the import again").click()
    expect(page.get_by_text("Taken back")).to_be_visible()
    assert services.curation.list_tracks(TrackFilter(search="harbor")).n_total == 1
    assert page.errors == []


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_serious_keeps_anybody_out_and_nothing_overflows(page, services, tmp_path, width):
    (tmp_path / "list.csv").write_text("title,url,Length\nMoss,https://example.org/moss.mp3,1\n", encoding="utf-8")
    write_music(tmp_path / "new" / "harbor.wav", title="Harbor")
    services.library.import_source("folder", tmp_path / "new", who=EMAIL)
    services.curation.delete([1], who=EMAIL)
    services.jobs.submit("rebuild")
    page.set_viewport_size({"width": width, "height": 800})
    paths = (
        *("tracks?genre=Folk", "tracks/edit?track_id=2", "tracks/delete?track_id=2", "duplicates", "import"),
        *(f"import/preview?path={tmp_path}/list.csv", f"import/preview?path={tmp_path}/new", "imports", "imports/1"),
        *("jobs", "jobs/1", "changes", "people", "account", "tracks?status=failed"),
    )
    found, overflowing = {}, []

    for path in paths:
        page.goto(re.sub("/admin/.*", f"/admin/{path}", page.url))
        found[path] = find_violations(page)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            overflowing.append(path)

    assert {path: problems for path, problems in found.items() if problems} == {}
    assert overflowing == []
