from __future__ import annotations

import json
import subprocess
import sys

import huggingface_hub
import pytest

from tests.recognizer.training.made_up import TOML, write_ravdess, write_wav2vec2, write_whisper
from tests.signals import encode_wav, make_speech

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture(scope="module")
def speech_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("speech")
    write_ravdess(folder / "ravdess")
    return folder


@pytest.fixture(scope="module", params=[write_whisper, write_wav2vec2], ids=["whisper", "wav2vec2"])
def encoder_dir(request, tmp_path_factory):
    return request.param(tmp_path_factory.mktemp("encoder"))


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text(TOML)
    return path


@pytest.fixture
def train_args(config, speech_dir):
    return ["train", "recognizer", config, "--data", speech_dir]


@pytest.fixture(autouse=True)
def no_hub(monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)


@pytest.mark.slow
def test_a_run_is_trained_measured_exported_and_served(call, train_args, encoder_dir, tmp_path, monkeypatch):
    out, bundle, card = tmp_path / "out", tmp_path / "bundle", tmp_path / "card.md"
    card.write_text("# A small model\n")

    trained = call(*train_args, "--out", out, "--encoder", encoder_dir)
    again = call(*train_args, "--out", out, "--encoder", encoder_dir)
    report = call("evaluate", "recognizer", "--from-predictions", out / "predictions", "--out", tmp_path / "report")
    exported = call(
        "export",
        out / "checkpoint",
        "--out",
        bundle,
        "--card",
        card,
        "--encoder",
        encoder_dir,
        "--float32",
        "--data",
        train_args[-1],
        "--n-clips",
        8,
    )
    monkeypatch.setenv("EMOTITUNE_RECOGNIZER", str(bundle))
    clip = train_args[-1] / "ravdess" / "Actor_01" / "03-01-03-01-01-01-01.wav"
    heard = call("recognize", clip, "--jsonl")
    head = call(
        "export", out / "checkpoint", "--out", tmp_path / "head", "--card", card, "--encoder", encoder_dir, "--head"
    )

    assert trained.exit_code == 0, trained.err
    assert head.out == f"head of tiny 1 in {tmp_path / 'head'}; its encoder is nowhere/tiny-encoder\n"
    assert trained.out == again.out
    assert f"checkpoint in {out / 'checkpoint'}" in trained.out
    assert report.exit_code == 0, report.err
    assert exported.exit_code == 0, exported.err
    assert exported.out.startswith(f"tiny 1 in {bundle}: ")
    assert "on 8 recordings: UAR " in exported.out
    assert (bundle / "MODEL_CARD.md").read_text() == "# A small model\n"
    assert heard.exit_code == 0, heard.out
    assert json.loads(heard.out)["model"] == "tiny 1"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("n_blocks = 2", "blocks = 2"), "unknown key 'blocks'"),
        (('["ravdess"]', '["ravdess", "nobody"]'), "needs corpus 'nobody', got folders for ['ravdess']"),
        (('["ravdess"]', '["nemo"]'), "needs corpus 'nemo', got folders for ['ravdess']"),
        (("", ""), "encoder 'nowhere/tiny-encoder' is neither a folder"),
    ],
    ids=["key", "corpus", "folder", "encoder"],
)
def test_what_stops_a_run_is_named(call, train_args, tmp_path, change, sentence):
    train_args[2].write_text(TOML.replace(*change) if change[0] else TOML)

    outcome = call(*train_args, "--out", tmp_path / "out")

    assert outcome.exit_code == 1
    assert sentence in outcome.err
    assert outcome.err.startswith("error: ")
    assert "Traceback" not in outcome.err


def test_seeds_that_the_run_lacks_stop_it_at_once(call, train_args, tmp_path):
    unknown = call(*train_args, "--out", tmp_path / "out", "--seeds", "7")
    no_number = call(*train_args, "--out", tmp_path / "out", "--seeds", "0,x")

    assert (unknown.exit_code, unknown.err) == (1, "error: run 'tiny' has no seed 7, expected some of 0\n")
    assert no_number.exit_code == 2
    assert "--seeds: expected whole numbers separated by commas, got '0,x'" in no_number.err
    assert not (tmp_path / "out").exists()


def test_clips_that_serving_would_refuse_are_told_at_the_end(call, config, tmp_path):
    folder = write_ravdess(tmp_path / "speech" / "ravdess", n_actors=4)
    for path in sorted(folder.rglob("*.wav"))[:5]:
        path.write_bytes(encode_wav(make_speech(0.2)))
    encoder_dir = write_whisper(tmp_path / "encoder")
    args = ["--data", tmp_path / "speech", "--encoder", encoder_dir, "--no-measure"]

    outcome = call("train", "recognizer", config, "--out", tmp_path / "out", *args)

    assert outcome.exit_code == 0, outcome.err
    told = "left out 5 clips that serving would refuse: '03-01-01-01-01-01-01', expected at least 0.5 s of sound"
    assert outcome.out.startswith(told)
    assert "; and 2 more\ncheckpoint in " in outcome.out


def test_a_run_without_speech_says_where_it_looks(call, config, tmp_path):
    outcome = call("train", "recognizer", config, "--out", tmp_path / "out")

    assert outcome.exit_code == 2
    assert "EMOTITUNE_MATERIAL_DIR" in outcome.err


def test_a_folder_without_a_checkpoint_is_named(call, tmp_path):
    (tmp_path / "card.md").write_text("# Card\n")

    outcome = call("export", tmp_path, "--out", tmp_path / "bundle", "--card", tmp_path / "card.md")

    assert outcome.exit_code == 1
    assert outcome.err.startswith(f"error: expected a checkpoint in '{tmp_path}'")
    assert not (tmp_path / "bundle").exists()


def test_training_without_torch_says_how_to_install_it(config, tmp_path):
    # In a process of its own: what is imported here stays imported.
    code = "import sys; sys.modules['torch'] = None; from app.cli.main import main; main()"
    arguments = ["train", "recognizer", config, "--out", tmp_path / "out", "--data", tmp_path]

    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert "training needs 'torch': install it with pip install 'emotitune[train]'" in done.stderr
