from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.analysis.affect import (
    AFFECT_LABELS,
    PRETRAINED_PATH,
    TARGETS,
    angle_from_share,
    load_affect_model,
    save_affect_model,
    share_from_angle,
)


@given(st.floats(0.0, 1.0))
def test_share_survives_the_way_to_an_angle_and_back(share):
    assert share_from_angle(angle_from_share(np.array(share))) == pytest.approx(share, abs=1e-9)


def test_shipped_model_is_small_and_has_an_error_for_every_target():
    assert PRETRAINED_PATH.stat().st_size < 3_000_000
    assert len(load_affect_model().error_std) == len(TARGETS)


@pytest.mark.parametrize("seed", range(5))
def test_estimate_stays_within_its_ranges(seed):
    model = load_affect_model()
    standardized = np.random.default_rng(seed).uniform(-3.0, 3.0, len(model.descriptor_names))

    estimate = model.estimate(standardized)

    assert tuple(estimate.shares) == AFFECT_LABELS
    assert all(0.0 <= share <= 1.0 for share in estimate.shares.values())
    assert -1.0 <= estimate.valence <= 1.0
    assert -1.0 <= estimate.arousal <= 1.0
    assert all(std > 0.0 for std in estimate.stds.values())


def test_doubt_is_smaller_on_a_training_track_than_far_from_all():
    model = load_affect_model()
    known = model.regression.anchors[0]

    near = model.estimate(known).stds["valence"]
    far = model.estimate(np.where(np.arange(known.size) % 2, 3.0, -3.0)).stds["valence"]

    assert near < far


def test_outlandish_descriptors_are_clipped():
    model = load_affect_model()
    descriptors = dict.fromkeys(model.descriptor_names, 1e6)

    assert np.abs(model.standardize(descriptors)).max() <= 3.0


def test_missing_descriptor_is_named():
    with pytest.raises(ValueError, match=r"expected \d+ descriptors, \d+ missing, first 'timbre\."):
        load_affect_model().standardize({})


def test_model_survives_writing_and_reading(tmp_path):
    model = load_affect_model()
    standardized = np.random.default_rng(1).standard_normal(len(model.descriptor_names))

    save_affect_model(model, tmp_path / "copy.npz")

    assert load_affect_model(tmp_path / "copy.npz").estimate(standardized) == model.estimate(standardized)


def test_file_of_other_arrays_is_refused(tmp_path):
    path = tmp_path / "other.npz"
    np.savez(path, weights=np.ones(3))

    with pytest.raises(ValueError, match="expected an affect model"):
        load_affect_model(path)
