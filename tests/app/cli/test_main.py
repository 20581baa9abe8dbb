from __future__ import annotations

import io
import subprocess
import sys

import pytest
from click.testing import CliRunner

import app.cli.main as main_module
from app.cli.main import COMMANDS, emotitune

HEAVY = {
    "torch",
    "transformers",
    "librosa",
    "numpy",
    "scipy",
    "sklearn",
    "onnxruntime",
    "faiss",
    "av",
    "sqlalchemy",
    "flask",
}


@pytest.mark.parametrize(
    "args", [[], *([name] for name in COMMANDS)], ids=lambda args: args[0] if args else "emotitune"
)
def test_help_imports_nothing_heavy(args):
    code = f"""
import sys
sys.argv = ["emotitune", *{args!r}, "--help"]
from app.cli.main import main
try:
    main()
finally:
    print(*{{name.split(".")[0] for name in sys.modules}})
"""

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.startswith("Usage: ")
    assert not set(done.stdout.splitlines()[-1].split()) & HEAVY


def test_help_lists_every_command_with_what_it_does():
    result = CliRunner().invoke(emotitune, ["--help"])

    assert result.exit_code == 0
    for name, (_, line) in COMMANDS.items():
        assert f"  {name}" in result.output
        assert line in result.output


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_table_is_there(name):
    result = CliRunner().invoke(emotitune, [name, "--help"])

    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("args", "exit_code", "sentence"),
    [
        (["--help"], 0, ""),
        (["--version"], 0, ""),
        (["play"], 2, "No such command 'play'"),
        (["recognize"], 2, "expected at least one FILE or --list, got none"),
        (["recognize", "--list", "nowhere.txt"], 2, "'nowhere.txt' does not exist"),
        (["listen", "nowhere.wav"], 1, "error: cannot read 'nowhere.wav': expected a file"),
        (["listen", "nowhere.wav", "--intent", "party"], 2, "'party' is not one of 'stay', 'lift'"),
        (["recommend", "--posterior", "happy"], 2, "expected label=number, got 'happy'"),
        (["recommend", "--posterior", "happy=much"], 2, "expected label=number, got 'happy=much'"),
        (["recommend", "--posterior", "happy=.5"], 1, "error: expected probabilities that sum to 1 within 0.001"),
        (["recommend", "--posterior", "happy=nan"], 1, "error: expected a probability of at least 0 for 'happy'"),
        (["recommend", "--posterior", "bored=1"], 1, "got the label 'bored'"),
        (["recommend", "--posterior", "happy=1", "--k", "0"], 2, "0 is not in the range"),
        (["catalog", "import", "folder", "/nowhere/at/all"], 1, "error: "),
        (["catalog", "import", "csv", "/nowhere/at/all.csv"], 1, "expected a CSV file"),
        (["admin", "create", "--email", "me@here.org", "--password", "short"], 1, "of 12 to 256 characters, got 5"),
        (["admin", "password", "--email", "me@here.org", "--password", "long enough a word"], 1, "there is no account"),
        (["evaluate", "recognizer", "--out", "x"], 2, "expected either --data or --from-predictions"),
        (
            ["evaluate", "recognizer", "--from-predictions", ".", "--keep", "y", "--out", "x"],
            2,
            "--keep needs --data: predictions tell nothing of robustness and speed",
        ),
        (["corpora", "audit", "nobody", "--data", "."], 1, "error: unknown corpus 'nobody', expected one of ravdess"),
        (["train", "recognizer", "nowhere.toml", "--out", "x"], 2, "'nowhere.toml' does not exist"),
        (["export", "nowhere", "--out", "x", "--card", __file__], 2, "'nowhere' does not exist"),
        (["serve", "--port", "70000"], 2, "70000 is not in the range"),
    ],
    ids=lambda value: " ".join(value[:3]) if isinstance(value, list) else "",
)
@pytest.mark.usefixtures("music")
def test_exit_codes_and_sentences(call, args, exit_code, sentence):
    outcome = call(*args)

    assert outcome.exit_code == exit_code
    assert sentence in outcome.err
    assert "Traceback" not in outcome.err
    if exit_code == 1:
        assert outcome.err.startswith("error: ")
        assert len(outcome.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("EMOTITUNE_PORT=http", "error: expected EMOTITUNE_PORT to be a whole number, got 'http'"),
        ("EMOTITUNE_DATABASE_URL=nonsense", "error: cannot read the database URL"),
    ],
)
def test_a_bad_setting_is_one_line(home, call, monkeypatch, setting, sentence):
    monkeypatch.setenv(*setting.split("="))

    outcome = call("catalog", "list")

    assert (outcome.exit_code, outcome.out) == (1, "")
    assert outcome.err.startswith(sentence)
    assert not home.exists()


@pytest.mark.usefixtures("home")
def test_a_database_that_is_not_migrated_says_what_to_do(call):
    outcome = call("catalog", "list")

    assert outcome.exit_code == 1
    assert "run `emotitune database upgrade`" in outcome.err


def test_a_data_folder_that_cannot_be_made_is_one_line(call, home):
    home.write_text("a file")

    outcome = call("database", "upgrade")

    assert outcome.exit_code == 1
    assert outcome.err.startswith("error: cannot make the folder of the database")


@pytest.mark.usefixtures("home")
def test_a_missing_model_stops_before_any_file(call, note, monkeypatch):
    monkeypatch.setenv("EMOTITUNE_RECOGNIZER", "no-such-model")

    outcome = call("recognize", note, "--jsonl")

    assert (outcome.exit_code, outcome.out) == (1, "")
    assert "got 'no-such-model'" in outcome.err


@pytest.mark.usefixtures("sessions")
def test_a_prompt_left_alone_stops_with_130(call, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))

    outcome = call("admin", "create")

    assert outcome.exit_code == 130
    assert outcome.err.endswith("stopped\n")
    assert "Traceback" not in outcome.err


def test_a_fault_of_ours_shows_where_it_happened(call, monkeypatch):
    monkeypatch.setattr(main_module.emotitune, "main", lambda **_: {}["fault"])

    with pytest.raises(KeyError, match="fault"):
        call("doctor")
