from __future__ import annotations

import numpy as np
import pytest

from catalog.analysis.kernel_regression import (
    KernelShape,
    compute_family_kernel,
    compute_kernel,
    mix_kernels,
    split_families,
)


def test_families_are_split_by_the_name_before_the_dot():
    families = split_families(("timbre.a", "rhythm.b", "timbre.c"))

    assert [family.tolist() for family in families] == [[0, 2], [1]]


def test_gaussian_kernel_of_a_row_with_itself_is_one():
    rows = np.random.default_rng(0).standard_normal((20, 6))

    kernel = compute_kernel(rows, rows, KernelShape(1.0, 0.0))

    np.testing.assert_allclose(np.diag(kernel), 1.0)


@pytest.mark.parametrize("linear_share", [0.0, 0.4, 1.0])
def test_kernel_is_positive_semidefinite(linear_share):
    rows = np.random.default_rng(0).standard_normal((20, 6))

    kernel = compute_kernel(rows, rows, KernelShape(1.0, linear_share))

    assert np.linalg.eigvalsh(kernel).min() > -1e-9


def test_family_kernel_agrees_with_its_definition():
    rng = np.random.default_rng(1)
    left, right = rng.standard_normal((2, 5)), rng.standard_normal((3, 5))
    families = [np.array([0, 1]), np.array([2, 3, 4])]

    kernel = compute_family_kernel(left, right, families, KernelShape(0.7, 0.25))

    for i in range(2):
        for j in range(3):
            parts = [
                0.75 * np.exp(-0.7 * np.mean((left[i, f] - right[j, f]) ** 2))
                + 0.25 * np.mean(left[i, f] * right[j, f])
                for f in families
            ]
            assert kernel[i, j] == pytest.approx(np.mean(parts))


def test_mixed_kernel_gives_both_sides_equal_say():
    assert mix_kernels(np.array([[1.0]]), np.array([[0.0]]))[0, 0] == 0.5
