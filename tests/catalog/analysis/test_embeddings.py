from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from catalog.analysis.affect import load_affect_model
from catalog.analysis.embeddings import (
    AFFECT_AXES,
    MAX_RAW_NORM,
    N_DIMENSIONS,
    fit_embedding_space,
    fold,
    load_embedding_space,
)

raw_vectors = arrays(np.float64, 32, elements=st.floats(-10.0, 10.0))


@given(raw_vectors)
def test_embedding_has_unit_length(raw):
    assert np.linalg.norm(fold(raw)) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_inner_product_with_an_affect_query_keeps_the_order_of_raw_scores(seed):
    rng = np.random.default_rng(seed)
    raws = rng.standard_normal((200, 32))
    query = np.zeros(32)
    query[:4] = rng.dirichlet(np.ones(4))

    similarities = np.stack([fold(raw) for raw in raws]) @ np.append(query, 0.0)

    assert np.array_equal(np.argsort(similarities), np.argsort(raws @ query))


def test_vector_longer_than_the_limit_keeps_its_direction():
    raw = np.full(32, MAX_RAW_NORM)

    folded = fold(raw)

    assert folded[-1] == pytest.approx(0.0, abs=1e-6)
    np.testing.assert_allclose(folded[:-1], 1.0 / np.sqrt(32), rtol=1e-6)


def test_timbre_axes_weigh_together_as_much_as_two_affect_axes():
    rng = np.random.default_rng(4)
    standardized = rng.standard_normal((300, 60)) * np.linspace(2.0, 0.1, 60)

    space = fit_embedding_space(rng.uniform(size=(300, 6)), standardized)

    timbre = (standardized - space.timbre_center) @ space.timbre_axes.T
    assert timbre.var(axis=0).sum() == pytest.approx(2.0)


def test_shipped_space_fits_the_shipped_model():
    model, space = load_affect_model(), load_embedding_space()

    embedding = space.embed(model.estimate(model.regression.anchors[0]), model.regression.anchors[0])

    assert embedding.shape == (N_DIMENSIONS,)
    assert embedding.dtype == np.float32
    assert len(AFFECT_AXES) == space.affect_center.size
