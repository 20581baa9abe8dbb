from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from catalog.models import Listener, TrackFeedback
from tests.app.web.page_services import make_library_services
from tests.e2e.journeys import find_violations, read_audio, wait_for_track, wait_until, wait_until_playing

pytestmark = pytest.mark.browser


def read_reactions(services):
    with services.sessions() as session:
        rows = session.scalars(select(TrackFeedback).order_by(TrackFeedback.id)).all()
    return [(row.track_id, row.kind) for row in rows]


def agree(page):
    page.get_by_role("button", name="Yes, learn from me").click()
    page.locator("#tracks.is-learning").wait_for()


def wait_for_reactions(page, services, expected):
    for _ in range(100):
        if read_reactions(services) == expected:
            return
        page.wait_for_timeout(50)
    assert read_reactions(services) == expected


def test_agree_like_never_undo_read_and_delete(open_page, services):
    page = open_page("/moods/neutral/playlist")
    agree(page)

    page.get_by_role("button", name="Like Slow Water").click()
    expect(page.get_by_role("button", name="Like Slow Water")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="Like Slow Water")).to_be_focused()
    page.get_by_role("button", name="Never play Paper Boats again").click()
    expect(page.get_by_text("Will not come again")).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Never play Paper Boats again")).to_be_visible()
    wait_for_reactions(page, services, [(1, "like"), (2, "never"), (2, "undo")])

    page.get_by_role("link", name="What we learned").first.click()
    page.get_by_text("Liked (1)").click()
    expect(page.get_by_text("Slow Water The Lanterns")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Take it with you (JSON)").click()
    assert len(json.loads(Path(download.value.path()).read_text(encoding="utf-8"))["reactions"]) == 3
    page.get_by_text("Stop and delete").click()
    page.get_by_role("button", name="Delete all of it").click()

    expect(page.get_by_text("you have not agreed")).to_be_visible()
    assert page.context.cookies(page.url) == [c for c in page.context.cookies(page.url) if c["name"] == "session"]
    with services.sessions() as session:
        assert session.scalars(select(Listener)).all() == []
    assert page.errors == []


def test_stopping_below_the_playlist_asks_first_and_takes_the_buttons_away(open_page):
    page = open_page("/moods/neutral/playlist")
    agree(page)
    page.on("dialog", lambda dialog: dialog.accept())

    page.get_by_role("button", name="Stop and delete").click()

    expect(page.get_by_role("button", name="Yes, learn from me")).to_be_visible()
    expect(page.locator("#tracks.is-learning")).to_have_count(0)


def test_an_early_skip_is_noted_but_not_against_the_listeners_own_word(open_page, services):
    page = open_page("/moods/neutral/playlist")
    agree(page)

    page.get_by_role("button", name="Play Slow Water by").click()
    wait_until_playing(page, after_s=1.1)
    page.get_by_role("button", name="Next track").click()
    wait_for_reactions(page, services, [(1, "skip")])
    page.get_by_role("button", name="Like Paper Boats").click()
    wait_for_reactions(page, services, [(1, "skip"), (2, "like")])
    wait_until_playing(page, after_s=1.1)
    page.get_by_role("button", name="Next track").click()
    wait_for_track(page, 3)
    page.wait_for_timeout(300)

    assert read_reactions(services) == [(1, "skip"), (2, "like")]


def test_a_track_heard_to_its_end_is_noted(open_page, services):
    page = open_page("/moods/neutral/playlist")
    agree(page)
    page.get_by_role("button", name="Play Slow Water by").click()
    wait_until_playing(page)

    page.evaluate("document.querySelector('#audio').currentTime = 7.7")

    wait_for_track(page, 2)
    wait_for_reactions(page, services, [(1, "finished")])


def test_the_music_goes_on_when_the_track_that_plays_is_never_wanted_again(open_page):
    page = open_page("/moods/neutral/playlist")
    agree(page)
    page.get_by_role("button", name="Play Slow Water by").click()
    wait_until_playing(page)

    page.get_by_role("button", name="Never play Slow Water again").click()

    wait_for_track(page, 2)
    assert read_audio(page)["paused"] is False


def test_nothing_is_noted_of_who_did_not_agree(open_page, services):
    page = open_page("/moods/neutral/playlist")
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.get_by_role("button", name="Play Slow Water by").click()
    wait_until_playing(page, after_s=1.1)

    page.get_by_role("button", name="Next track").click()
    wait_for_track(page, 2)

    assert not [url for url in requests if "reactions" in url]
    assert read_reactions(services) == []


def test_without_scripts_listeners_agree_like_and_take_back(browser, url, services):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{url}/moods/neutral/playlist")

    page.get_by_role("button", name="Yes, learn from me").click()
    page.get_by_role("button", name="Like Slow Water").click()
    expect(page.get_by_role("button", name="Like Slow Water")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Never play Paper Boats again").click()
    expect(page.get_by_text("Paper Boats")).to_have_count(0)
    context.close()

    assert read_reactions(services) == [(1, "like"), (2, "never")]


class TestWithMusicOfManyKinds:
    @pytest.fixture
    def services(self, tmp_path):
        return make_library_services(tmp_path)

    def test_controls_change_the_playlist_and_the_address(self, open_page):
        page = open_page("/moods/sad/playlist")

        page.get_by_text("Make it yours").click()
        page.get_by_label("Genre").select_option("jazz")
        wait_until(page, "location.search.includes('genre=jazz')")
        page.get_by_role("spinbutton", name="Length", exact=True).fill("5")
        page.keyboard.press("Tab")
        expect(page.locator("#tracks .track")).to_have_count(5)
        page.reload()

        expect(page.get_by_label("Genre")).to_have_value("jazz")
        expect(page.locator("#tracks .track")).to_have_count(5)

    def test_another_mix_can_be_shared(self, open_page):
        page = open_page("/moods/sad/playlist")
        page.get_by_role("button", name="Another mix").click()
        page.get_by_role("link", name="First mix").wait_for()
        mix = page.locator("#tracks .track-title").all_inner_texts()

        page.goto(page.url)

        assert page.locator("#tracks .track-title").all_inner_texts() == mix
        page.get_by_role("link", name="First mix").click()
        expect(page).not_to_have_url(re.compile("seed="))
        expect(page.locator("#tracks .track-title")).not_to_have_text(mix)

    def test_a_journey_is_chosen_by_the_keyboard(self, open_page):
        page = open_page("/moods/sad/playlist")

        page.locator("#intent-stay").focus()
        page.keyboard.press("ArrowLeft")
        expect(page.locator("#tracks .track")).to_have_count(8)
        page.get_by_label("in steps").fill("4")
        page.keyboard.press("Enter")

        expect(page.locator("#tracks .track")).to_have_count(4)
        expect(page.get_by_role("img", name="4 steps towards happy")).to_be_visible()

    @pytest.mark.parametrize("color_scheme", ["light", "dark"])
    def test_axe_finds_nothing_grave(self, open_page):
        page = open_page("/moods/sad/playlist?intent=journey&genre=folk")
        agree(page)
        page.get_by_text("In numbers").first.click()
        page.get_by_role("button", name="Like").first.click()
        expect(page.get_by_role("button", name="Like").first).to_have_attribute("aria-pressed", "true")
        page.get_by_role("button", name="Never play").nth(1).click()
        expect(page.get_by_text("Will not come again")).to_be_visible()
        found = find_violations(page)
        page.goto(page.url.split("/moods")[0] + "/you")
        page.get_by_text("Liked (1)").click()
        page.get_by_text("Stop and delete").click()
        found += find_violations(page)
        page.get_by_role("button", name="Delete all of it").click()
        expect(page.get_by_text("you have not agreed")).to_be_visible()
        found += find_violations(page)

        assert found == []
