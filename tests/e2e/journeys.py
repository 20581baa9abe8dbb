"""Steps that several browser tests take."""

from __future__ import annotations

import time

from tests.e2e.conftest import ROOT

GRAVE = frozenset({"serious", "critical"})


def record(page, seconds=2.5):
    """Press record, read the notice, speak, stop."""
    page.get_by_role("button", name="Record", exact=True).click()
    page.get_by_role("button", name="Open the microphone").click()
    page.locator("#recorder[data-state=recording]").wait_for()
    page.wait_for_timeout(seconds * 1000)
    page.get_by_role("button", name="Stop recording").click()
    page.get_by_role("button", name="Find my music").wait_for()


def upload(page, name="note.wav", content=b"voice"):
    """Choose a file and send it."""
    page.set_input_files("#clip", {"name": name, "mimeType": "audio/wav", "buffer": content})
    page.get_by_role("button", name="Find my music").click()


def wait_for_result(page):
    page.locator("#mood-title").wait_for()


def read_audio(page):
    """Read the player's state."""
    return page.evaluate(
        "(({currentTime, paused, src}) => ({currentTime, paused, src}))(document.querySelector('#audio'))"
    )


def wait_until(page, expression, within_s=15.0):
    """Wait until an expression holds; asked again and again, since the page's policy forbids the browser's own way."""
    deadline_s = time.monotonic() + within_s
    while not page.evaluate(expression):
        if time.monotonic() > deadline_s:
            raise AssertionError(f"expected {expression} within {within_s} s")
        page.wait_for_timeout(50)


def wait_for_track(page, track_id):
    """Wait until the player holds this track."""
    wait_until(page, f"document.querySelector('#audio').src.endsWith('/tracks/{track_id}/audio')")


def wait_until_playing(page, after_s=0.2):
    """Wait until the music has moved on: a play button that shows pause proves nothing."""
    wait_until(page, f"document.querySelector('#audio').currentTime > {after_s}")


def find_violations(page, *, only_grave=True):
    """Run axe; what it injects is evaluated by the debugger, past the content security policy."""
    axe = (ROOT / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")
    page.evaluate(axe + ";0")
    report = page.evaluate("axe.run()")
    return [
        (violation["id"], violation["nodes"][0]["html"][:120], violation["nodes"][0]["failureSummary"])
        for violation in report["violations"]
        if violation["impact"] in GRAVE or not only_grave
    ]
