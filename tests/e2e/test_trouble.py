from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.app.web.page_services import UNSURE, make_heard, make_services
from tests.e2e.conftest import serve
from tests.e2e.journeys import record, upload, wait_for_result

pytestmark = pytest.mark.browser

CAUSES = {
    "NotFoundError": "No microphone was found",
    "NotReadableError": "The microphone is busy",
    "OverconstrainedError": "This microphone does not fit",
    "AbortError": "The microphone could not be opened",
}


def press_record(page):
    page.get_by_role("button", name="Record", exact=True).click()
    page.get_by_role("button", name="Open the microphone").click()


def test_a_denied_microphone_is_explained_and_an_upload_still_works(open_page):
    page = open_page(microphone=False)

    press_record(page)
    expect(page.locator("#problem")).to_contain_text("The microphone is not allowed")
    upload(page)
    wait_for_result(page)

    expect(page.locator("#mood-title")).to_contain_text("mostly calm")


@pytest.mark.parametrize(("cause", "title"), CAUSES.items())
def test_each_cause_has_its_own_words(open_page, cause, title):
    page = open_page()
    page.evaluate(
        "cause => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', cause)); }", cause
    )

    press_record(page)

    expect(page.locator("#problem")).to_contain_text(title)
    expect(page.locator("#recorder")).to_have_attribute("data-state", "idle")


def test_a_page_without_a_secure_address_says_so(open_page):
    page = open_page()
    page.evaluate("Object.defineProperty(navigator, 'mediaDevices', {value: undefined})")

    press_record(page)

    expect(page.locator("#problem")).to_contain_text("The microphone needs a secure address")


def test_an_unreadable_file_is_refused_in_words_and_another_can_be_chosen(open_page):
    page = open_page()

    upload(page, name="diary.wav", content=b"text")
    expect(page.locator("#problem")).to_contain_text("Expected audio, got text.")
    page.get_by_role("button", name="Discard").click()
    upload(page)
    wait_for_result(page)

    expect(page.locator("#mood-title")).to_contain_text("mostly calm")


def test_a_file_beyond_the_limit_is_refused_before_it_travels(open_page, services):
    page = open_page()
    page.locator("#recorder").evaluate("recorder => { recorder.dataset.maxMb = '25'; }")

    page.evaluate("""() => {
        const files = new DataTransfer();
        files.items.add(new File([new Uint8Array(26 * 1024 * 1024)], "long.wav"));
        const input = document.querySelector("#clip");
        input.files = files.files;
        input.dispatchEvent(new Event("change"));
    }""")

    expect(page.locator("#problem")).to_contain_text("Expected at most 25 MB, got 26 MB.")
    assert services.clips == []


def test_a_lost_connection_loses_no_recording(open_page, services):
    page = open_page()
    record(page, seconds=1.5)
    page.route("**/listenings", lambda route: route.abort())

    page.get_by_role("button", name="Find my music").click()
    expect(page.locator("#problem")).to_contain_text("The server could not be reached")
    page.unroute("**/listenings")
    page.get_by_role("button", name="Find my music").click()
    wait_for_result(page)

    assert len(services.clips) == 1


def test_recording_stops_by_itself_at_the_limit(context, tmp_path):
    with serve(make_services(tmp_path, max_clip_s=2.0)) as url:
        context.grant_permissions(["microphone"], origin=url)
        page = context.new_page()
        page.goto(url)

        press_record(page)

        expect(page.get_by_role("button", name="Find my music")).to_be_visible(timeout=8000)


def test_an_unsure_recognizer_asks_and_the_answer_brings_music(context, tmp_path):
    with serve(make_services(tmp_path, heard=make_heard(UNSURE, abstained=True))) as url:
        page = context.new_page()
        page.goto(url)

        upload(page)
        expect(page.locator("#mood-title")).to_have_text("We could not tell from this one")
        page.get_by_role("button", name="Sad").click()

        expect(page.locator("#mood-title")).to_have_text("You feel sad")
        expect(page.locator("#tracks .track")).to_have_count(4)
