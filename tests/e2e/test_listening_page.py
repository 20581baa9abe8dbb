from __future__ import annotations

import io
import re

import av
import numpy as np
import pytest
from playwright.sync_api import expect

from tests.e2e.journeys import (
    read_audio,
    record,
    upload,
    wait_for_result,
    wait_for_track,
    wait_until,
    wait_until_playing,
)

pytestmark = pytest.mark.browser


def decode(content):
    with av.open(io.BytesIO(content)) as container:
        frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
        sample_rate = container.streams.audio[0].rate
    waveform = np.concatenate(frames, axis=1).mean(axis=0)
    return waveform, len(waveform) / sample_rate


def test_from_the_click_to_playing_music(open_page, services):
    page = open_page()

    record(page)
    page.get_by_role("button", name="Find my music").click()
    wait_for_result(page)
    page.get_by_role("button", name="Slow Water").click()
    wait_until_playing(page)

    (content, name, expected_s), *_ = services.clips
    waveform, duration_s = decode(content)
    assert name == "voice-note.webm"
    assert duration_s == pytest.approx(expected_s, abs=0.5)
    assert float(np.sqrt(np.mean(waveform**2))) > 0.001
    expect(page.locator("#mood-title")).to_have_text("Your voice sounded mostly calm, some sadness")
    assert read_audio(page)["src"].endswith("/tracks/1/audio")
    assert page.errors == []


def test_the_notice_comes_before_the_microphone_opens(open_page):
    page = open_page()
    page.evaluate("""() => {
        const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        window.opened = 0;
        navigator.mediaDevices.getUserMedia = (wish) => { window.opened += 1; return open(wish); };
    }""")

    page.get_by_role("button", name="Record", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("deleted after the analysis")
    before = page.evaluate("window.opened")
    page.get_by_role("button", name="Not now").click()
    declined = page.evaluate("window.opened")

    assert (before, declined) == (0, 0)
    expect(page.get_by_role("button", name="Record", exact=True)).to_be_visible()


def test_a_recording_can_be_heard_and_discarded_before_it_is_sent(open_page, services):
    page = open_page()
    record(page)

    page.get_by_role("button", name="Listen back").click()
    wait_until(page, "document.querySelector('#review-audio').currentTime > 0.2")
    page.get_by_role("button", name="Discard").click()

    expect(page.get_by_role("button", name="Record", exact=True)).to_be_focused()
    assert page.evaluate("document.querySelector('#clip').files.length") == 0
    assert services.clips == []


def test_the_level_is_told_in_words_and_the_voice_left_as_loud_as_it_is(open_page):
    page = open_page()
    page.evaluate("""() => {
        const words = document.querySelector("#level-text");
        window.told = [];
        new MutationObserver(() => window.told.push(words.textContent)).observe(words, {childList: true});
    }""")

    page.get_by_role("button", name="Record", exact=True).click()
    page.get_by_role("button", name="Open the microphone").click()
    wait_until(page, "window.told.includes('good')")
    wait_until(page, "window.told.at(-1) === 'no sound'")

    assert not [words for words in page.evaluate("window.told") if words.startswith("too loud")]


def test_a_stop_within_the_first_second_is_answered_and_recording_goes_on(open_page):
    page = open_page()
    page.evaluate("""() => {
        const recorder = document.querySelector("#recorder");
        const press = () => recorder.dataset.state === "recording" && document.querySelector("#record").click();
        new MutationObserver(press).observe(recorder, {attributeFilter: ["data-state"]});
    }""")

    page.get_by_role("button", name="Record", exact=True).click()
    page.get_by_role("button", name="Open the microphone").click()

    expect(page.locator("#recorder-status")).to_have_text("At least 1 second is needed. Keep talking.")
    expect(page.locator("#recorder")).to_have_attribute("data-state", "recording")


def test_another_intent_brings_another_playlist_and_lets_the_music_play_on(open_page):
    page = open_page("/moods/neutral/playlist")
    page.get_by_role("button", name="Slow Water").click()
    wait_until_playing(page)

    page.get_by_role("radio", name="Lift").check()
    wait_until(page, "document.querySelector('#tracks .track').dataset.trackId === '4'")

    assert read_audio(page)["paused"] is False
    expect(page.locator(".track.is-current .track-title")).to_contain_text("Slow Water")
    expect(page).to_have_url(re.compile("intent=lift$"))


def test_a_correction_changes_the_mood_and_the_page_can_be_loaded_again(open_page):
    page = open_page()
    upload(page)
    wait_for_result(page)

    page.get_by_text("Not right? Tell us").click()
    page.get_by_role("button", name="Happy").click()
    expect(page.locator("#mood-title")).to_have_text("You feel happy")
    page.reload()

    expect(page.locator("#mood-title")).to_have_text("You feel happy")


def test_nothing_plays_by_itself(open_page):
    page = open_page()
    upload(page)
    wait_for_result(page)
    page.wait_for_timeout(500)

    assert read_audio(page)["paused"] is True
    assert read_audio(page)["currentTime"] == 0


def test_a_deleted_file_is_skipped_with_a_note(open_page, services):
    services.paths[1].unlink()
    page = open_page("/moods/neutral/playlist")

    page.get_by_role("button", name="Slow Water").click()
    wait_for_track(page, 2)
    wait_until_playing(page)

    expect(page.locator(".player-note")).to_have_text("“Slow Water” could not be played, so it is skipped.")
    expect(page.locator(".track.is-gone .track-title")).to_contain_text("Slow Water")


def test_next_and_previous_walk_the_playlist_and_seeking_moves_within_a_track(open_page):
    page = open_page("/moods/neutral/playlist")
    page.get_by_role("button", name="Play", exact=True).click()
    wait_until_playing(page)

    page.get_by_role("button", name="Next track").click()
    wait_for_track(page, 2)
    page.get_by_role("button", name="Previous track").click()
    wait_for_track(page, 1)
    page.get_by_role("slider", name="Position in the track").fill("5")

    wait_until_playing(page, after_s=4.9)


def test_the_end_of_a_track_leads_to_the_next(open_page):
    page = open_page("/moods/neutral/playlist")
    page.get_by_role("button", name="Play", exact=True).click()
    wait_until_playing(page)

    page.get_by_role("slider", name="Position in the track").fill("7.8")

    wait_for_track(page, 2)


def test_a_phone_shows_the_result_without_scrolling_sideways(open_page):
    page = open_page()
    page.set_viewport_size({"width": 390, "height": 844})
    upload(page)
    wait_for_result(page)

    assert page.evaluate("document.documentElement.scrollWidth") <= 390
