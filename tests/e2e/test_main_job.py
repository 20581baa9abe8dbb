from __future__ import annotations

import io
import wave

import pytest
from playwright.sync_api import expect

from app.bootstrap import build_services
from app.settings import Settings
from catalog.schema import upgrade
from tests.app.web.page_services import write_tone
from tests.e2e.conftest import serve
from tests.e2e.journeys import record, wait_for_result, wait_until_playing

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def real_services(tmp_path):
    """The shipped recognizer over a small library, imported, analyzed and indexed as a listener's own would be."""
    settings = Settings(data_dir=tmp_path / "data", database_url=f"sqlite:///{tmp_path / 'data' / 'catalog.db'}")
    settings.data_dir.mkdir()
    upgrade(settings.database_url)
    services = build_services(settings)
    music = tmp_path / "music"
    music.mkdir()
    for i in range(1, 7):
        write_tone(music / f"tone {i}.wav", 110.0 * i, 12.0)
    services.library.import_source("folder", music)
    services.library.analyze_pending(n_workers=1)
    services.library.rebuild_index()
    return services


@pytest.mark.usefixtures("speech_is_there")
def test_a_stranger_speaks_and_hears_music(context, real_services):
    with serve(real_services) as url:
        context.grant_permissions(["microphone"], origin=url)
        page = context.new_page()
        page.goto(url)

        record(page, seconds=4.5)
        page.get_by_role("button", name="Find my music").click()
        wait_for_result(page)
        if page.get_by_text("We could not tell from this one").is_visible():
            # An honest answer to a voice made by a machine: the listener is asked.
            page.get_by_role("button", name="Calm").click()
            expect(page.locator("#mood-title")).to_have_text("You feel calm")
        page.locator(".track-button").first.click()
        wait_until_playing(page)

        expect(page.locator("#tracks .track")).to_have_count(6)


def test_silence_is_refused_in_words(context, real_services):
    with serve(real_services) as url:
        page = context.new_page()
        page.goto(url)

        page.set_input_files("#clip", {"name": "silence.wav", "mimeType": "audio/wav", "buffer": make_silence()})
        page.get_by_role("button", name="Find my music").click()

        expect(page.locator("#problem")).to_contain_text("Nothing could be heard in this recording")


def make_silence(seconds=3, sample_rate=16_000):
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(bytes(2 * seconds * sample_rate))
    return buffer.getvalue()
