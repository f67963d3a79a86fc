"""The newest figure of a share that was known at a moment, against a loop over everything."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeling.kernels.known_ranks import newest_known


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    known_s = np.sort(rng.integers(0, 60, rng.integers(0, 25)))
    share = rng.integers(0, 4, known_s.size)
    asked = int(rng.integers(0, 15))
    return share, known_s, rng.integers(-1, 5, asked), rng.integers(-5, 70, asked)


@given(st.integers(0, 10_000), st.integers(0, 30))
def test_it_is_what_a_loop_finds(seed: int, stale_s: int):
    share, known_s, at_share, at_s = drawn(seed)
    found = newest_known(share, known_s, at_share=at_share, at_s=at_s, stale_s=stale_s)
    for who, when, row in zip(at_share, at_s, found, strict=True):
        own = [n for n in range(share.size) if share[n] == who and known_s[n] <= when]
        newest = own[-1] if own and when - known_s[own[-1]] <= stale_s else -1
        assert row == newest


@given(st.integers(0, 10_000))
def test_what_becomes_known_later_changes_nothing_before(seed: int):
    share, known_s, at_share, at_s = drawn(seed)
    whole = newest_known(share, known_s, at_share=at_share, at_s=at_s, stale_s=20)
    early = at_s < 30
    kept = known_s < 30
    cut = newest_known(share[kept], known_s[kept], at_share=at_share[early], at_s=at_s[early], stale_s=20)
    np.testing.assert_array_equal(whole[early], cut)


def test_rows_out_of_order_are_refused():
    share, one = np.array([3, 3]), np.array([3])
    with pytest.raises(ValueError, match="known_s must rise within each share, falls 1 times"):
        newest_known(share, np.array([5, 4]), at_share=one, at_s=np.array([9]))
    at = newest_known(np.array([3, 2]), np.array([5, 4]), at_share=one, at_s=np.array([9]))
    assert at.tolist() == [0]
