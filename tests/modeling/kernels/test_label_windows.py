from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.contracts import Timeframe
from modeling.kernels.label_windows import INCOMPLETE, label_windows, row_inputs
from modeling.selectors.label_sets import barrier_set_get
from tests.modeling.kernels import slow_labels
from tests.modeling.kernels.bars_maker import make_bars, random_bars, spec
from tests.modeling.kernels.test_labels import compare

FILES = {
    "1m": ("candles/1m_2024.parquet", "MTLR"),
    "1h": ("candles/1h_blue_chips_2022_2024.parquet", "LKOH"),
    "1d": ("daily/1d_as_traded_2000_2024.parquet", "SBER"),
}


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6))
def test_inputs_of_rows_equal_the_textbooks(seed):
    bars = random_bars(seed, n=130, eventful=False)
    turnover = np.random.default_rng(seed).random(130)
    bars = dataclasses.replace(bars, turnover_rub=turnover)
    found = row_inputs(bars, cost_frac=0.001)
    for t in (0, 13, 14, 15, 60, 98, 99, 129):
        wanted = slow_labels.wilder_atr(bars, t, 14)
        if wanted is None:
            assert np.isnan(found.atr_frac[t])
        else:
            assert found.atr_frac[t] == pytest.approx(float(wanted) / bars.close[t], rel=1e-12)
        median = np.median(turnover[t - 99 : t + 1]) if t >= 99 else np.nan
        np.testing.assert_equal(found.median_turnover_rub[t], median)
    begun = row_inputs(bars.cut(110), cost_frac=0.001)
    for field in dataclasses.fields(found):
        np.testing.assert_array_equal(getattr(begun, field.name), getattr(found, field.name)[:110])


def flat(n=20):
    return make_bars(*[np.full(n, 100.0) for _ in range(4)])


@pytest.mark.parametrize("value", [np.nan, 0.0, -1.0, np.inf])
@pytest.mark.parametrize("name", ["open", "high", "low", "close"])
def test_broken_prices_are_refused(name, value):
    bars = flat()
    prices = getattr(bars, name).copy()
    prices[7] = value
    with pytest.raises(ValueError, match="prices of TEST must be positive and finite; leave out or mend"):
        row_inputs(dataclasses.replace(bars, **{name: prices}), cost_frac=0.001)


@pytest.mark.parametrize("cost", [0.0, -0.001, np.nan, np.inf, np.full(20, -1.0)])
def test_trades_are_never_free(cost):
    with pytest.raises(ValueError, match="cost_frac must be above 0"):
        row_inputs(flat(), cost_frac=cost)


def test_shapes_and_order_are_checked():
    bars = flat()
    with pytest.raises(ValueError, match="cost_frac must be a number or"):
        row_inputs(bars, cost_frac=np.ones(3))
    with pytest.raises(ValueError, match="auction must be"):
        row_inputs(bars, cost_frac=0.001, auction=np.zeros(3, dtype=bool))
    with pytest.raises(ValueError, match="each once; sort them"):
        row_inputs(dataclasses.replace(bars, begin_s=np.zeros(20, dtype=np.int64)), cost_frac=0.001)
    inputs = row_inputs(flat(8), cost_frac=0.001)
    with pytest.raises(ValueError, match="make them by row_inputs from the same bars"):
        label_windows(bars, spec(), "1d", inputs)


def test_a_horizon_longer_than_the_data_leaves_every_row_incomplete():
    bars, rules = flat(), spec(horizons=("90d",))
    windows = label_windows(bars, rules, "90d", row_inputs(bars, cost_frac=0.001))
    assert np.all(windows.state == INCOMPLETE)


def real_bars(folder, code, since, n):
    place, secid = FILES[code]
    stored = pl.read_parquet(folder / place).filter(pl.col("secid") == secid)
    if code == "1d":
        stored = stored.filter(pl.col("board") == "TQBR").with_columns(begin=pl.col("date").cast(pl.Datetime))
    rows = stored.filter(pl.col("begin") >= since)
    rows = rows.unique("begin").sort("begin").head(n)
    n = rows.height
    zeros = make_bars(*[np.full(n, 1.0) for _ in range(4)])
    volume = rows["volume"].to_numpy().astype(np.float64)
    return dataclasses.replace(
        zeros,
        timeframe=Timeframe(code),
        begin_s=rows["begin"].dt.epoch("s").to_numpy() - 3 * 3600,
        **{name: rows[name].to_numpy().astype(np.float64) for name in ("open", "high", "low", "close")},
        volume_shares=volume,
        turnover_rub=volume * rows["close"].to_numpy(),
        trading_day=rows["begin"].dt.date().rank("dense").cast(pl.Int64).to_numpy(),
    )


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "code", "since", "every"),
    [
        ("basic_v1", "1m", pl.datetime(2024, 3, 5, 17), 90),
        ("intraday_v2", "1m", pl.datetime(2024, 5, 14, 16), 15),
        ("swing_v1", "1h", pl.datetime(2024, 6, 3), 12),
        ("positional_v1", "1d", pl.datetime(2021, 11, 1), 12),
    ],
)
def test_real_bars_equal_the_slow_reference(real_data, name, code, since, every):
    bars, rules = real_bars(real_data, code, since, 400), barrier_set_get(name=name, timeframe=code)
    assert len(bars) == 400
    inputs = row_inputs(bars, cost_frac=0.001)
    compare(bars, rules, rules.horizons[0], inputs, every=every)
    assert np.any(label_windows(bars, rules, rules.horizons[0], inputs).state == 0)
