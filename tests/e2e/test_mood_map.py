"""The mood map and the track page in a real browser: fix a mood by dragging, undo, select, all by keyboard too."""

from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from catalog.analysis.embeddings import EMBEDDING_MODEL
from catalog.models import TrackAffect
from tests.app.admin.admin_services import EMAIL, close, make_admin_services
from tests.app.libraries import add_tracks, make_embedding
from tests.e2e.conftest import log_in
from tests.e2e.journeys import find_violations, wait_until
from tests.factories import add_analyzed_track, write_music

pytestmark = pytest.mark.browser

expect.set_options(timeout=20_000)

SCRIPT = "<img src=x onerror=document.title='broken'>"
PLACES = {"Moss": (-0.5, -0.5), "Paper Boats": (0.5, 0.5), SCRIPT: (0.5, -0.5)}


@pytest.fixture
def color_scheme(request):
    return getattr(request, "param", "light")


@pytest.fixture
def services(tmp_path, migrated):
    """Three tracks far apart, each with a file, and forty more in the index that playlists choose from."""
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    services = make_admin_services(data_dir, migrated)
    rng = np.random.default_rng(1)
    with services.sessions.begin() as session:
        for number, (title, place) in enumerate(PLACES.items()):
            path = str(write_music(tmp_path / f"{number}.wav", duration_s=3.0))
            track = add_analyzed_track(
                session,
                title,
                artist="Ines Vale",
                model=EMBEDDING_MODEL,
                path=path,
                valence=place[0],
                arousal=place[1],
                vector=make_embedding(place[0], place[1], rng=rng),
            )
            session.get_one(TrackAffect, track.id).stds = {"valence": 0.2, "arousal": 0.3}
    add_tracks(services.sessions, tmp_path / "music", 40)
    services.library.rebuild_index()
    yield services
    close(services)


@pytest.fixture
def page(services, context):
    """The map."""
    with log_in(services, context, "/admin/map", "#mood-map[data-ready]") as page:
        yield page


def find_spot(page, valence, arousal):
    """Return where in the window a place of the plane is drawn while all of it is shown."""
    # The map lies higher or lower as the line of what is selected comes and goes.
    page.locator("#mood-map").scroll_into_view_if_needed()
    box = page.locator(".map-marks").bounding_box()
    scale = min(box["width"], box["height"]) / 2.24
    x, y = box["x"] + box["width"] / 2 + valence * scale, box["y"] + box["height"] / 2 - arousal * scale
    return x, y


def choose(page, valence, arousal):
    page.mouse.click(*find_spot(page, valence, arousal))


def drag(page, start, *stops):
    page.mouse.move(*start)
    page.mouse.down()
    for stop in stops:
        page.mouse.move(*stop, steps=6)
    page.mouse.up()


def test_a_mood_is_fixed_by_dragging_and_taken_back(page, services):
    choose(page, *PLACES["Moss"])
    expect(page.locator(".map-track h2")).to_have_text("Moss")
    expect(page.locator(".map-track audio")).to_have_js_property("paused", value=False)

    drag(page, find_spot(page, *PLACES["Moss"]), find_spot(page, 0.8, 0.8))

    expect(page.get_by_text("Playlists of 20 tracks would then change like this")).to_be_visible()
    expect(page.get_by_role("spinbutton", name="Valence")).to_have_value(re.compile(r"0\.(79|80|81)"))
    assert services.curation.tell(1).correction is None
    page.get_by_role("button", name="Save this place").click()
    expect(page.locator("#map-saved")).to_contain_text("Saved.")
    expect(page.locator(".map-track")).to_contain_text("Placed by ear")
    correction = services.curation.tell(1).correction
    assert (correction.who, round(correction.valence, 1), round(correction.arousal, 1)) == (EMAIL, 0.8, 0.8)

    page.locator("#map-saved").get_by_role("button", name="Undo").click()
    expect(page.locator("#map-saved")).to_contain_text("Undone.")
    assert services.curation.tell(1).correction is None
    assert page.errors == []


def test_a_mood_is_fixed_by_keys_alone(page, services):
    page.locator(".map-marks").focus()
    choose(page, *PLACES["Paper Boats"])
    expect(page.locator(".map-track h2")).to_have_text("Paper Boats")

    page.keyboard.press("m")
    for key in ("Shift+ArrowLeft", "Shift+ArrowLeft", "ArrowDown"):
        page.keyboard.press(key)
    expect(page.get_by_role("spinbutton", name="Valence")).to_have_value("0.30")
    page.keyboard.press("Enter")

    expect(page.locator("#map-saved")).to_contain_text("Saved.")
    correction = services.curation.tell(2).correction
    assert (correction.valence, correction.arousal) == (0.3, 0.48)


def test_escape_leaves_a_point_where_it_was(page, services):
    choose(page, *PLACES["Moss"])
    expect(page.locator(".map-track h2")).to_have_text("Moss")
    page.locator(".map-marks").focus()
    page.keyboard.press("m")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("spinbutton", name="Arousal")).to_have_value("-0.48")

    page.keyboard.press("Escape")

    expect(page.get_by_role("spinbutton", name="Arousal")).to_have_value("-0.50")
    assert services.curation.tell(1).correction is None


def test_a_line_round_points_opens_their_list(page):
    page.get_by_role("button", name="Select", exact=True).click()
    corners = [(-0.9, -0.9), (-0.1, -0.9), (-0.1, -0.2), (-0.9, -0.2)]
    drag(page, *(find_spot(page, *corner) for corner in corners))

    expect(page.locator("#map-n-selected")).to_have_text("1 track selected.")
    page.get_by_role("link", name="Open in the list").click()

    expect(page).to_have_url(re.compile("/admin/tracks.*region="))
    expect(page.locator(".row-link")).to_have_text(["Moss"])


def test_a_title_with_a_script_is_text(page):
    page.mouse.move(*find_spot(page, *PLACES[SCRIPT]))
    expect(page.locator("#map-tip")).to_contain_text(SCRIPT)
    expect(page.locator("#map-tip")).to_contain_text("(guess, ± 0.25)")

    choose(page, *PLACES[SCRIPT])

    expect(page.locator(".map-track h2")).to_have_text(SCRIPT)
    assert page.evaluate("document.title") != "broken"
    assert page.locator(".map-track img, #map-tip img").count() == 0


def test_the_map_zooms_by_wheel_and_keys(page):
    choose(page, *PLACES["Paper Boats"])
    expect(page.locator(".map-track h2")).to_have_text("Paper Boats")
    page.mouse.move(*find_spot(page, *PLACES["Paper Boats"]))

    page.mouse.wheel(0, -600)
    page.wait_for_timeout(100)
    page.mouse.click(*find_spot(page, *PLACES["Paper Boats"]))

    # What lies under the pointer stays there.
    expect(page.locator(".map-track h2")).to_have_text("Paper Boats")
    page.locator(".map-marks").focus()
    page.keyboard.press("0")
    choose(page, *PLACES["Moss"])
    expect(page.locator(".map-track h2")).to_have_text("Moss")


def test_a_track_page_shows_the_outline_and_what_would_change(page, services):
    page.goto(re.sub("/admin/.*", "/admin/tracks/1", page.url))
    page.locator("#waveform").wait_for()

    page.locator("#waveform").click()
    wait_until(page, "document.querySelector('#track-audio').currentTime > 1")
    page.get_by_role("spinbutton", name="Valence").fill("0.9")
    page.get_by_role("spinbutton", name="Arousal").fill("0.9")
    expect(page.get_by_text("would then change like this")).to_be_visible()
    page.get_by_role("button", name="Save this place").click()
    expect(page.get_by_text("Your place for this track is saved")).to_be_visible()
    page.get_by_role("button", name="Undo: Placed by ear").click()

    expect(page.get_by_text("Undone.")).to_be_visible()
    assert services.curation.tell(1).correction is None
    assert page.errors == []


@pytest.mark.parametrize("color_scheme", ["light", "dark"], indirect=True)
def test_nothing_serious_keeps_anybody_out(page, services):
    services.curation.correct(1, 0.5, 0.5, who=EMAIL)
    choose(page, *PLACES["Paper Boats"])
    expect(page.locator(".map-track h2")).to_have_text("Paper Boats")
    page.get_by_role("spinbutton", name="Valence").fill("-0.9")
    expect(page.get_by_text("would then change like this")).to_be_visible()
    found = find_violations(page, only_grave=False)
    for path in ("tracks/1", "index"):
        page.goto(re.sub("/admin/.*", f"/admin/{path}", page.url))
        found += find_violations(page, only_grave=False)

    assert found == []
