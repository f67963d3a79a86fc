"""Fills and results of entry styles, by hand, against the label code and against a slow reckoning."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from modeling.contracts.policy import StyleRules
from modeling.kernels.barriers import PricePath, first_exit, price_path
from modeling.kernels.entry_fills import StyledOrders, style_result
from tests.modeling.kernels.policy_maker import STYLES
from tests.modeling.synthetic import bars as synthetic_bars

RULES = StyleRules(wait_bars=2, pullback_atr=1.0)
COST = 0.001


def path_of(*rows: tuple[float, float, float, float]) -> PricePath:
    """Return bars of (open, high, low, close) without a dividend."""
    columns = [np.array(column, dtype=np.float64) for column in zip(*rows, strict=True)]
    return PricePath(*columns, np.zeros(len(rows)))


def order(**changes) -> StyledOrders:
    values = {
        "decision": 0, "entry": 1, "last": 4, "sign": 1.0, "take_profit_frac": 0.04, "stop_loss_frac": 0.02,
        "atr_frac": 0.01, "cost_frac": COST,
    } | changes  # fmt: skip
    whole = ("decision", "entry", "last")
    return StyledOrders(
        **{
            key: np.array([value], dtype=np.int64 if key in whole else np.float64)
            for key, value in values.items()
        }
    )


FLAT = (101.0, 101.5, 100.5, 101.0)
UP = (101.0, 106.0, 100.8, 105.0)


@pytest.mark.parametrize(
    ("style", "first", "filled", "gross"),
    [
        ("enter_now", FLAT, 1.0, 0.04),  # 101 to 105.04, wherever it was decided
        ("limit", FLAT, 0.0, None),  # 100 was never seen
        ("limit", (101.0, 101.5, 100.0, 101.0), 0.0, None),  # touched, not traded through
        ("limit", (101.0, 101.5, 99.9, 101.0), 1.0, 105.04 / 100 - 1),
        ("limit", (99.5, 101.5, 99.4, 101.0), 1.0, 99.5 * 1.04 / 99.5 - 1),  # opened below: at the open
        ("wait_pullback", (101.0, 101.5, 99.1, 101.0), 0.0, None),
        (
            "wait_pullback",
            (101.0, 101.5, 98.9, 101.0),
            1.0,
            98.98 / 99 - 1,
        ),  # the stop is 98.98, in the same bar
        ("wait_pullback", (100.5, 101.5, 98.95, 101.0), 1.0, 100.5 * 1.04 / 99 - 1),
        ("scale_in", FLAT, 0.5, 0.04),
    ],
)
def test_fills_by_hand(style, first, filled, gross):
    path = path_of((100.0, 100.0, 100.0, 100.0), first, (101.0, 101.2, 100.9, 101.0), UP, UP)
    found = style_result(path, order(), style=style, rules=RULES)
    assert found.filled[0] == filled
    expected = 0.0 if gross is None else filled * (gross - COST)
    assert found.net_frac[0] == pytest.approx(expected, abs=1e-12)


def test_a_position_opened_inside_of_a_bar_takes_no_profit_there():
    # The high of 106 may have come before the fill at 100.
    wide = (101.0, 106.0, 99.9, 101.0)
    path = path_of((100.0, 100.0, 100.0, 100.0), wide, FLAT, FLAT, FLAT)
    found = style_result(path, order(), style="limit", rules=RULES)
    assert found.net_frac[0] == pytest.approx(101.0 / 100 - 1 - COST)
    now = style_result(path, order(), style="enter_now", rules=RULES)
    assert now.net_frac[0] == pytest.approx(0.04 - COST)


def test_an_order_that_waits_too_long_is_gone():
    path = path_of((100.0,) * 4, FLAT, FLAT, (101.0, 101.5, 95.0, 101.0), FLAT)
    assert style_result(path, order(), style="limit", rules=RULES).filled[0] == 0.0
    patient = dataclasses.replace(RULES, wait_bars=3)
    assert style_result(path, order(), style="limit", rules=patient).filled[0] == 1.0


def drawn(n: int = 400) -> tuple[PricePath, StyledOrders]:
    rng = np.random.default_rng(4)
    bars = synthetic_bars("SHR0", days=120, seed=2)
    paid = np.zeros(len(bars))
    paid[rng.integers(0, len(bars), 6)] = bars.close[0] * 0.01
    path = price_path(dataclasses.replace(bars, dividend_rub=paid))
    decision = rng.integers(0, len(bars) - 30, n)
    entry = decision + rng.integers(1, 3, n)
    return path, StyledOrders(
        decision=decision,
        entry=entry,
        last=entry + rng.integers(0, 25, n),
        sign=rng.choice([-1.0, 1.0], n),
        take_profit_frac=rng.uniform(0.002, 0.03, n),
        stop_loss_frac=rng.uniform(0.002, 0.03, n),
        atr_frac=rng.uniform(0.001, 0.01, n),
        cost_frac=np.full(n, COST),
    )


def test_entering_now_makes_what_the_label_code_says():
    path, orders = drawn()
    found = style_result(path, orders, style="enter_now", rules=RULES)
    assert (found.filled == 1.0).all()
    for row in range(orders.entry.size):
        first = int(orders.entry[row])
        opened = path.open[first] - path.paid[first]
        levels = (orders.take_profit_frac[row] * opened, orders.stop_loss_frac[row] * opened)
        out = first_exit(path, first, int(orders.last[row]), orders.sign[row], *levels)
        gross = orders.sign[row] * (out.lifted_price - path.open[first]) / opened
        assert found.net_frac[row] == pytest.approx(gross - COST, abs=1e-12)


def test_a_better_price_is_never_a_worse_trade_but_for_the_fill_bar_and_halves_are_halves():
    path, orders = drawn()
    by_style = {style: style_result(path, orders, style=style, rules=RULES) for style in STYLES}
    now, back, half = (by_style[style] for style in ("enter_now", "wait_pullback", "scale_in"))
    np.testing.assert_allclose(half.net_frac, (now.net_frac + back.net_frac) / 2)
    np.testing.assert_allclose(half.filled, (1.0 + back.filled) / 2)
    for style in ("limit", "wait_pullback"):
        found = by_style[style]
        assert 0.0 < found.filled.mean() < 1.0
        assert (found.net_frac[found.filled == 0.0] == 0.0).all()
    # A deeper limit is filled less often.
    assert back.filled.sum() < by_style["limit"].filled.sum()


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"entry": 5}, "must be decided by"),
        ({"decision": 2}, "must be decided by"),
        ({"cost_frac": 0.0}, "no trade is free"),
    ],
)
def test_orders_that_cannot_be_are_refused(changes, text):
    with pytest.raises(ValueError, match=text):
        order(**changes)
