from __future__ import annotations

import numpy as np
import pytest
import torch

from catalog.training.teachers import MoodTheme, MusiCnn, load_teacher


def test_moodtheme_gives_64_dims_and_56_tags():
    with torch.inference_mode():
        assert MoodTheme().eval()(torch.zeros(1, 96, 1366)).shape == (1, 120)


def test_musicnn_gives_200_dims_and_50_tags():
    with torch.inference_mode():
        assert MusiCnn().eval()(torch.zeros(2, 48_000)).shape == (2, 250)


def test_unknown_teacher_is_refused(tmp_path):
    with pytest.raises(ValueError, match="unknown teacher 'clap', expected one of"):
        load_teacher("clap", tmp_path)


@pytest.mark.data
@pytest.mark.parametrize(("name", "n_dimensions"), [("jamendo-moodtheme", 120), ("musicnn", 250)])
def test_published_weights_fit(material_dir, name, n_dimensions):
    teacher = load_teacher(name, material_dir)

    outputs = teacher(np.random.default_rng(0).uniform(-0.1, 0.1, 200_000).astype(np.float32))

    assert outputs.shape == (n_dimensions,)
    assert np.isfinite(outputs).all()
