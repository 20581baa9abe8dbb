"""The documents keep step with the code, and quote the reports exactly."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest

from app.cli.main import COMMANDS
from app.settings import PREFIX, Settings
from recognizer.bundles import CARD_FILE, resolve_bundle

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
RECOGNIZER = json.loads((ROOT / "docs/reports/recognizer.json").read_text(encoding="utf-8"))
AFFECT = json.loads((ROOT / "docs/reports/affect.json").read_text(encoding="utf-8"))
RECOMMENDER = json.loads((ROOT / "docs/reports/recommender.json").read_text(encoding="utf-8"))

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


@pytest.mark.parametrize("feeling", ["joyful", "sadness", "tension", "calm"])
def test_readme_quotes_the_affect_report(feeling):
    assert quote(AFFECT["protocols"]["emotify-affect"]["shipped"][f"spearman_{feeling}"]) in README


@pytest.mark.parametrize("system", ["recommender", "prototypes", "nearest-valence-arousal", "popularity", "random"])
def test_readme_quotes_the_recommender_report(system):
    assert quote(RECOMMENDER["protocols"]["emotify-retrieval"][system]["ndcg_at_10"]) in README


def test_the_readme_opens_with_the_two_commands():
    opening = README[: README.index("## ")]

    assert "make run" in opening
    assert "make test" in opening


def test_links_to_files_lead_somewhere():
    targets = re.findall(r"\]\(([^)#:]+)\)", README)

    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []
