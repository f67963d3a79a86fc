"""Simple rules: bar by bar as their definitions say, and blind to what comes later."""

from __future__ import annotations

import numpy as np
import pytest

from modeling.kernels.simple_rules import RULES, SCORES, breakout, ema_cross, momentum_12_1, rsi_reversal
from tests.modeling.kernels.bars_maker import make_bars, random_bars


def assert_causal(rule, bars, cut):
    np.testing.assert_array_equal(rule(bars.cut(cut)), rule(bars)[:cut])


@pytest.mark.parametrize("rule", [*RULES.values(), *SCORES.values()])
def test_no_rule_sees_a_later_bar(rule):
    bars = random_bars(3, n=400)
    for cut in (1, 20, 51, 253, 300, 399):
        assert_causal(rule, bars, cut)


@pytest.mark.parametrize("rule", [*list(RULES.values())[1:], *SCORES.values()])
def test_the_test_catches_a_rule_that_looks_ahead(rule):
    bars = random_bars(3, n=400)

    def leaking(bars):
        return np.roll(rule(bars), -1)

    with pytest.raises(AssertionError):
        for cut in range(60, 399):
            assert_causal(leaking, bars, cut)


@pytest.mark.parametrize("rule", RULES.values())
@pytest.mark.parametrize("n", [0, 1, 2, 20, 21])
def test_short_histories_name_no_side_but_the_thoughtless_one(rule, n):
    sides = rule(random_bars(1, n=60, eventful=False).cut(n))
    assert sides.shape == (n,)
    assert sides.dtype == np.int8
    assert rule is RULES["always_long"] or not sides[:20].any()


def test_a_breakout_is_the_first_close_outside_the_channel():
    bars = random_bars(7, n=500, eventful=False)
    sides, outside = breakout(bars, window=5), np.zeros(500, dtype=int)
    for t in range(5, 500):
        if bars.close[t] > max(bars.high[t - 5 : t]):
            outside[t] = 1
        elif bars.close[t] < min(bars.low[t - 5 : t]):
            outside[t] = -1
    expected = [outside[t] if t > 5 and outside[t] != outside[t - 1] else 0 for t in range(500)]
    assert np.count_nonzero(sides) > 20
    np.testing.assert_array_equal(sides, expected)


def test_averages_cross_where_their_order_turns():
    bars = random_bars(11, n=500, eventful=False)

    def average(window):
        out = [np.nan] * (window - 1) + [bars.close[:window].mean()]
        for price in bars.close[window:]:
            out.append(out[-1] + 2.0 / (window + 1.0) * (price - out[-1]))
        return np.array(out)

    order = np.sign(average(5) - average(12))
    expected = [0] * 12
    expected += [int(order[t]) if order[t] != order[t - 1] else 0 for t in range(12, 500)]
    sides = ema_cross(bars, fast=5, slow=12)
    assert np.count_nonzero(sides) > 20
    np.testing.assert_array_equal(sides, expected)


def test_a_fall_and_a_turn_is_a_reversal():
    close = np.concatenate((100.0 - np.arange(20), 81.0 + 2.0 * np.arange(1, 20)))
    sides = rsi_reversal(make_bars(close, close, close, close))
    assert sides.sum() == 1
    first = int(np.flatnonzero(sides)[0])
    assert 20 <= first <= 26


def test_scores_read_the_closes_they_name():
    bars = random_bars(5, n=300)
    assert np.isnan(momentum_12_1(bars)[:252]).all()
    assert momentum_12_1(bars)[260] == pytest.approx(bars.close[239] / bars.close[8] - 1.0)
    assert SCORES["reversal_1m"](bars)[100] == pytest.approx(1.0 - bars.close[100] / bars.close[79])
    assert np.isnan(SCORES["momentum_12_1"](bars.cut(100))).all()


def test_wrong_windows_are_refused():
    bars = random_bars(5)
    with pytest.raises(ValueError, match="fast must be below slow"):
        ema_cross(bars, fast=50, slow=20)
    with pytest.raises(ValueError, match="window must be at least 2"):
        breakout(bars, window=1)
    with pytest.raises(ValueError, match="low and high must rise"):
        rsi_reversal(bars, low=70, high=30)
