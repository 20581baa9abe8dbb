from __future__ import annotations

import math
import xml.etree.ElementTree as ET

from recommender.evaluation.charts import NAMES_WIDTH, WIDTH, draw_intervals
from recommender.evaluation.results import Figure


def parse(svg):
    return ET.fromstring(svg)  # noqa: S314 - our own


def dots(svg):
    return [float(dot.get("cx")) for dot in parse(svg).iter("circle")]


def test_the_larger_figure_lies_further_right_within_the_plot():
    places = dots(draw_intervals("x", {"a": Figure(0.2, 0.1, 0.3), "b": Figure(0.8)}))

    assert NAMES_WIDTH < places[0] < places[1] < WIDTH


def test_figures_of_any_size_fit():
    for values in ([-5.0, 3.0], [1000.0, 1001.0], [3.0, 3.0], [1e-6, 2e-6]):
        places = dots(draw_intervals("x", {str(i): Figure(value) for i, value in enumerate(values)}))

        assert all(NAMES_WIDTH <= place <= WIDTH for place in places)


def test_a_figure_that_is_not_defined_keeps_its_row_empty():
    svg = draw_intervals("x", {"a": Figure(math.nan), "b": Figure(0.5)})

    assert len(dots(svg)) == 1
    assert [text.text for text in parse(svg).iter("text") if text.get("class") == "name"] == ["a", "b"]


def test_names_are_escaped():
    assert draw_intervals("a < b", {"<script>": Figure(0.5)}).count("<script>") == 0
