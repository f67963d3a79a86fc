"""Windows over a panel: each is its share's own past, cut out by a plain loop, whatever comes later or of others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modeling.kernels.share_windows import stacked_by_share

LOOKBACK, GAP = 4, 3


def panel_rows(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return share, day and values of a panel with holes, by date and share."""
    rng = np.random.default_rng(seed)
    there = rng.random((rng.integers(1, 25), rng.integers(1, 5))) < 0.6
    day, share = np.nonzero(there)
    return share, day, rng.normal(size=(day.size, 2)).astype(np.float32)


def plain_window(share: np.ndarray, day: np.ndarray, values: np.ndarray, row: int) -> np.ndarray:
    """Return the newest rows of a row's share up to the first long hole, 0 before them."""
    own = sorted(np.flatnonzero((share == share[row]) & (day <= day[row])), key=lambda at: -day[at])
    window = np.zeros((LOOKBACK, values.shape[1]), dtype=np.float32)
    for step, at in enumerate(own[:LOOKBACK]):
        if step and day[own[step - 1]] - day[at] > GAP:
            break
        window[LOOKBACK - 1 - step] = values[at]
    return window


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), data=st.data())
def test_a_window_is_the_shares_own_past(seed, data):
    share, day, values = panel_rows(seed)
    order = np.array(data.draw(st.permutations(range(day.size))), dtype=np.int64)
    share, day, values = share[order], day[order], values[order]
    stacked, where = stacked_by_share(share, day, values, lookback=LOOKBACK, max_gap_days=GAP)
    for row in range(day.size):
        got = stacked[where[row] - LOOKBACK + 1 : where[row] + 1]
        np.testing.assert_array_equal(got, plain_window(share, day, values, row))


@given(seed=st.integers(0, 10_000), cut=st.integers(0, 24))
def test_what_comes_later_changes_no_window(seed, cut):
    share, day, values = panel_rows(seed)
    before = day < cut
    whole, at = stacked_by_share(share, day, values, lookback=LOOKBACK, max_gap_days=GAP)
    part, there = stacked_by_share(
        share[before], day[before], values[before], lookback=LOOKBACK, max_gap_days=GAP
    )
    for own, other in zip(at[before], there, strict=True):
        np.testing.assert_array_equal(
            whole[own - LOOKBACK + 1 : own + 1], part[other - LOOKBACK + 1 : other + 1]
        )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"day": np.zeros(3, dtype=np.int64)}, "twice on a day"),
        ({"day": np.zeros(2, dtype=np.int64)}, "must be"),
        ({"lookback": 0}, "at least 1"),
        ({"max_gap_days": 0}, "at least 1"),
    ],
)
def test_bad_rows_are_refused(changes, said):
    given_ = {
        "share": np.zeros(3, dtype=np.int64),
        "day": np.arange(3),
        "values": np.zeros((3, 1), dtype=np.float32),
    }
    with pytest.raises(ValueError, match=said):
        stacked_by_share(**{**given_, "lookback": LOOKBACK, "max_gap_days": GAP, **changes})
