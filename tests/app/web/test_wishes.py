from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict
from werkzeug.test import create_environ
from werkzeug.wrappers import Request

from app.services.wishes import PlaylistWishes
from app.web.errors import BadRequestError
from app.web.wishes import is_plain, read_wishes, write_wishes
from recognizer.labels import LABELS
from recommender.filters import PlaylistFilter
from recommender.space import Intent

names = st.frozensets(st.text(min_size=1, max_size=5), min_size=1, max_size=3)
years = st.tuples(st.integers(1, 2000), st.integers(2000, 9999))
filters = st.one_of(
    st.builds(PlaylistFilter, genres=st.none() | names, licences=st.none() | names),
    years.map(lambda pair: PlaylistFilter(first_year=pair[0], last_year=pair[1])),
)
seeds = st.none() | st.integers(0, 2**32 - 1)
journeys = st.builds(
    PlaylistWishes, target=st.sampled_from(LABELS), k=st.none() | st.integers(2, 50), where=filters, seed=seeds
)
by_count = st.builds(
    PlaylistWishes,
    intent=st.sampled_from(Intent),
    k=st.integers(1, 500).map(lambda k: None if k == 20 else k),
    familiarity=st.sampled_from([-1.0, -0.5, 0.0, 0.5, 1.0]),
    where=filters,
    seed=seeds,
)
by_minutes = st.builds(PlaylistWishes, intent=st.sampled_from(Intent), max_minutes=st.integers(1, 1440).map(float))


@given(journeys | by_count | by_minutes)
def test_an_address_brings_back_the_wishes_it_was_written_from(wishes):
    address = "/?" + urlencode(write_wishes(wishes), doseq=True)

    assert read_wishes(Request(create_environ(address)).args) == wishes


def test_an_address_says_no_more_than_it_must():
    assert write_wishes(PlaylistWishes()) == {"intent": "stay"}


def test_a_form_left_as_it_was_wishes_for_nothing_special():
    fields = {"target": "happy", "steps": "8", "length": "20", "unit": "tracks", "genre": "", "first_year": ""}
    form = read_wishes(MultiDict({"intent": "lift", **fields}))

    assert write_wishes(form) == {"intent": "lift"}
    assert is_plain(form)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"length": "0"}, "expected a length in tracks from 1 to 500, got '0'"),
        ({"length": "100000"}, "expected a length in tracks from 1 to 500, got '100000'"),
        ({"length": "many"}, "got 'many'"),
        ({"length": "1441", "unit": "minutes"}, "expected a length in minutes from 1 to 1440"),
        ({"length": "5", "unit": "parsecs"}, "expected a length in tracks or minutes, got 'parsecs'"),
        ({"familiarity": "2"}, "expected from -1, new, to 1, familiar, got '2'"),
        ({"familiarity": "nan"}, "got 'nan'"),
        ({"first_year": "1999", "last_year": "1990"}, "expected years that run forward, got 1999 to 1990"),
        ({"first_year": "-5"}, "expected a year from 0 to 9999"),
        ({"seed": "-1"}, "expected the number of a mix"),
        ({"intent": "journey", "steps": "1"}, "expected steps from 2 to 50, got '1'"),
        ({"intent": "journey", "target": "bored"}, "expected a mood out of"),
    ],
)
def test_wishes_that_no_page_sends_are_refused(fields, message):
    with pytest.raises(BadRequestError, match=message):
        read_wishes(MultiDict(fields))
