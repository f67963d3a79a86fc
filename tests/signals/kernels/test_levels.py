"""Swing points against a slow search, causality by cutting, levels around the close."""

from __future__ import annotations

import numpy as np
import pytest

from signals.kernels.levels import price_levels, swing_points


def prices(seed: int, n: int = 300) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    middle = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, n)))
    return middle * (1 + rng.uniform(0, 0.01, n)), middle * (1 - rng.uniform(0, 0.01, n))


@pytest.mark.parametrize("seed", range(5))
def test_swing_points_equal_a_slow_search(seed):
    high, low = prices(seed)
    tops, bottoms = swing_points(high, low, reach=4)
    assert tops.tolist() == [t for t in range(4, 296) if high[t] == max(high[t - 4 : t + 5])]
    assert bottoms.tolist() == [t for t in range(4, 296) if low[t] == min(low[t - 4 : t + 5])]


def test_swing_points_do_not_change_with_later_bars():
    high, low = prices(7)
    whole, _ = swing_points(high, low)
    for cut in (50, 120, 251):
        known, _ = swing_points(high[:cut], low[:cut])
        assert known.tolist() == [t for t in whole if t < cut - 5]


def test_levels_stand_on_both_sides_of_the_close_and_merge_near_ones():
    high, low = prices(3)
    levels = price_levels(high=high, low=low, close_rub=100.0, tolerance_rub=0.5)
    for level in levels:
        assert (level.price_rub < 100.0) == (level.kind == "support")
    assert [level.price_rub for level in levels] == sorted(level.price_rub for level in levels)
    assert all(sum(level.kind == kind for level in levels) <= 3 for kind in ("support", "resistance"))
    one = price_levels(high=high, low=low, close_rub=float(high.max()) + 1, tolerance_rub=1e9)
    assert len(one) == 1 and one[0].kind == "support"


def test_a_ladder_of_swings_is_not_one_level():
    # Tops at 101, 102 ... 110, each nearer to the next than twice the tolerance: chaining would make one level.
    high = np.concatenate([[90.0] * 6 + [100.0 + k] for k in range(1, 11)] + [[90.0] * 6])
    low = high - 50 - np.arange(high.size) * 1e-6
    levels = price_levels(high=high, low=low, close_rub=95.0, tolerance_rub=1.5)
    above = [(level.price_rub, level.touches) for level in levels if level.kind == "resistance"]
    assert above == [(101.5, 2), (103.5, 2), (105.5, 2)]


def test_short_histories_have_no_levels_and_bad_arguments_are_refused():
    high, low = prices(1, n=8)
    assert price_levels(high=high, low=low, close_rub=100.0, tolerance_rub=1.0) == ()
    with pytest.raises(ValueError, match="tolerance_rub"):
        price_levels(high=high, low=low, close_rub=100.0, tolerance_rub=0.0)
    with pytest.raises(ValueError, match="reach"):
        swing_points(high, low, reach=0)
