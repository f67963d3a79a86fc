"""Profiles of ranks: persistence and tenths a second time by plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from modeling.kernels.rank_profile import decile_profile, rank_persistence, shares_by_day


def panel(seed=1, days=40, shares=25):
    rng = np.random.default_rng(seed)
    keep = rng.random((days, shares)) < 0.8
    values = np.cumsum(rng.normal(size=(days, shares)), axis=0)
    day, share = np.nonzero(keep)
    ranks = values[keep] / np.abs(values).max()  # within -1 and 1, as ranks are
    return 19_000 + 3 * day.astype(np.int64), share.astype(np.int64), ranks


@pytest.mark.parametrize("lag", [1, 5])
def test_persistence_is_the_mean_of_spearmans(lag):
    day, share, value = panel()
    days, found = rank_persistence(day, share, value, lag_days=lag, min_shares=5)
    at = np.unique(day)
    for place, (own, ic) in enumerate(zip(days, found, strict=True)):
        before = at[np.flatnonzero(at == own)[0] - lag]
        now = dict(zip(share[day == own], value[day == own], strict=True))
        then = dict(zip(share[day == before], value[day == before], strict=True))
        both = sorted(now.keys() & then.keys())
        assert ic == pytest.approx(spearmanr([now[s] for s in both], [then[s] for s in both]).statistic)
        assert place < 40
    assert days.size == 40 - lag


def test_persistence_fades_with_the_lag_and_needs_shares():
    day, share, value = panel()
    near, far = (rank_persistence(day, share, value, lag_days=lag, min_shares=5)[1].mean() for lag in (1, 20))
    assert near > far
    assert rank_persistence(day, share, value, lag_days=1, min_shares=26)[1].size == 0
    assert rank_persistence(day[:5], share[:5], value[:5], lag_days=1, min_shares=2)[1].size == 0
    with pytest.raises(ValueError, match="lag_days must be at least 1"):
        rank_persistence(day, share, value, lag_days=0, min_shares=5)


def test_tenths_are_those_of_a_plain_loop():
    day, _, score = panel()
    forward = np.random.default_rng(3).normal(size=day.size)
    slow: dict[int, list[float]] = {}
    for own in np.unique(day):
        rows = np.flatnonzero(day == own)
        order = rows[np.argsort(score[rows], kind="stable")]
        for decile in range(10):
            part = [row for place, row in enumerate(order) if place * 10 // rows.size == decile]
            if part:
                slow.setdefault(decile + 1, []).append(forward[part].mean() - forward[rows].mean())
    found = decile_profile(day, score, forward)
    assert found["decile"].to_list() == list(range(1, 11))
    assert found["excess_frac"].to_list() == pytest.approx([np.mean(slow[one]) for one in range(1, 11)])
    assert found["days"].to_list() == [len(slow[one]) for one in range(1, 11)]
    assert all(decile_profile(day, score, forward).equals(found) for _ in range(50))  # to the last bit


def test_shares_are_counted_by_day():
    day, _, _ = panel()
    told = shares_by_day(day)
    assert told["rows"].sum() == day.size
    assert told["day"].to_list() == np.unique(day).tolist()
