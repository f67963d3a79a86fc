"""Occlusion touches the named columns alone."""

from __future__ import annotations

import numpy as np
import pytest

from signals.kernels.occlusion import most_unusual, occluded

WINDOWS = np.random.default_rng(0).normal(size=(3, 8, 5)).astype(np.float32)


def test_only_the_named_columns_stand_at_their_mean():
    kept = WINDOWS.copy()
    changed = occluded(WINDOWS, (1, 4))
    assert (kept == WINDOWS).all()
    assert (changed[:, :, [0, 2, 3]] == WINDOWS[:, :, [0, 2, 3]]).all()
    for row in range(3):
        for column in (1, 4):
            assert changed[row, :, column] == pytest.approx([WINDOWS[row, :, column].mean()] * 8, abs=1e-6)


def test_the_most_unusual_column_is_the_farthest_in_deviations():
    row = np.asarray([1.0, 10.0, -4.0], dtype=np.float32)
    mean, std = np.zeros(3), np.asarray([1.0, 100.0, 1.0])
    assert most_unusual(row, (0, 1, 2), mean=mean, std=std) == 2
    assert most_unusual(row, (0, 1), mean=mean, std=std) == 0


@pytest.mark.parametrize("columns", [(), (5,), (-1,)])
def test_columns_outside_are_refused(columns):
    with pytest.raises(ValueError, match="columns"):
        occluded(WINDOWS, columns)
