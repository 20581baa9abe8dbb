"""The documents keep step with the code, and quote the reports exactly."""

from __future__ import annotations

import csv
import dataclasses
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from app.cli.main import COMMANDS
from app.settings import PREFIX, Settings
from recognizer.bundles import CARD_FILE, load_bundle, resolve_bundle
from recommender.evaluation.baselines import BASELINES

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
RECOGNIZER = json.loads((ROOT / "docs/reports/recognizer.json").read_text(encoding="utf-8"))
AFFECT = json.loads((ROOT / "docs/reports/affect.json").read_text(encoding="utf-8"))
RECOMMENDER = json.loads((ROOT / "docs/reports/recommender.json").read_text(encoding="utf-8"))
QUERY_MODELS = json.loads((ROOT / "docs/reports/query_models.json").read_text(encoding="utf-8"))
CARDS = [
    card
    for package in ("catalog/analysis", "recognizer", "recommender")
    for card in sorted((ROOT / package / "pretrained").rglob("*.md"))
]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *CARDS]
QUOTED_INTERVAL = re.compile(r"(-?\d*\.\d+) \((-?\d*\.\d+)(?:-| to )(-?\d*\.\d+)\)")

QUOTED_METRICS = ("accuracy", "macro_f1", "uar", "roc_auc", "ece", "aurc")


def quote(figure: dict[str, float]) -> str:
    """Write a figure as the documents do: `.812 (.770-.850)`."""
    value, low, high = (f"{figure[part]:.3f}".removeprefix("0") for part in ("value", "low", "high"))
    return f"{value} ({low}-{high})"


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Settings)])
def test_every_setting_stands_in_the_readme(field):
    assert f"`{PREFIX}{field.upper()}`" in README


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_stands_in_the_readme(command):
    assert re.search(rf"(emotitune |`){command}\b", README)


@pytest.mark.parametrize("metric", QUOTED_METRICS)
def test_readme_and_model_card_quote_the_recognizer_report(metric):
    quoted = quote(RECOGNIZER["protocols"]["ravdess-4"][metric])

    assert quoted in README
    assert quoted in (resolve_bundle("default") / CARD_FILE).read_text(encoding="utf-8")


def test_robustness_and_speed_were_measured_with_the_weights_that_ship():
    measured = RECOGNIZER.get("measured")
    shipped = load_bundle(resolve_bundle("default")).description.calibration

    assert measured is None or measured["weights_sha256"] == shipped.model_sha256


@pytest.mark.parametrize("feeling", ["joyful", "sadness", "tension", "calm"])
def test_readme_quotes_the_affect_report(feeling):
    assert quote(AFFECT["protocols"]["emotify-affect"]["shipped"][f"spearman_{feeling}"]) in README


@pytest.mark.parametrize("system", ["recommender", "prototypes", "nearest-valence-arousal", "popularity", "random"])
def test_readme_quotes_the_recommender_report(system):
    assert quote(RECOMMENDER["protocols"]["emotify-retrieval"][system]["ndcg_at_10"]) in README


def show(figure: dict[str, float]) -> str:
    """Write a figure as the recommender's page does."""
    return f"{figure['value']:.3f}<br><small>{figure['low']:.3f} to {figure['high']:.3f}</small>"


@pytest.mark.parametrize(
    ("protocol", "metric"),
    [
        ("emotify-retrieval", "ndcg_at_10"),
        ("emotify-ceiling", "ndcg_at_10"),
        ("speech-to-music", "mrr"),
        ("situnes", "rating"),
        ("trompa", "ndcg_at_10"),
        ("jamendo", "ndcg_at_10"),
        ("journeys", "largest_step"),
        ("demo", "ndcg_at_10"),
    ],
)
def test_the_recommender_s_page_shows_what_its_report_says(protocol, metric):
    page = (ROOT / "docs/reports/recommender.html").read_text(encoding="utf-8")
    section = page.partition(f"<h2>{protocol}</h2>")[2].partition("<h2>")[0]

    assert all(show(figures[metric]) in section for figures in RECOMMENDER["protocols"][protocol].values())


@pytest.mark.parametrize(
    ("protocol", "column"),
    [
        ("emotify-retrieval", "recommender.ndcg_at_10"),
        ("speech-to-music", "recommender.ndcg_at_5"),
        ("journeys", "recommender.mean_step"),
    ],
)
def test_the_recommender_s_figures_are_means_of_the_scores_kept_beside_them(protocol, column):
    system, metric = column.split(".")
    with (ROOT / f"docs/reports/recommender/{protocol}.csv").open(encoding="utf-8", newline="") as table:
        scores = [float(row[column]) for row in csv.DictReader(table)]

    reported = RECOMMENDER["protocols"][protocol][system][metric]["value"]
    assert sum(scores) / len(scores) == pytest.approx(reported, abs=2e-4)


@pytest.mark.parametrize("baseline", BASELINES)
def test_the_recommender_beats_every_baseline_on_emotify(baseline):
    assert RECOMMENDER["protocols"]["emotify-retrieval"]["recommender"]["ndcg_at_10"]["value"] >= 0.60
    assert RECOMMENDER["comparisons"]["emotify-retrieval"][baseline]["difference"] > 0
    assert RECOMMENDER["comparisons"]["emotify-retrieval"][baseline]["p_holm"] < 0.05


def test_the_readme_opens_with_the_two_commands():
    opening = README[: README.index("## ")]

    assert "make run" in opening
    assert "make test" in opening


def reported(node: Any) -> Iterator[tuple[float, float, float]]:
    """Walk a report for every figure with its interval; of a difference also the way round."""
    parts = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    if isinstance(node, dict) and {"low", "high"} <= node.keys():
        value, low, high = node.get("value", node.get("difference")), node["low"], node["high"]
        if None not in (value, low, high):
            yield from ((value, low, high), (-value, -high, -low))
    for part in parts:
        yield from reported(part)


def agrees(quoted: tuple[str, ...], figure: tuple[float, ...]) -> bool:
    """Whether a figure reads as quoted once it is rounded to the places quoted."""
    return all(
        abs(float(text) - number) <= 0.5 * 10.0 ** -len(text.partition(".")[2]) + 1e-9
        for text, number in zip(quoted, figure, strict=True)
    )


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_interval_that_is_quoted_stands_in_a_report(document):
    figures = [figure for report in (RECOGNIZER, AFFECT, RECOMMENDER, QUERY_MODELS) for figure in reported(report)]
    text = re.sub(r"\s+", " ", document.read_text(encoding="utf-8"))
    quoted = [match.groups() for match in QUOTED_INTERVAL.finditer(text)]

    assert [interval for interval in quoted if not any(agrees(interval, figure) for figure in figures)] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_to_files_lead_somewhere(document):
    targets = re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8"))

    assert [target for target in targets if not (document.parent / target).exists()] == []


def test_results_give_the_whole_table_of_systems():
    results = (ROOT / "docs/results.md").read_text(encoding="utf-8")

    protocols = {name: figures for name, figures in RECOGNIZER["protocols"].items() if name.startswith("ravdess-4")}
    assert len(protocols) > len(QUOTED_METRICS)
    assert [name for name, figures in protocols.items() if quote(figures["accuracy"]) not in results] == []
