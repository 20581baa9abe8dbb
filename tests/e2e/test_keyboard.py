from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.journeys import read_audio, wait_for_track, wait_until, wait_until_playing

pytestmark = pytest.mark.browser


def tab_to(page, accessible_name, limit=40):
    """Press Tab until the control with this name has the focus."""
    for _ in range(limit):
        page.keyboard.press("Tab")
        name = page.evaluate(
            "(document.activeElement.getAttribute('aria-label') || document.activeElement.innerText || '').trim()"
        )
        if accessible_name in name:
            return
    pytest.fail(f"expected {accessible_name!r} within {limit} presses of Tab")


def test_the_first_tab_offers_to_skip_to_the_content(open_page):
    page = open_page()

    page.keyboard.press("Tab")

    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()


def test_keys_alone_lead_from_the_record_button_to_music(open_page):
    page = open_page()

    tab_to(page, "Record")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Open the microphone")).to_be_focused()
    page.keyboard.press("Enter")
    page.locator("#recorder[data-state=recording]").wait_for()
    page.wait_for_timeout(1500)
    expect(page.get_by_role("button", name="Stop recording")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Find my music")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#mood-title")).to_be_focused()
    tab_to(page, "Slow Water")
    page.keyboard.press("Enter")
    wait_until_playing(page)


def test_keys_steer_the_player_while_it_has_the_focus(open_page):
    page = open_page("/moods/neutral/playlist")
    page.get_by_role("button", name="Slow Water").focus()

    page.keyboard.press("Space")
    wait_until_playing(page)
    page.keyboard.press("n")
    wait_for_track(page, 2)
    page.keyboard.press("p")
    wait_for_track(page, 1)
    page.keyboard.press("ArrowRight")
    wait_until_playing(page, after_s=4.9)
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("button", name="Paper Boats")).to_be_focused()
    page.get_by_role("slider", name="Position in the track").focus()
    page.keyboard.press("Space")

    assert read_audio(page)["paused"] is True


def test_keys_mean_nothing_elsewhere(open_page):
    page = open_page("/moods/neutral/playlist")

    page.locator("#main").focus()
    page.keyboard.press("n")

    assert read_audio(page)["src"] == ""


def test_arrow_keys_choose_the_intent(open_page):
    page = open_page("/moods/neutral/playlist")

    page.locator("#intent-stay").focus()
    page.keyboard.press("ArrowRight")

    wait_until(page, "document.querySelector('#tracks .track').dataset.trackId === '4'")
    expect(page.locator("#intent-lift")).to_be_focused()
    expect(page.locator("#announcer")).to_have_text("The playlist has changed: 4 tracks.")
