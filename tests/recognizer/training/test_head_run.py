from __future__ import annotations

import dataclasses
import shutil

import numpy as np
import pytest

import recognizer.training.inner_folds as inner_folds_module
from recognizer.corpora.errors import CorpusFileError
from recognizer.corpora.splits import load_published_split
from recognizer.evaluation.predictions import read_predictions
from recognizer.evaluation.robustness import CONDITIONS
from recognizer.training.checkpoints import load_checkpoint
from recognizer.training.errors import TrainingError
from recognizer.training.head_run import HeadRun
from tests.recognizer.training.made_up import HIDDEN, full_disk, make_config, write_ravdess, write_whisper
from tests.signals import encode_wav, make_speech

CONFIG = make_config(n_views=1, n_seeds=2)
# Where it does not matter how much a head has learned.
QUICK = dataclasses.replace(CONFIG, n_epochs=1, n_seeds=1)


def tell_nobody(_step, _n_done, _n_total):
    pass


@pytest.fixture(scope="module")
def open_run(whisper_dir, ravdess_dir):
    """Open a run on the made-up corpus."""

    def open_run(out_dir, config=CONFIG, on_progress=tell_nobody):
        given = {"encoder": str(whisper_dir), "on_progress": on_progress}
        return HeadRun(config, {"ravdess": ravdess_dir}, out_dir, **given)

    return open_run


@pytest.fixture(scope="module")
def out_dir(open_run, tmp_path_factory):
    """A folder with a whole run in it."""
    folder = tmp_path_factory.mktemp("run")
    run = open_run(folder)
    run.measure("ravdess-4")
    run.train_final()
    return folder


def test_a_run_ends_with_predictions_of_every_clip_and_a_checkpoint(out_dir, whisper_dir):
    predictions = read_predictions(out_dir / "predictions" / "ravdess-4.csv")
    checkpoint = load_checkpoint(out_dir / "checkpoint", encoder=str(whisper_dir))

    # Every clip once for each seed.
    assert len({(row.utterance_id, row.seed) for row in predictions.rows}) == len(predictions.rows) == 2 * 96
    assert {row.seed for row in predictions.rows} == {0, 1}
    assert all(row.temperature > 0 for row in predictions.rows)
    assert {row.fold for row in predictions.rows} == {fold.name for fold in load_published_split("ravdess-4").folds}
    assert checkpoint.config == CONFIG
    assert checkpoint.facts["corpora"] == {"ravdess": {"n_clips": 96, "n_speakers": 24}}
    assert checkpoint.facts["refused"] == []
    assert set(checkpoint.facts["inner_uar"]) == {"ravdess"}


def test_made_up_moods_are_told_apart_even_by_a_random_encoder(out_dir):
    predictions = read_predictions(out_dir / "predictions" / "ravdess-4.csv")

    # A fourth would be chance.
    assert np.mean(predictions.predicted == predictions.truth) > 0.5


def test_no_head_is_fitted_on_a_speaker_of_its_fold(out_dir, open_run, tmp_path, monkeypatch):
    (tmp_path / "cache").symlink_to(out_dir / "cache")
    trained_on = []
    fit = inner_folds_module.fit_head

    def fit_and_note(clips, *args, **options):
        trained_on.append(set(clips.speakers.tolist()))
        return fit(clips, *args, **options)

    monkeypatch.setattr(inner_folds_module, "fit_head", fit_and_note)

    open_run(tmp_path, QUICK).measure("ravdess-4")

    for number, fold in enumerate(load_published_split("ravdess-4").folds):
        # Three inner folds, and the head that predicts.
        heads = trained_on[4 * number : 4 * number + 4]
        assert len(heads) == 4
        assert all(not speakers & {f"ravdess/{each}" for each in fold.test_speakers} for speakers in heads)


def test_a_run_repeated_computes_nothing_twice_and_ends_alike(out_dir, whisper_dir, open_run, monkeypatch):
    first = load_checkpoint(out_dir / "checkpoint", encoder=str(whisper_dir))
    steps = []
    monkeypatch.setattr("recognizer.training.statistics._write_part", lambda *_a, **_k: 1 / 0)

    run = open_run(out_dir, on_progress=lambda *step: steps.append(step))
    run.measure("ravdess-4")
    run.train_final()

    second = load_checkpoint(out_dir / "checkpoint", encoder=str(whisper_dir))
    assert {step for step, _, _ in steps} == {"statistics", "final head"}
    for name, tensor in first.model.state_dict().items():
        np.testing.assert_array_equal(tensor.numpy(), second.model.state_dict()[name].numpy())


def test_predictions_of_another_run_in_the_same_folder_are_made_again(out_dir, open_run, tmp_path):
    (tmp_path / "cache").symlink_to(out_dir / "cache")
    told = []
    for config in (QUICK, dataclasses.replace(QUICK, n_epochs=2)):
        open_run(tmp_path, config, lambda step, *_: told.append(step)).measure("ravdess-4")

    assert told.count("ravdess-4") == 2 * 6
    assert len(read_predictions(tmp_path / "predictions" / "ravdess-4.csv").rows) == 96


def test_another_encoder_in_the_same_folder_starts_anew(ravdess_dir, whisper_dir, tmp_path):
    other = write_whisper(tmp_path / "other", seed=1)
    logits, weights = [], []
    for name, encoder in (("shared", whisper_dir), ("shared", other), ("alone", other)):
        out_dir = tmp_path / name
        run = HeadRun(QUICK, {"ravdess": ravdess_dir}, out_dir, encoder=str(encoder), on_progress=tell_nobody)
        run.measure("ravdess-4", folds=["f1"])
        logits.append(read_predictions(out_dir / "folds" / "ravdess-4" / "f1-seed0" / "known-0.csv").logits)
        weights.append(load_checkpoint(run.train_final(), encoder=str(encoder)).model.state_dict())

    first, shared, alone = logits
    assert not np.allclose(shared, first)
    # As if the first encoder had never been there, predictions and head alike.
    np.testing.assert_array_equal(shared, alone)
    for name, tensor in weights[2].items():
        np.testing.assert_array_equal(weights[1][name].numpy(), tensor.numpy())


def test_another_pooling_in_the_same_folder_starts_anew(out_dir, whisper_dir, open_run, tmp_path):
    (tmp_path / "cache").symlink_to(out_dir / "cache")
    config = dataclasses.replace(QUICK, pooling="mean")

    run = open_run(tmp_path, config)
    run.measure("ravdess-4")
    checkpoint = load_checkpoint(run.train_final(), encoder=str(whisper_dir))

    assert checkpoint.model.statistics_mean.shape == (2 * HIDDEN,)


def test_weeks_of_another_run_are_not_joined(out_dir, open_run, tmp_path):
    (tmp_path / "cache").symlink_to(out_dir / "cache")
    open_run(tmp_path, QUICK).measure("ravdess-4")
    for path in (tmp_path / "predictions").iterdir():
        path.unlink()

    open_run(tmp_path, dataclasses.replace(QUICK, n_epochs=2, n_seeds=2)).measure("ravdess-4", seeds=[1])

    assert {row.seed for row in read_predictions(tmp_path / "predictions" / "ravdess-4.csv").rows} == {1}
    assert not list((tmp_path / "predictions").glob("*week*"))


def test_a_run_without_its_corpus_names_it(tmp_path):
    with pytest.raises(TrainingError, match=r"run 'tiny' needs corpus 'ravdess', got folders for \['nemo'\]"):
        HeadRun(CONFIG, {"nemo": tmp_path}, tmp_path / "out", on_progress=tell_nobody)
    with pytest.raises(CorpusFileError, match=r"nothing-here"):
        HeadRun(CONFIG, {"ravdess": tmp_path / "nothing-here"}, tmp_path / "out", on_progress=tell_nobody)


@pytest.mark.parametrize(
    ("protocol", "problem"),
    [("cremad-4", "needs corpus 'cremad', got folders for"), ("mine", "unknown protocol 'mine', expected one of")],
)
def test_a_protocol_that_cannot_be_measured_stops_before_anything_is_computed(tmp_path, protocol, problem):
    with pytest.raises(TrainingError, match=problem):
        HeadRun(CONFIG, {"ravdess": tmp_path}, tmp_path / "out", protocols=[protocol], on_progress=tell_nobody)

    assert not (tmp_path / "out").exists()


def test_a_single_speaker_is_told_before_anything_is_computed(whisper_dir, tmp_path):
    folder = write_ravdess(tmp_path / "ravdess", n_actors=1)

    with pytest.raises(TrainingError, match="run 'tiny': expected 3 speakers or more to train on, got 1 in 'ravdess'"):
        HeadRun(CONFIG, {"ravdess": folder}, tmp_path / "out", encoder=str(whisper_dir), on_progress=tell_nobody)
    assert not (tmp_path / "out").exists()


def test_a_label_whose_clips_are_all_refused_is_named(whisper_dir, tmp_path):
    folder = write_ravdess(tmp_path / "ravdess", n_actors=3)
    for path in folder.rglob("03-01-04-*.wav"):
        path.write_bytes(encode_wav(make_speech(0.2)))

    with pytest.raises(TrainingError, match="run 'tiny': no clip of label 'sad' to train on in 'ravdess'"):
        HeadRun(CONFIG, {"ravdess": folder}, tmp_path / "out", encoder=str(whisper_dir), on_progress=tell_nobody)


@pytest.mark.parametrize("content", ["cut", "junk"])
def test_a_broken_file_is_named_and_stops_the_run(whisper_dir, tmp_path, content):
    folder = write_ravdess(tmp_path / "ravdess", n_actors=4)
    path = sorted(folder.rglob("*.wav"))[5]
    path.write_bytes(path.read_bytes()[:3000] if content == "cut" else b"no sound at all")

    with pytest.raises(TrainingError, match=rf"cannot read '.*{path.name}' of 'ravdess': expected"):
        HeadRun(CONFIG, {"ravdess": folder}, tmp_path / "out", encoder=str(whisper_dir), on_progress=tell_nobody)


def test_a_broken_file_is_named_where_it_is_only_heard_behind_another(whisper_dir, tmp_path, monkeypatch):
    monkeypatch.setattr("recognizer.training.statistics._SAVE_EVERY", 1)
    folder = write_ravdess(tmp_path / "ravdess", n_actors=3)
    path = folder / "Actor_01" / "03-01-05-01-01-01-01.wav"
    path.write_bytes(path.read_bytes()[:3000])
    steps = []

    with pytest.raises(TrainingError, match=rf"cannot read '.*{path.name}'"):
        HeadRun(
            make_config(babble=1.0),
            {"ravdess": folder},
            tmp_path / "out",
            encoder=str(whisper_dir),
            on_progress=lambda *step: steps.append(step),
        )
    assert steps == []


def test_a_full_disk_is_named_wherever_it_comes(out_dir, open_run, tmp_path):
    (tmp_path / "cache").symlink_to(out_dir / "cache")
    run = open_run(tmp_path, QUICK)

    with full_disk(), pytest.raises(TrainingError, match=r"cannot write predictions to '.*f1-seed0'"):
        run.measure("ravdess-4", folds=["f1"])
    with full_disk(), pytest.raises(TrainingError, match=r"cannot write the checkpoint to '.*checkpoint'"):
        run.train_final()

    assert not list(tmp_path.rglob("done.json"))
    assert not (tmp_path / "checkpoint" / "checkpoint.json").exists()


def test_a_missing_encoder_is_named(ravdess_dir, tmp_path):
    with pytest.raises(TrainingError, match="encoder 'nowhere' is neither"):
        HeadRun(CONFIG, {"ravdess": ravdess_dir}, tmp_path, encoder="nowhere", on_progress=tell_nobody)


def test_a_seed_that_is_none_of_the_run_s_is_refused(out_dir, open_run):
    with pytest.raises(TrainingError, match="run 'tiny' has no seed 7, expected some of 0, 1"):
        open_run(out_dir).measure("ravdess-4", seeds=[0, 7])


def test_a_run_that_was_cut_goes_on_with_the_fold_it_was_at(out_dir, open_run, tmp_path):
    (tmp_path / "cache").symlink_to(out_dir / "cache")
    told = []

    def count_and_stop(step, n_done, _n_total):
        told.append(step)
        # The second seed's second fold: the first seed is whole.
        if (step, n_done) == ("ravdess-4", 6 + 2):
            raise KeyboardInterrupt("killed")

    with pytest.raises(KeyboardInterrupt, match="killed"):
        open_run(tmp_path, on_progress=count_and_stop).measure("ravdess-4")
    told.clear()
    path = open_run(tmp_path, on_progress=lambda step, *_: told.append(step)).measure("ravdess-4")

    assert told.count("ravdess-4") == 4
    assert path is not None
    assert read_predictions(path).rows == read_predictions(out_dir / "predictions" / "ravdess-4.csv").rows
    assert not (tmp_path / "checkpoint").exists()


@pytest.fixture(scope="module")
def robust(out_dir, open_run, tmp_path_factory):
    """A whole run's folder, the files of the robustness suite, done in two goes, and the steps told meanwhile."""
    folder = tmp_path_factory.mktemp("robust")
    shutil.copytree(out_dir, folder, dirs_exist_ok=True)
    told = []
    run = open_run(folder, on_progress=lambda step, n_done, _n_total: told.append((step, n_done)))
    assert run.measure_robustness("ravdess-4", folds=["f1"]) == ()
    return folder, run.measure_robustness("ravdess-4"), told


def test_heads_hear_their_test_clips_through_the_robustness_suite(robust):
    folder, files, _ = robust

    clean = read_predictions(folder / "predictions/ravdess-4.csv")
    clean = clean.select(clean.seeds == CONFIG.seed)
    by_slug = {path.stem.removeprefix("ravdess-4-through-"): read_predictions(path) for path in files}
    assert list(by_slug) == [condition.slug for condition in CONDITIONS]
    assert all(set(heard.seeds) == {CONFIG.seed} for heard in by_slug.values())
    # A change of level is taken out before the encoder, so here the very head that measured the fold speaks again.
    louder = by_slug["gain-of-2-or-2-db"]
    assert [row.utterance_id for row in louder.rows] == [row.utterance_id for row in clean.rows]
    assert np.abs(louder.logits - clean.logits).max() < 0.05
    assert np.abs(by_slug["white-noise-at-20-db"].logits - clean.logits).max() > 0.05


def test_a_robustness_run_that_was_cut_off_goes_on_where_it_was(robust):
    told = robust[2]

    # Each condition was computed once, though the run stopped in between.
    assert told.count(("white noise at 20 dB", 1)) == 1
    assert [n_done for step, n_done in told if step == "ravdess-4, robustness"] == [1, 1, 2, 3, 4, 5]


def test_a_fold_that_is_measured_anew_forgets_what_its_old_head_heard(robust, open_run, tmp_path):
    shutil.copytree(robust[0], tmp_path, dirs_exist_ok=True)

    open_run(tmp_path, QUICK).measure("ravdess-4", folds=["f1"])

    folds = tmp_path / "folds/ravdess-4"
    assert not list((folds / "f1-seed0").glob("through-*"))
    assert list((folds / "f2-seed0").glob("through-*"))
