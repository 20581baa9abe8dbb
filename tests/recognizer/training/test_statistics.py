from __future__ import annotations

import numpy as np
import pytest
import torch

import recognizer.training.statistics as statistics_module
from recognizer.audio import SAMPLE_RATE
from recognizer.corpora.utterance import Utterance
from recognizer.errors import UnusableClipError
from recognizer.training.checkpoints import build_model
from recognizer.training.conditions import add_babble
from recognizer.training.errors import TrainingError
from recognizer.training.statistics import compute_statistics, load_speech
from tests.recognizer.training.made_up import full_disk, make_config
from tests.signals import encode_wav, make_speech


def write_utterance(folder, name, waveform, *, speaker_id="a"):
    path = folder / f"{name}.wav"
    path.write_bytes(encode_wav(waveform))
    return Utterance(corpus="manifest", utterance_id=name, path=path, speaker_id=speaker_id, label="sad")


@pytest.fixture
def utterances(tmp_path):
    clips = [write_utterance(tmp_path, f"clip-{i}", make_speech(1.0, seed=i)) for i in range(4)]
    silent = write_utterance(tmp_path, "silent", np.zeros(SAMPLE_RATE))
    return [*clips[:2], silent, *clips[2:]]


@pytest.fixture
def model(whisper_dir):
    return build_model(make_config(encoder=str(whisper_dir)))


@pytest.fixture
def n_pooled(monkeypatch):
    """Count the windows that go through the encoder."""
    count = [0]
    pool = statistics_module.pool_waveform

    def pool_and_count(*args):
        count[0] += 1
        return pool(*args)

    monkeypatch.setattr(statistics_module, "pool_waveform", pool_and_count)
    monkeypatch.setattr(statistics_module, "_SAVE_EVERY", 2)
    return count


def test_a_row_for_each_clip_that_can_be_heard_and_a_reason_for_any_other(model, utterances, tmp_path):
    clips = compute_statistics(model, utterances, make_config(), tmp_path / "cache")

    assert [each.utterance_id for each in clips.utterances] == ["clip-0", "clip-1", "clip-2", "clip-3"]
    assert clips.values.shape == (4, 2, model.statistics_dim)
    assert clips.values.dtype == np.float32
    ((name, reason),) = clips.refused
    assert name == "silent"
    assert "expected" in reason


def test_the_first_view_is_the_clip_as_it_is(model, utterances, tmp_path):
    config = make_config()

    clips = compute_statistics(model, utterances, config, tmp_path / "cache")

    speech = load_speech(clips.utterances[2], window_s=config.window_s)
    with torch.inference_mode():
        expected = model.pool(torch.from_numpy(speech.copy())[None])[0].numpy()
    np.testing.assert_array_equal(clips.values[2, 0], expected)
    assert not np.array_equal(clips.values[:, 0], clips.values[:, 1])


class TestBabble:
    """Other clips of the same voice in the background of the altered copies."""

    @pytest.fixture
    def behind(self, monkeypatch):
        """Keep what is put behind each clip."""
        kept = []

        def add_and_keep(waveform, voices, rng):
            kept.append(voices)
            return add_babble(waveform, voices, rng)

        monkeypatch.setattr(statistics_module, "add_babble", add_and_keep)
        return kept

    def test_comes_from_the_same_voice_alone(self, model, tmp_path, behind):
        utterances = [
            write_utterance(
                tmp_path, f"{speaker}-{i}", make_speech(1.0 + i / 10, seed=10 * ord(speaker) + i), speaker_id=speaker
            )
            for speaker in "ab"
            for i in range(3)
        ]

        compute_statistics(model, utterances, make_config(babble=1.0), tmp_path / "cache")

        speech = [load_speech(each, window_s=3.0) for each in utterances]
        for row, voices in enumerate(behind):
            others = [other for other in range(len(utterances)) if other // 3 == row // 3 and other != row]
            found = [next(i for i, each in enumerate(speech) if np.array_equal(each, voice)) for voice in voices]
            assert sorted(found) == others

    def test_leaves_the_clean_view_alone_and_changes_the_other(self, model, utterances, tmp_path):
        without = compute_statistics(model, utterances, make_config(), tmp_path / "cache").values
        with_it = compute_statistics(model, utterances, make_config(babble=1.0), tmp_path / "cache").values

        np.testing.assert_array_equal(with_it[:, 0], without[:, 0])
        assert np.abs(with_it[:, 1] - without[:, 1]).max(axis=1).min() > 0

    def test_comes_as_often_as_the_run_says(self, model, utterances, tmp_path, behind):
        compute_statistics(model, utterances, make_config(babble=0.5, n_views=20), tmp_path / "cache")

        assert 20 < len(behind) < 60

    def test_a_voice_with_a_single_clip_has_none(self, model, tmp_path, behind):
        alone = write_utterance(tmp_path, "alone", make_speech(1.0))

        clips = compute_statistics(model, [alone], make_config(babble=1.0), tmp_path / "cache")

        assert behind == [[]]
        assert len(clips.values) == 1

    def test_is_there_before_the_speech_is_cut_out(self, model, tmp_path, monkeypatch):
        """A voice in the background is taken for the speaker's where that one is silent, as serving takes it."""
        silence = np.zeros(SAMPLE_RATE, dtype=np.float32)
        paused = write_utterance(tmp_path, "paused", np.concatenate([silence, make_speech(1.0), silence]))
        other = write_utterance(tmp_path, "other", make_speech(3.0, seed=1))
        lengths = []
        pool = statistics_module.pool_waveform
        monkeypatch.setattr(
            statistics_module, "pool_waveform", lambda model, view: lengths.append(len(view)) or pool(model, view)
        )
        monkeypatch.setattr(statistics_module, "augment", lambda waveform, _rng: waveform)

        compute_statistics(model, [paused, other], make_config(babble=1.0), tmp_path / "cache")

        clean, heard, *_ = lengths
        assert heard > 1.3 * clean


def test_a_full_disk_is_named_and_nothing_half_written_is_read(model, utterances, tmp_path):
    with full_disk(), pytest.raises(TrainingError, match=rf"^cannot write statistics to '{tmp_path}/cache/.*'"):
        compute_statistics(model, utterances, make_config(), tmp_path / "cache")

    assert len(compute_statistics(model, utterances, make_config(), tmp_path / "cache").values) == 4


def test_what_is_computed_is_not_computed_again(model, utterances, tmp_path, n_pooled):
    first = compute_statistics(model, utterances, make_config(), tmp_path / "cache")
    n_at_first = n_pooled[0]

    second = compute_statistics(model, utterances, make_config(), tmp_path / "cache")

    assert n_pooled[0] == n_at_first == 8
    np.testing.assert_array_equal(first.values, second.values)
    assert first.utterances == second.utterances
    assert first.refused == second.refused


def test_a_run_that_was_killed_goes_on_and_ends_as_if_it_had_not_been(model, utterances, tmp_path, n_pooled):
    whole = compute_statistics(model, utterances, make_config(), tmp_path / "whole")
    n_pooled[0] = 0

    def stop(n_done, _n_total):
        if n_done == 2:
            raise KeyboardInterrupt("killed")

    with pytest.raises(KeyboardInterrupt, match="killed"):
        compute_statistics(model, utterances, make_config(), tmp_path / "cache", on_progress=stop)
    n_before = n_pooled[0]
    resumed = compute_statistics(model, utterances, make_config(), tmp_path / "cache")

    assert (n_before, n_pooled[0]) == (4, 8)
    np.testing.assert_array_equal(resumed.values, whole.values)


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"n_views": 2},
        {"window_s": 2.0},
        {"level_db": -20.0},
        {"encoder": "other"},
        {"pooling": "attentive"},
    ],
    ids=str,
)
def test_another_run_has_statistics_of_its_own(model, utterances, tmp_path, n_pooled, change):
    compute_statistics(model, utterances, make_config(), tmp_path / "cache")
    n_pooled[0] = 0

    compute_statistics(model, utterances, make_config(**change), tmp_path / "cache")

    assert n_pooled[0] > 0


def test_what_the_head_alone_needs_keeps_the_cache(model, utterances, tmp_path, n_pooled):
    compute_statistics(model, utterances, make_config(), tmp_path / "cache")
    n_pooled[0] = 0

    compute_statistics(
        model, utterances, make_config(kappa=5.0, hidden_sizes=(4, 0), n_epochs=3, n_seeds=2), tmp_path / "cache"
    )

    assert n_pooled[0] == 0


@pytest.mark.usefixtures("n_pooled")
def test_progress_reaches_the_number_of_clips(model, utterances, tmp_path):
    told = []

    compute_statistics(
        model, utterances, make_config(), tmp_path / "cache", on_progress=lambda *step: told.append(step)
    )

    assert told == [(2, 5), (4, 5), (5, 5)]


def test_the_middle_of_the_speech_is_what_a_window_holds(tmp_path):
    silence = np.random.default_rng(0).normal(scale=1e-4, size=SAMPLE_RATE)
    utterance = write_utterance(tmp_path, "long", np.concatenate([silence, make_speech(5.0), silence]))

    speech = load_speech(utterance, window_s=3.0)

    assert len(speech) == 3 * SAMPLE_RATE
    assert np.abs(speech[: SAMPLE_RATE // 2]).max() > 0.05
    assert np.abs(speech[-SAMPLE_RATE // 2 :]).max() > 0.05


def test_short_speech_is_taken_whole_and_silence_is_cut_off(tmp_path):
    silence = np.random.default_rng(0).normal(scale=1e-4, size=SAMPLE_RATE)
    utterance = write_utterance(tmp_path, "short", np.concatenate([silence, make_speech(1.0), silence]))

    assert 0.9 <= len(load_speech(utterance, window_s=3.0)) / SAMPLE_RATE < 1.8


def test_a_clip_that_serving_would_refuse_is_refused(tmp_path):
    utterance = write_utterance(tmp_path, "short", make_speech(0.2))

    with pytest.raises(UnusableClipError, match=r"at least 0\.5 s"):
        load_speech(utterance, window_s=3.0)
