from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.analysis.affect import (
    AFFECT_LABELS,
    PRETRAINED_PATH,
    TARGETS,
    KernelShape,
    angle_from_share,
    compute_kernel,
    load_affect_model,
    share_from_angle,
)


@given(st.floats(0.0, 1.0))
def test_share_survives_the_way_to_an_angle_and_back(share):
    assert share_from_angle(angle_from_share(np.array(share))) == pytest.approx(share, abs=1e-9)


def test_kernel_of_a_track_with_itself_is_its_greatest_gaussian():
    rows = np.random.default_rng(0).standard_normal((20, 6))

    kernel = compute_kernel(rows, rows, [np.arange(3), np.arange(3, 6)], KernelShape(1.0, 0.0))

    np.testing.assert_allclose(np.diag(kernel), 1.0)
    assert np.linalg.eigvalsh(kernel).min() > -1e-9


def test_kernel_agrees_with_its_definition():
    rng = np.random.default_rng(1)
    left, right = rng.standard_normal((2, 5)), rng.standard_normal((3, 5))
    families = [np.array([0, 1]), np.array([2, 3, 4])]

    kernel = compute_kernel(left, right, families, KernelShape(0.7, 0.25))

    for i in range(2):
        for j in range(3):
            parts = [
                0.75 * np.exp(-0.7 * np.mean((left[i, f] - right[j, f]) ** 2))
                + 0.25 * np.mean(left[i, f] * right[j, f])
                for f in families
            ]
            assert kernel[i, j] == pytest.approx(np.mean(parts))


def test_shipped_model_is_small_and_holds_arrays_alone():
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

    _, near = model.predict(model.anchors[0])
    _, far = model.predict(np.where(np.arange(model.anchors.shape[1]) % 2, 3.0, -3.0))

    assert near < far


def test_outlandish_descriptors_are_clipped():
    model = load_affect_model()
    descriptors = dict.fromkeys(model.descriptor_names, 1e6)

    assert np.abs(model.standardize(descriptors)).max() <= 3.0


def test_missing_descriptor_is_named():
    with pytest.raises(ValueError, match=r"expected \d+ descriptors, \d+ missing, first 'timbre\."):
        load_affect_model().standardize({})


def test_file_of_other_arrays_is_refused(tmp_path):
    path = tmp_path / "other.npz"
    np.savez(path, weights=np.ones(3))

    with pytest.raises(ValueError, match="expected an affect model"):
        load_affect_model(path)
