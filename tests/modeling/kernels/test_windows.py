from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modeling.kernels.windows import eligible_rows, require_windows
from tests.modeling.window_maker import plain_windows, stacked


def eligible_slowly(values, instrument, lookback):
    out = []
    for t in range(len(instrument)):
        first = t - lookback + 1
        own = first >= 0 and len(set(instrument[first : t + 1])) == 1
        out.append(own and bool(np.isfinite(values[first : t + 1]).all()))
    return out


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 8))
def test_eligible_rows_equal_the_slow_method(seed, lookback):
    values, instrument = stacked(seed)
    assert list(eligible_rows(values, instrument, lookback=lookback)) == eligible_slowly(
        values, instrument, lookback
    )


def test_a_window_never_reaches_into_another_instrument():
    values = np.arange(8, dtype=np.float32)[:, None]
    instrument = np.array([5, 5, 5, 2, 2, 2, 2, 2])
    rows = np.flatnonzero(eligible_rows(values, instrument, lookback=3))
    assert list(rows) == [2, 5, 6, 7]
    for window, row in zip(plain_windows(values, rows, 3), rows, strict=True):
        assert set(instrument[window[:, 0].astype(int)]) == {instrument[row]}


def test_wrong_requests_are_refused():
    values, instrument = np.zeros((5, 2), dtype=np.float32), np.zeros(5, dtype=np.int64)
    with pytest.raises(ValueError, match="rows must lie from 2 to 4"):
        require_windows(values, np.array([1]), lookback=3)  # would wrap around to the end
    with pytest.raises(ValueError, match="rows must lie from 2 to 4"):
        require_windows(values, np.array([5]), lookback=3)
    with pytest.raises(ValueError, match="lookback must be at least 1"):
        eligible_rows(values, instrument, lookback=0)
    with pytest.raises(ValueError, match="lookback must be at least 1"):
        require_windows(values, np.array([1]), lookback=0)
    with pytest.raises(ValueError, match="stand together"):
        eligible_rows(values, np.array([1, 1, 2, 1, 1]), lookback=2)
    with pytest.raises(ValueError, match="values must be"):
        eligible_rows(values, instrument[:3], lookback=2)
