from __future__ import annotations

from collections import Counter

import numpy as np

from recognizer.training.draws import BalancedSampler, collate

LENGTHS = np.arange(100, 200)
WEIGHTS = np.where(np.arange(100) < 10, 9.0, 1.0)


def test_clips_are_drawn_as_often_as_they_weigh_and_equally_in_every_repetition():
    sampler = BalancedSampler(WEIGHTS, LENGTHS, n_draws=8000, batch_size=8, seed=1)

    draws = list(sampler)

    assert len(draws) == len(sampler) == 8000
    share = sum(n for clip, n in Counter(draw.clip for draw in draws).items() if clip < 10) / 8000
    assert abs(share - 0.5) < 0.03
    assert list(sampler) == draws


def test_batches_hold_clips_of_like_length():
    draws = list(BalancedSampler(np.ones(100), LENGTHS, n_draws=3200, batch_size=8, seed=1))

    spans = [np.ptp(LENGTHS[[draw.clip for draw in draws[at : at + 8]]]) for at in range(0, 3200, 8)]

    assert np.median(spans) <= 5


def test_a_batch_is_cropped_to_one_length_and_never_padded():
    frames = [np.ones((n, 3), np.float16) for n in (20, 25, 40)]
    clips = [
        {"frames": each, "clip": n, "target": np.full(4, 0.25, np.float32), "rng": np.random.default_rng(n)}
        for n, each in enumerate(frames)
    ]

    batch = collate(clips)

    assert 18 <= batch["frames"].shape[1] <= 20
    assert bool((batch["frames"] == 1).all())
    assert batch["labels"].shape == (3, 4)
