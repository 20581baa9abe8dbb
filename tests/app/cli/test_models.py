from __future__ import annotations

import subprocess
import sys

import huggingface_hub
import pytest

import recognizer.installed as installed_module
from tests.bundles import write_tiny_bundle
from tests.recognizer.training.made_up import write_head, write_ravdess, write_whisper

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture(autouse=True)
def no_hub(monkeypatch, tmp_path):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))


@pytest.fixture(scope="module")
def encoder_dir(tmp_path_factory):
    return write_whisper(tmp_path_factory.mktemp("encoder"))


@pytest.fixture
def heads(encoder_dir, tmp_path, monkeypatch):
    """Let a tiny model be the one that can be pulled."""
    write_head(tmp_path / "heads" / "small-one", encoder_dir)
    monkeypatch.setattr(installed_module, "HEADS_DIR", tmp_path / "heads")


@pytest.mark.usefixtures("heads")
def test_a_model_is_pulled_chosen_heard_and_removed(call, encoder_dir, home, note, monkeypatch):
    pulled = call("models", "pull", "small-one", "--encoder", encoder_dir)
    monkeypatch.setenv("EMOTITUNE_RECOGNIZER", "small-one")
    listed = call("models", "list")
    heard = call("recognize", note, "--jsonl")
    removed = call("models", "remove", "small-one")
    lost = call("recognize", note, "--jsonl")

    assert pulled.exit_code == 0, pulled.err
    assert pulled.out.startswith(f"small-one 3 in {home / 'models' / 'small-one'}: ")
    assert "set EMOTITUNE_RECOGNIZER=small-one to choose it" in pulled.out
    assert ["*", "small-one", "pulled"] in [line.split()[:3] for line in listed.out.splitlines()]
    assert heard.exit_code == 0, heard.err
    assert '"model": "small-one 3"' in heard.out
    assert removed.out == f"removed {home / 'models' / 'small-one'}\n"
    assert removed.err == "EMOTITUNE_RECOGNIZER still chooses it\n"
    assert lost.exit_code == 1
    assert list((home / "models").iterdir()) == []


@pytest.mark.usefixtures("heads")
def test_a_pull_checks_itself_on_recordings_at_hand(call, encoder_dir, tmp_path):
    write_ravdess(tmp_path / "speech" / "ravdess")

    outcome = call(
        "models", "pull", "small-one", "--encoder", encoder_dir, "--data", tmp_path / "speech", "--clips", "8"
    )

    assert outcome.exit_code == 0, outcome.err
    assert "on 8 recordings: UAR " in outcome.out


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("pull", "whisper-huge"), "expected one of ['whisper-base'], which can be pulled, got 'whisper-huge'"),
        (("pull", "whisper-base", "--encoder", "ENCODER"), "expected 5 blocks or more, got 3"),
        (("pull", "whisper-base"), "cannot fetch encoder 'openai/whisper-base' at e37978b"),
        (("remove", "default"), "cannot remove model 'default': it ships and stays"),
        (("remove", "whisper-base"), "cannot remove model 'whisper-base': pulled were []"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_stands_in_the_way_is_named(call, encoder_dir, home, args, sentence):
    outcome = call("models", *(str(encoder_dir) if each == "ENCODER" else each for each in args))

    assert outcome.exit_code == 1
    assert outcome.err.startswith("error: ")
    assert sentence in outcome.err
    assert "Traceback" not in outcome.err
    assert not (home / "models").exists() or list((home / "models").iterdir()) == []


def test_the_list_says_what_ships_and_what_can_be_pulled(call, monkeypatch):
    monkeypatch.setenv("EMOTITUNE_RECOGNIZER", "default")

    outcome = call("models", "list")

    lines = [line.split() for line in outcome.out.splitlines()]
    assert outcome.exit_code == 0
    assert lines[0] == ["Model", "State", "MB", "Where"]
    assert ["*", "default", "ships"] in [line[:3] for line in lines]
    assert lines[-1][:4] == ["whisper-base", "can", "be", "pulled"]
    assert outcome.out.endswith("emotitune models pull whisper-base\n")


def test_a_chosen_folder_and_a_broken_model_are_told(call, home, tmp_path):
    write_tiny_bundle(home / "models" / "mine").model_file.write_bytes(b"other")

    outcome = call("models", "list")

    assert outcome.out.endswith(f"EMOTITUNE_RECOGNIZER chooses another folder: {tmp_path / 'bundles' / 'tiny'}\n")
    assert "mine: cannot use the model in" in outcome.err


def test_a_model_that_is_chosen_but_nowhere_is_told(call, monkeypatch):
    monkeypatch.setenv("EMOTITUNE_RECOGNIZER", "whisper-base")

    outcome = call("models", "list")

    assert outcome.exit_code == 0
    assert "`emotitune models pull whisper-base` fetches its encoder" in outcome.err


def test_pulling_without_torch_says_how_to_install_it(encoder_dir):
    # In a process of its own: what is imported here stays imported.
    code = "import sys; sys.modules['torch'] = None; from app.cli.main import main; main()"

    done = subprocess.run(
        [sys.executable, "-c", code, "models", "pull", "whisper-base", "--encoder", str(encoder_dir)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "pulling a model needs 'torch': install it with pip install 'emotitune[train]'" in done.stderr


def test_listing_imports_no_torch():
    code = "import sys; from app.cli.main import main\ntry:\n    main()\nfinally:\n    print('torch' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code, "models", "list"], capture_output=True, text=True, check=True)

    assert done.stdout.endswith("False\n")
