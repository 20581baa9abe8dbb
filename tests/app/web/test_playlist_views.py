from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.factory import create_app
from app.web.playlist_views import WORDS_BY_CONTRIBUTION, split_score
from recommender.candidates import CONTRIBUTIONS
from tests.app.web.conftest import HTMX
from tests.app.web.page_services import make_heard, make_library_services

points = st.floats(-3, 3, allow_nan=False)


def to_hundredths(text):
    # The page writes a true minus sign.
    return round(100 * float(text.replace("\u2212", "-")))


@given(st.dictionaries(st.sampled_from(sorted(CONTRIBUTIONS)), points, min_size=1))
def test_the_numbers_shown_add_up_to_the_score_shown(contributions):
    score = math.fsum(contributions.values())

    parts, total = split_score(contributions, score)

    assert sum(to_hundredths(part.points) for part in parts) == to_hundredths(total)
    assert to_hundredths(total) / 100 == pytest.approx(score, abs=0.0051)


def test_every_contribution_has_words():
    assert {*CONTRIBUTIONS, "place", "step", "setback"} <= set(WORDS_BY_CONTRIBUTION)


@pytest.fixture
def services(tmp_path):
    services = make_library_services(tmp_path)
    yield services
    services.engine.dispose()


@pytest.fixture
def client(services):
    app = create_app(services)
    app.config["WTF_CSRF_ENABLED"] = False
    return app.test_client()


def test_controls_offer_what_the_catalog_has_and_stay_hidden_until_wanted(client):
    html = client.get("/moods/sad/playlist").text

    assert '<details class="yours" >' in html
    assert '<option value="folk" >Folk</option>' in html
    assert 'placeholder="1980"' in html
    assert "Familiar or new" not in html  # nothing is known of a stranger


def test_filters_show_that_they_hold(client):
    html = client.get("/moods/sad/playlist?genre=jazz&first_year=1985&length=5").text

    assert '<details class="yours" open>' in html
    assert '<option value="jazz" selected>' in html
    assert html.count('class="track"') == 5


def test_filters_that_leave_little_say_so(client):
    html = client.get("/moods/sad/playlist?first_year=2018").text

    assert "18 fewer than asked for" in html
    assert 'href="/moods/sad/playlist?intent=stay"' in html


def test_filters_that_leave_nothing_offer_a_way_out(client):
    html = client.get("/moods/sad/playlist?genre=polka&intent=lift").text

    assert "No track is like that." in html
    assert '<a href="/moods/sad/playlist?intent=lift">Music of every kind</a>' in html


def test_a_journey_shows_its_course_in_words_and_as_a_plot(client):
    html = client.get("/moods/sad/playlist?intent=journey&target=happy&steps=6").text

    assert "6 steps towards happy. Way covered: " in html
    assert html.count('class="journey-stop"') == 6
    assert 'role="img" aria-label="6 steps' in html
    assert "Starts where you are." in html


def test_another_mix_is_an_address_that_gives_the_same_mix_again(client):
    first, again, plain = (
        client.get(f"/moods/sad/playlist{query}", headers=HTMX) for query in ("?seed=7", "?seed=7", "")
    )

    def tracks(response):
        return response.text.split('<ol class="tracks"')[1]

    assert tracks(first) == tracks(again) != tracks(plain)
    assert first.headers["HX-Replace-Url"] == "/moods/sad/playlist?intent=stay&seed=7"
    assert "mix 7" in first.text


def test_a_flat_mood_brings_a_question_with_the_music(tmp_path):
    flat = {"happy": 0.26, "sad": 0.25, "angry": 0.24, "neutral": 0.25}
    services = make_library_services(tmp_path, heard=make_heard(flat))
    listening_id = services.feedback.record_listening(make_heard(flat))

    html = create_app(services).test_client().get(f"/listenings/{listening_id}").text

    assert "Which comes nearest: happy" in html
    assert html.count('class="track"') == 20
