from __future__ import annotations

import dataclasses
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modeling.kernels.bar_returns import ewma_volatility, return_sums, trailing_volatility, variance
from tests.modeling.kernels import slow_labels
from tests.modeling.kernels.bars_maker import make_bars, random_bars


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 30))
def test_the_trailing_volatility_equals_the_textbooks(seed, window):
    bars = random_bars(seed)
    found = trailing_volatility(bars, window=window)
    for t in range(len(bars)):
        wanted = slow_labels.trailing(bars, t, window)
        if wanted is None:
            assert np.isnan(found[t])
        else:
            assert found[t] == pytest.approx(wanted, abs=1e-10)
    cut = trailing_volatility(bars.cut(40), window=window)
    np.testing.assert_array_equal(cut, found[:40])


def test_one_return_may_stand_beside_those_of_the_sums():
    bars = random_bars(3, eventful=False)
    returns = bars.close[1:] / bars.close[:-1] - 1
    wanted = statistics.variance([0.01, *returns[10:20]])
    total, squares = (int(sums[20] - sums[10]) for sums in return_sums(bars))
    assert variance(total, squares, 0.01, 11) == pytest.approx(wanted, abs=1e-12)


def test_a_stretch_without_a_move_does_not_vary_after_a_long_wild_history():
    moves = np.random.default_rng(1).choice([0.97, 1.03, 1 / 0.97, 1 / 1.03], 300_000)
    close = np.concatenate([100 * np.exp(np.cumsum(np.log(moves)) % 2), np.full(200, 55.5)])
    bars = make_bars(close, close, close, close)
    assert np.all(trailing_volatility(bars, window=100)[-90:] == 0.0)


def test_broken_prices_do_not_wrap_around():
    close = np.full(30, 100.0)
    close[10:] = 1e9
    bars = make_bars(close, close, close, close)
    assert trailing_volatility(bars, window=5)[12] == pytest.approx(statistics.stdev([8.0, 0, 0, 0, 0]))


def test_a_window_of_one_is_refused_and_no_bars_give_nothing():
    empty = make_bars([], [], [], [])
    assert trailing_volatility(empty, window=5).size == 0
    with pytest.raises(ValueError, match="window must be at least 2"):
        trailing_volatility(dataclasses.replace(empty), window=1)


def test_the_weighted_volatility_equals_the_sum_of_all_weighted_squares():
    bars = random_bars(5)
    returns = np.concatenate(([0.0], (bars.close[1:] + bars.dividend_rub[1:]) / bars.close[:-1] - 1.0))
    found = ewma_volatility(bars)
    assert np.isnan(found[:21]).all()
    for t in range(21, len(bars)):
        weights = 0.06 * 0.94 ** np.arange(t, -1, -1.0)
        wanted = np.sum(weights * returns[: t + 1] ** 2) + 0.94 ** (t + 1) * np.mean(returns[1:21] ** 2)
        assert found[t] == pytest.approx(np.sqrt(wanted), rel=1e-12)
    np.testing.assert_array_equal(ewma_volatility(bars.cut(40)), found[:40])
