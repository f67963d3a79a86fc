from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import numpy as np
import pytest

from modeling.kernels.barriers import price_path
from modeling.kernels.simulator_market import day_ends_s, moscow_days, stack_market
from tests.modeling.kernels.bars_maker import random_bars
from tests.modeling.kernels.simulator_maker import instrument


def seconds(*moments: str) -> np.ndarray:
    return np.array([int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) for text in moments])


def test_instruments_stand_end_to_end():
    several = [random_bars(seed, n) for seed, n in ((1, 20), (2, 33), (3, 16))]
    steps = np.linspace(0.01, 0.2, 20)
    market = stack_market([instrument(several[0], price_step_rub=steps), *map(instrument, several[1:])])
    assert market.offset.tolist() == [0, 20, 53, 69]
    for i, bars in enumerate(several):
        rows = slice(market.offset[i], market.offset[i + 1])
        np.testing.assert_array_equal(market.begin_s[rows], bars.begin_s)
        np.testing.assert_array_equal(market.known_s[rows], bars.known_s)
        np.testing.assert_array_equal(market.bar["split_factor"][rows], bars.split_factor)
        for got, wanted in zip(market.path, price_path(bars), strict=True):
            np.testing.assert_array_equal(got[rows], wanted)
    np.testing.assert_array_equal(market.bar["price_step_rub"][:20], steps)
    assert set(market.bar["lot_size"]) == {10}
    assert market.bar["shortable"].all()


def test_days_of_moscow():
    # UTC+3 today, UTC+4 in 2012; midnight belongs to the day before.
    moments = seconds(
        "2024-05-10T21:00:00", "2024-05-10T21:00:01", "2012-05-10T20:00:00", "2012-05-10T20:00:01"
    )
    days = np.array([19853, 19854, 15470, 15471])  # 2024-05-10 and 2012-05-10
    assert moscow_days(moments).tolist() == days.tolist()
    assert day_ends_s(days[[0, 2]]).tolist() == moments[[0, 2]].tolist()
    # Around the two changes of the clock, too.
    around = np.concatenate([np.arange(15050, 15070), np.arange(16360, 16376)])
    ends = day_ends_s(around)
    assert moscow_days(ends).tolist() == around.tolist()
    assert moscow_days(ends + 1).tolist() == (around + 1).tolist()


def test_a_market_needs_instruments():
    with pytest.raises(ValueError, match="at least one instrument"):
        stack_market([])


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        (
            "open",
            np.nan,
            "open of TEST must be above 0 and finite in every bar, was nan; leave such bars out",
        ),
        ("low", 0.0, "low of TEST must be above 0"),
        ("high", np.inf, "high of TEST must be above 0 and finite"),
        ("close", 1e6, "must lie within low to high, did not in bar 7"),
        ("dividend_rub", -1.0, "dividend_rub of TEST must be 0 or more"),
        ("dividend_rub", np.nan, "dividend_rub of TEST must be 0 or more"),
        ("split_factor", 0.0, "split_factor of TEST must be above 0"),
        ("begin_s", 0, "in the order of time"),
    ],
)
def test_broken_bars_are_refused(name, value, text):
    bars = random_bars(5)
    column = getattr(bars, name).copy()
    column[7] = value
    with pytest.raises(ValueError, match=text):
        stack_market([instrument(dataclasses.replace(bars, **{name: column}))])


@pytest.mark.parametrize(
    ("terms", "text"),
    [
        ({"price_step_rub": -0.01}, "price_step_rub of TEST must be 0 or more"),
        ({"price_step_rub": np.nan}, "price_step_rub of TEST"),
        ({"lot_size": 0}, "lot_size of TEST must be at least 1, was 0"),
        ({"shortable": np.ones(3, dtype=np.bool_)}, "one value or of shape"),
    ],
)
def test_broken_terms_are_refused(terms, text):
    with pytest.raises(ValueError, match=text):
        stack_market([instrument(random_bars(5), **terms)])
