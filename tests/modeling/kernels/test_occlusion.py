"""Occluded windows: only the group's columns move, and a sum is taken apart exactly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeling.kernels.occlusion import occluded, occluded_windows, occlusion_effects

REFERENCE = np.array([0.5, np.nan, -1.0, 2.0], dtype=np.float32)


def window(seed: int = 0) -> np.ndarray:
    made = np.random.default_rng(seed).standard_normal((6, 4)).astype(np.float32)
    made[2, 1] = np.nan
    return made


@given(seed=st.integers(0, 99), columns=st.sets(st.integers(0, 3)))
def test_only_the_columns_of_the_group_stand_at_their_reference(seed: int, columns: set[int]):
    own, group = window(seed), np.array(sorted(columns), dtype=np.int64)
    kept = own.copy()
    whole, empty, without = occluded_windows(own, REFERENCE, [np.zeros(0, dtype=np.int64), group])
    np.testing.assert_array_equal(own, kept)
    np.testing.assert_array_equal(whole, own)
    np.testing.assert_array_equal(empty, own)  # sabotage: who hides nothing changes nothing
    for column in range(4):
        wanted = np.full(6, REFERENCE[column]) if column in columns else own[:, column]
        np.testing.assert_array_equal(without[:, column], wanted)


@given(seed=st.integers(0, 99))
def test_a_sum_owes_each_term_what_it_is_above_its_reference(seed: int):
    own, reference = window(seed), np.array([0.5, 0.0, -1.0, 2.0], dtype=np.float32)
    own[2, 1] = 0.25
    weights = np.random.default_rng(seed).standard_normal(4)
    windows = occluded_windows(own, reference, [*np.arange(4)[:, None], np.arange(4)])
    effects = occlusion_effects((windows[:, -1].astype(np.float64) @ weights)[:, None])
    np.testing.assert_allclose(effects[:4, 0], weights * (own[-1] - reference), atol=1e-6)
    assert effects[4, 0] == pytest.approx(effects[:4, 0].sum(), abs=1e-6)
    product = windows[:, -1, :2].astype(np.float64).prod(axis=1, keepdims=True)
    alone = occlusion_effects(product)
    company = alone[4, 0] - alone[:4, 0].sum()  # what only both together do
    assert company == pytest.approx(-(own[-1, 0] - 0.5) * own[-1, 1], abs=1e-6)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"window must be \(l, k\)"):
        occluded_windows(window()[0], REFERENCE, [])
    with pytest.raises(ValueError, match=r"windows must be \(n, l, k\)"):
        occluded(window()[None], REFERENCE[:3], np.array([0]))
    for column in (4, -1):
        with pytest.raises(ValueError, match="columns must lie"):
            occluded_windows(window(), REFERENCE, [np.array([column])])
    with pytest.raises(ValueError, match="answers must be"):
        occlusion_effects(np.zeros((0, 3)))
