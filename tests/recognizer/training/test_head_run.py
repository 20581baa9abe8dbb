from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import recognizer.training.inner_folds as inner_folds_module
from recognizer.corpora.errors import CorpusFileError
from recognizer.corpora.splits import load_published_split
from recognizer.evaluation.predictions import read_predictions
from recognizer.training.checkpoints import load_checkpoint
from recognizer.training.errors import TrainingError
from recognizer.training.head_run import HeadRun
from tests.recognizer.training.made_up import make_config

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


def test_a_missing_encoder_is_named(ravdess_dir, tmp_path):
    with pytest.raises(TrainingError, match="encoder 'nowhere' is neither"):
        HeadRun(CONFIG, {"ravdess": ravdess_dir}, tmp_path, encoder="nowhere", on_progress=tell_nobody)


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
