from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from recognizer.training.committee import SPECIALIST_SHARE, Committee, Mixture
from recognizer.training.errors import TrainingError
from recognizer.training.head import TrainingClips, fit_head
from tests.recognizer.training.made_up import make_config

DIM = 12
RUN = make_config(
    corpora=("a", "b", "c"), specialists=("a", "b"), specialist_sizes=(8, 0), n_epochs=12, learning_rate=0.02
)


def make_clips(corpora="abc", *, n_voices=6, n_clips=8, seed=0) -> TrainingClips:
    """Corpora that sound unlike each other and act each mood in a way of their own."""
    rng = np.random.default_rng(seed)
    corpus = np.repeat(list(corpora), n_voices * n_clips)
    truth = np.tile(np.arange(4), len(corpus) // 4)
    place = np.array(["abc".index(each) for each in corpus])
    statistics = rng.normal(size=(len(truth), 1, DIM)).astype(np.float32)
    statistics[np.arange(len(truth)), 0, (truth + place) % 4] += 2.5
    statistics[np.arange(len(truth)), 0, 4 + place] += 6.0
    speakers = np.array([f"{each}/{row // n_clips}" for row, each in enumerate(corpus)])
    return TrainingClips(statistics, truth, speakers, corpus)


def get_shares(mixture: Mixture, clips: TrainingClips, head) -> np.ndarray:
    standardized = (clips.statistics[:, 0] - head.mean) / head.std
    return torch.softmax(mixture.gate(torch.from_numpy(standardized)), dim=1).detach().numpy()


def test_a_corpus_with_its_own_way_is_served_by_its_own_committee():
    learned, heard = make_clips(n_voices=30), make_clips(seed=1)
    plain = fit_head(learned, dataclasses.replace(RUN, specialists=()), seed=0)
    mixed = fit_head(learned, RUN, seed=0)

    assert isinstance(mixed.network, Mixture)
    shares = get_shares(mixed.network, heard, mixed)
    for number, corpus in enumerate("ab"):
        of_corpus = heard.corpora == corpus
        assert np.all(shares[of_corpus].argmax(axis=1) == number)
        right = [
            np.mean(head.compute_logits(heard.statistics[of_corpus, 0]).argmax(axis=1) == heard.truth[of_corpus])
            for head in (plain, mixed)
        ]
        assert right[1] > right[0]


def test_what_a_specialist_says_counts_half_where_the_gate_is_sure():
    mixture = Mixture(DIM, 1, hidden_sizes=(0,), specialist_sizes=(0,), dropout=0.0).eval()
    statistics = torch.randn(5, DIM, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        mixture.gate.weight.zero_()
        mixture.gate.bias.copy_(torch.tensor([50.0, -50.0]))
        logits = mixture(statistics, statistics)
        general, special = mixture.general(statistics), mixture.list_specialists()[0](statistics)

    expected = (1 - SPECIALIST_SHARE) * general + SPECIALIST_SHARE * special
    torch.testing.assert_close(logits, expected)


def test_the_gate_hears_a_voice_as_it_came_and_the_committees_hear_it_centered():
    mixture = Mixture(DIM, 1, hidden_sizes=(0,), specialist_sizes=(0,), dropout=0.0).eval()
    statistics = torch.randn(5, DIM, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        shares = SPECIALIST_SHARE * torch.softmax(mixture.gate(statistics), dim=1)[:, :1]
        general, special = mixture.general(statistics - 1), mixture.list_specialists()[0](statistics - 1)

        logits = mixture(statistics - 1, statistics)

    torch.testing.assert_close(logits, general + shares * (special - general))


def test_who_sounds_like_a_corpus_that_is_hard_to_hear_is_believed_less():
    mixture = Mixture(DIM, 1, hidden_sizes=(0,), specialist_sizes=(0,), dropout=0.0).eval()
    statistics = torch.randn(5, DIM, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        shares, before = mixture.compute_shares(statistics), mixture(statistics, statistics)
        mixture.temperatures.copy_(torch.tensor([2.0, 3.0]))

        after = mixture(statistics, statistics)

    torch.testing.assert_close(after * (2 * shares[:, :1] + 3 * shares[:, 1:]), before)


@pytest.mark.parametrize(
    ("corpora", "n_specialists"),
    [("abc", 2), ("ab", 2), ("ac", 1), ("bc", 1)],
    ids=["all", "nobody else", "one of them", "the other"],
)
def test_corpora_that_are_left_out_leave_no_specialist(corpora, n_specialists):
    clips = make_clips(corpora)

    network = fit_head(clips, RUN, seed=0).network

    assert isinstance(network, Mixture)
    assert len(network.list_specialists()) == n_specialists
    assert network.gate.out_features == n_specialists + 1


def test_a_corpus_alone_needs_no_specialist():
    assert isinstance(fit_head(make_clips("a"), RUN, seed=0).network, Committee)


def test_a_corpus_without_a_label_gets_no_committee_of_its_own():
    clips = make_clips()

    with pytest.raises(TrainingError, match="no clip of label 'sad' to train on"):
        fit_head(clips.select((clips.corpora != "b") | (clips.truth != 1)), RUN, seed=0)
