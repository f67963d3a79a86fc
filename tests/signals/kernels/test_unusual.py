"""The feature that stands out the most is named."""

from __future__ import annotations

import numpy as np
import pytest

from signals.kernels.unusual import most_unusual

ROW = np.asarray([1.0, 10.0, -4.0, np.nan], dtype=np.float32)
MEAN, STD = np.zeros(4), np.asarray([1.0, 100.0, 1.0, 1.0])


def test_the_most_unusual_column_is_the_farthest_in_deviations():
    assert most_unusual(ROW, np.array([0, 1, 2, 3]), mean=MEAN, std=STD) == 2
    assert most_unusual(ROW, np.array([0, 1]), mean=MEAN, std=STD) == 0
    assert (
        most_unusual(ROW, np.array([3, 1]), mean=MEAN, std=STD) == 1
    )  # a missing value is the least unusual


def test_no_column_is_refused():
    with pytest.raises(ValueError, match="columns"):
        most_unusual(ROW, np.zeros(0, np.int64), mean=MEAN, std=STD)
