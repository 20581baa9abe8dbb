"""A real browser, with a recording as its microphone, against a served page."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import wave
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server

from app.factory import create_app
from catalog.schema import upgrade
from tests.app.admin.admin_services import EMAIL, PASSWORD
from tests.app.web.page_services import make_services

ROOT = Path(__file__).resolve().parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SENTENCE = "I had a long walk by the river, and the light was low, and I was glad to be home again."


def leave_out(reason):
    """Skip, but never where everything is meant to run."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def chromium_path():
    named = os.environ.get("EMOTITUNE_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, BROWSERS)), None)
    if not found:
        leave_out("no Chromium: install one, or name it in EMOTITUNE_CHROMIUM")
    return found


@pytest.fixture(scope="session")
def microphone_wav(tmp_path_factory):
    """Spoken where espeak-ng is there, hummed otherwise: silence, voice, silence, 16 bits."""
    folder = tmp_path_factory.mktemp("microphone")
    spoken = folder / "spoken.wav"
    if espeak := shutil.which("espeak-ng"):
        subprocess.run([espeak, "-a", "60", "-w", spoken, SENTENCE], check=True)
        with wave.open(str(spoken)) as file:
            sample_rate, voice = file.getframerate(), file.readframes(file.getnframes())
    else:
        sample_rate, voice = 16_000, hum(16_000, 4.0)
    path = folder / "microphone.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        # Without silence at the end the last milliseconds would repeat as a buzz.
        file.writeframes(bytes(sample_rate) + voice + bytes(sample_rate))
    return path


def hum(sample_rate, seconds):
    """A hundred and twenty hertz and its overtones, swelling like syllables."""
    time_s = np.arange(int(sample_rate * seconds)) / sample_rate
    tone = sum(np.sin(2 * np.pi * 120 * k * time_s) / k for k in range(1, 12))
    return (4000 * tone * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * time_s))).astype("<i2").tobytes()


@pytest.fixture(scope="session")
def speech_is_there():
    """For tests whose microphone must speak: a hum is no voice."""
    if not shutil.which("espeak-ng"):
        leave_out("no espeak-ng to speak into the microphone")


@pytest.fixture(scope="session")
def browser(chromium_path, microphone_wav):
    """One browser for all tests, held by us: the plug-in's own needs fixtures that warn of their age."""
    arguments = [
        "--disable-gpu",
        "--disable-quic",
        "--disable-background-networking",
        "--disable-component-update",
        "--host-resolver-rules=MAP * ~NOTFOUND,EXCLUDE 127.0.0.1",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={microphone_wav}%noloop",
        # A browser started by root, as in containers, has no sandbox of its own.
        *(["--no-sandbox"] if os.geteuid() == 0 else []),
    ]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def color_scheme():
    """Light, unless a test asks for both."""
    return "light"


@pytest.fixture
def context(browser, color_scheme):
    """A fresh listener: no cookie, no permission."""
    context = browser.new_context(color_scheme=color_scheme, reduced_motion="reduce")
    yield context
    context.close()


def close_what_is_dropped(app):
    """Close a response whose reader went away in its midst, as gunicorn does and werkzeug's server does not."""

    def run(environ, start_response):
        with closing(app(environ, start_response)) as body:
            yield from body

    return run


@contextmanager
def serve(services):
    """Serve the page on a free port."""
    server = make_server("127.0.0.1", 0, close_what_is_dropped(create_app(services)), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def services(tmp_path):
    return make_services(tmp_path, tone_s=8.0)


@pytest.fixture
def url(services):
    assert (ROOT / "app/web/static/dist/app.js").is_file(), "run python app/web/build_assets.py --dev first"
    with serve(services) as address:
        yield address


def open_tab(context):
    """Open a tab; messages of the console are collected, since a blocked script shows there alone."""
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("console", lambda message: page.errors.append(message.text) if message.type == "error" else None)
    return page


@pytest.fixture
def open_page(context, url):
    """Open a page of the listeners'."""

    def open_page(path="/", *, microphone=True):
        if microphone:
            context.grant_permissions(["microphone"], origin=url)
        page = open_tab(context)
        page.goto(url + path)
        return page

    return open_page


@pytest.fixture
def migrated(tmp_path):
    """An empty database of the newest schema, for the curators' services."""
    path = tmp_path / "migrated.db"
    upgrade(f"sqlite:///{path}")
    return path


@contextmanager
def log_in(services, context, path, ready):
    """Serve a curator's page and log in; `ready` is what its script shows once it listens."""
    assert (ROOT / "app/web/static/dist/admin.js").is_file(), "run python app/web/build_assets.py --dev first"
    with serve(services) as url:
        page = open_tab(context)
        page.goto(url + path)
        page.get_by_label("E-mail address").fill(EMAIL)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.locator(ready).wait_for()
        yield page
        page.close()
