from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.journeys import find_violations, record, upload, wait_for_result, wait_until_playing

pytestmark = pytest.mark.browser


@pytest.fixture(params=["light", "dark"])
def color_scheme(request):
    return request.param


def test_axe_finds_nothing_grave_from_start_to_review(open_page):
    page = open_page()
    found = find_violations(page)
    page.get_by_role("button", name="Record", exact=True).click()
    found += find_violations(page)
    page.get_by_role("button", name="Not now").click()
    record(page, seconds=1.2)

    found += find_violations(page)

    assert found == []


def test_axe_finds_nothing_grave_in_a_playing_result(open_page):
    page = open_page()
    upload(page)
    wait_for_result(page)
    page.get_by_role("button", name="Slow Water").click()
    wait_until_playing(page)
    page.get_by_text("Not right? Tell us").click()
    page.get_by_text("Show as a table").click()

    assert find_violations(page) == []


@pytest.mark.parametrize("path", ["/privacy", "/moods/angry/playlist", "/nowhere"])
def test_axe_finds_nothing_grave_on_other_pages(open_page, path):
    page = open_page(path)

    assert find_violations(page) == []


def test_an_error_is_read_out_and_passes_axe(open_page):
    page = open_page(microphone=False)
    page.get_by_role("button", name="Record", exact=True).click()
    page.get_by_role("button", name="Open the microphone").click()

    expect(page.get_by_role("alert")).to_contain_text("The microphone is not allowed")
    assert find_violations(page) == []
