from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from recognizer.evaluation.charts import Axis, draw_curve, draw_rows, fit_axis
from recognizer.evaluation.comparisons import LearningPoint
from recognizer.evaluation.fairness import measure_by_sex
from recognizer.evaluation.measured import Measured
from recognizer.evaluation.predictions import Predictions
from recognizer.evaluation.protocols import METRICS, measure_protocol
from recognizer.evaluation.report import Report, write_report
from recognizer.evaluation.robustness import RobustnessLine
from recognizer.intervals import Interval
from tests.recognizer.evaluation.made_up import make_predictions

VOID = {"meta", "circle", "path"}


class Checker(HTMLParser):
    """Notes elements that are not closed, and whatever points outside the page."""

    def __init__(self):
        super().__init__()
        self.open = []
        self.outside = []
        self.inside = []
        self.anchors = []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)
        pointed = [value for name, value in attrs if name in {"src", "href", "srcset", "data"}]
        self.outside += [value for value in pointed if not value.startswith("#")]
        self.inside += [value[1:] for value in pointed if value.startswith("#")]
        self.anchors += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag


def make_report():
    predictions = Predictions(make_predictions())
    return Report(
        title="Recognizer <1>",
        protocols=(measure_protocol("ravdess-4", predictions, n_resamples=20),),
        fairness={"ravdess-4": measure_by_sex(predictions)},
        learning_curves={
            "ravdess-4": (LearningPoint(50, Interval(0.5, 0.4, 0.6)), LearningPoint(100, Interval(0.6, 0.5, 0.7)))
        },
        measured=Measured(
            model="small 1",
            weights_sha256="ab" * 32,
            corpora=("ravdess",),
            command="again",
            robustness=(
                RobustnessLine("noise", 20, 0.97, 0.01, 0.95, None),
                RobustnessLine("phone", 20, 0.4, 0.2, 0.5, None),
                RobustnessLine("opus", 20, 0.9, 0.0, None, None),
            ),
            speed={"latency_ms_p50": 12.3456},
            pitch_hz_by_speaker={},
        ),
        commands=("emotitune evaluate recognizer --from-predictions a && b",),
        notes=("Be careful.",),
        failures=(("x.wav", "cannot read 'x.wav'"),),
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report") / "deep" / "down"
    content = write_report(make_report(), folder)
    return folder, content


def test_the_json_file_gives_each_metric_with_its_interval(written):
    folder, content = written

    read = json.loads((folder / "report.json").read_text())

    assert read == content
    for metric in METRICS:
        figure = read["protocols"]["ravdess-4"][metric]
        assert set(figure) == {"value", "low", "high"}
        assert figure["low"] <= figure["value"] <= figure["high"]
    assert [line["is_passed"] for line in read["robustness"]] == [True, False, None]


def test_the_page_is_whole_and_loads_nothing(written):
    folder, _ = written
    page = (folder / "report.html").read_text()

    checker = Checker()
    checker.feed(page)

    assert checker.open == []
    assert checker.outside == []
    assert checker.inside == checker.anchors
    assert len(set(checker.anchors)) == len(checker.anchors) > 4
    assert "url(" not in page
    assert "<script" not in page
    assert "nan" not in re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)


def test_the_page_escapes_what_it_is_given(written):
    page = (written[0] / "report.html").read_text()

    assert "<h1>Recognizer &lt;1&gt;</h1>" in page
    assert "--from-predictions a &amp;&amp; b" in page


def test_each_plot_and_table_says_how_to_read_it(written):
    page = (written[0] / "report.html").read_text()

    assert page.count("<figure") == 4
    assert page.count('role="img"') == 4
    assert page.count('class="read"') >= 8
    assert "1 of 2 lines passed on 20 recordings" in page
    assert "Measured with small 1, weights abababababab." in page
    assert '<span class="good">passed</span>' in page
    assert '<span class="bad">failed</span>' in page
    assert "prefers-color-scheme:dark" in page


def test_what_is_not_defined_is_null_and_said_so(tmp_path):
    single = Predictions(tuple(row for row in make_predictions() if row.speaker_id == "01"))
    measured = measure_protocol("one", single, n_resamples=5)
    report = Report("One voice", (measured,), fairness={"one": measure_by_sex(single)})

    content = write_report(report, tmp_path)

    assert content["protocols"]["one"]["accuracy"]["low"] is None
    assert ">none</td>" in (tmp_path / "report.html").read_text()


def test_parts_without_content_are_left_out(tmp_path):
    write_report(replace(make_report(), measured=None, learning_curves={}, failures=(), commands=()), tmp_path)

    page = (tmp_path / "report.html").read_text()
    for heading in ("Robustness", "Learning curve", "Speed", "could not be used", "How to get"):
        assert f">{heading}" not in page


def test_many_speakers_are_drawn_as_one_curve(tmp_path):
    rows = [
        replace(row, corpus=corpus, fold=corpus)
        for corpus in ("nemo", "emospeech")
        for row in make_predictions(n_each=4)
    ]
    measured = measure_protocol("many", Predictions(tuple(rows)), n_resamples=5)

    write_report(Report("Many voices", (measured,)), tmp_path)

    assert "speakers, worst served first" in (tmp_path / "report.html").read_text()


def test_a_curve_lies_within_its_frame_and_is_thinned():
    points = [(x, x**2) for x in np.linspace(0, 1, 5000)]

    svg = draw_curve("a curve", Axis("x"), Axis("y"), points, diagonal=True)

    line = re.search(r'class="line" d="M([^"]+)"', svg)[1]
    placed = [tuple(map(float, pair.split())) for pair in line.split("L")]
    assert len(placed) == 200
    assert all(52 <= x <= 406 and 12 <= y <= 254 for x, y in placed)
    assert placed[0] == (52.0, 254.0)
    assert placed[-1] == (406.0, 12.0)


def test_points_that_are_not_defined_are_left_out():
    svg = draw_curve("a curve", Axis("x"), Axis("y"), [(0.0, float("nan")), (0.5, 0.5)], marks=True)

    assert svg.count("<circle") == 1
    assert draw_curve("none", Axis("x"), Axis("y"), []).count('class="line"') == 0
    assert draw_rows("rows", Axis("x"), [("a<b", 0.5), ("c", float("nan"))]).count("<circle") == 1


def test_bounds_are_drawn_through_their_points():
    svg = draw_curve(
        "a curve", Axis("x"), Axis("y"), [(0.0, 0.5), (1.0, 0.5)], bounds=[(0.4, 0.6), (float("nan"), float("nan"))]
    )

    assert re.findall(r'class="bound" d="M([^V]+)V([^"]+)"', svg) == [("52.0 157.2", "108.8")]


@pytest.mark.parametrize(
    ("values", "ends"),
    [
        ((0.43, 0.58, float("nan")), (0.4, 0.6)),
        ((0.5, 0.5), (0.5, 0.6)),
        ((float("nan"),), (0.0, 1.0)),
    ],
)
def test_an_axis_holds_its_values_between_whole_tenths(values, ends):
    axis = fit_axis("UAR", values)

    assert (axis.low, axis.high) == pytest.approx(ends)
    assert axis.n_steps >= 2


def test_the_summary_says_which_aims_are_reached_and_what_others_published(written):
    page = (written[0] / "report.html").read_text()

    summary = page.partition('id="in-short"')[2].partition("</section>")[0]
    assert re.search(r'aim 0\.88: <span class="(good|bad)">(reached|missed)</span>', summary)
    assert '<tr class="beside"><td>Wav2Vec2-base fine-tuned' in summary
    assert "0.812" in summary
