"""Small markets for tests: prices on a coarse grid, so that barriers are touched exactly."""

from __future__ import annotations

import dataclasses

import numpy as np

from market.contracts import Bars, Timeframe
from market.kernels.sessions import MAIN
from modeling.contracts import BarrierLabelSet
from modeling.kernels.label_windows import RowInputs, row_inputs
from modeling.kernels.labels import BarrierOutcomes, barrier_labels

START_S = 1_700_000_000 // 86_400 * 86_400 + 7 * 3600  # a day at 10:00 Moscow


def spec(**changes) -> BarrierLabelSet:
    values = {
        "name": "test_v1",
        "version": 1,
        "timeframe": "1h",
        "kind": "barrier",
        "horizons": ("1d", "2d", "3d"),
        "take_profit": 0.04,
        "stop_loss": 0.02,
        "barrier_unit": "frac",
        "data_lag_min": 15,
        "within_day": False,
        "max_gap_days": 5.5,
        "max_gap_min": None,
        "min_median_turnover_rub": 0.0,
        "skip_auctions": True,
        "max_spread_of_take_profit_frac": 1.0,
        "strong_frac": 0.1,
        "direction_cuts": (-1.5, -0.5, 0.5, 1.5),
        "trailing_bars": 5,
        "split_guard_bars": 1,
    }
    return BarrierLabelSet(**(values | changes))


def labelled(bars: Bars, rules: BarrierLabelSet, horizon: str, cost_frac=0.002) -> BarrierOutcomes:
    return barrier_labels(bars, rules, horizon, row_inputs(bars, cost_frac=cost_frac))


def make_bars(
    open_, high, low, close, *, per_day=4, gaps=(), dividends=None, volume=None, factor=None
) -> Bars:
    """Return 1h bars, `per_day` a day from 10:00 Moscow; `gaps` are (first bar after it, extra days)."""
    n = len(open_)
    index = np.arange(n)
    begin_s = START_S + index // per_day * 86_400 + index % per_day * 3600
    for first, days in gaps:
        begin_s[first:] += days * 86_400
    return Bars(
        secid="TEST",
        timeframe=Timeframe.H1,
        begin_s=begin_s.astype(np.int64),
        open=np.asarray(open_, dtype=np.float64),
        high=np.asarray(high, dtype=np.float64),
        low=np.asarray(low, dtype=np.float64),
        close=np.asarray(close, dtype=np.float64),
        volume_shares=np.ones(n) if volume is None else np.asarray(volume, dtype=np.float64),
        turnover_rub=np.ones(n),
        split_factor=np.ones(n) if factor is None else np.asarray(factor, dtype=np.float64),
        dividend_rub=np.zeros(n) if dividends is None else np.asarray(dividends, dtype=np.float64),
        trading_day=index // per_day,
        session=np.full(n, MAIN, dtype=np.int8),
    )


def random_bars(seed: int, n: int = 60, *, eventful: bool = True) -> Bars:
    """Return a random walk on a grid of half rubles around 100, with gaps, halts, dividends, a split and holes."""
    rng = np.random.default_rng(seed)
    prices = _random_prices(rng, n)
    if not eventful:
        return make_bars(*prices)
    events = _random_events(rng, n)
    gaps = [(int(rng.integers(1, n)), int(rng.integers(1, 8)))]
    return make_bars(*prices, per_day=int(rng.integers(1, 6)), gaps=gaps, **events)


def wild_bars(seed: int, timeframe: Timeframe, n: int = 60) -> Bars:
    """Return such a walk in days of unequal length, with evening and weekend sessions, holes and halts."""
    rng = np.random.default_rng(seed)
    bar_s, begins, days = 60 * timeframe.minutes, [], []
    begin_of_day, trading_day = START_S, 0
    most = 1 if timeframe is Timeframe.D1 else 8 if timeframe.minutes < 60 else 4
    while len(begins) < n:
        at = begin_of_day
        for number in range(int(rng.integers(1, most + 1))):
            if number:
                # The next bar, sometimes after missing ones, an evening's auction or a halt.
                at += bar_s + int(rng.choice([0, 0, 0, 0, bar_s, 15 * 60, 3 * bar_s]))
            begins.append(at)
            days.append(trading_day)
        begin_of_day += 86_400 * int(rng.choice([1, 1, 1, 3, 9]))
        trading_day += int(rng.choice([0, 1, 1, 1, 2])) if most > 1 else 1
    bars = make_bars(*_random_prices(rng, n), **_random_events(rng, n))
    return dataclasses.replace(
        bars,
        timeframe=timeframe,
        begin_s=np.array(begins[:n], dtype=np.int64),
        trading_day=np.array(days[:n], dtype=np.int64),
    )


def random_inputs(bars: Bars, seed: int, cost_frac: float = 0.002) -> RowInputs:
    """Return inputs of rows that know no law: levels, spreads and turnovers known here and there, some auctions."""
    rng = np.random.default_rng(seed)
    n = len(bars)
    return RowInputs(
        cost_frac=np.full(n, cost_frac),
        atr_frac=rng.choice([np.nan, 0.005, 0.01, 0.02, 0.02, 0.6], n),
        spread_frac=rng.choice([np.nan, 0.0, 0.001, 0.004, 0.01], n),
        median_turnover_rub=rng.choice([np.nan, 1e5, 2e5, 3e5], n),
        auction=rng.random(n) < 0.1,
    )


def _random_prices(rng: np.random.Generator, n: int) -> list[np.ndarray]:
    close = np.maximum(100.0 + np.cumsum(rng.integers(-3, 4, n)) * 0.5, 20.0)
    open_ = np.concatenate(([100.0], close[:-1])) + rng.choice([0.0, 0.0, 0.0, 0.5, -0.5, 3.0, -3.0], n)
    high = np.maximum(open_, close) + rng.integers(0, 4, n) * 0.5
    low = np.minimum(open_, close) - rng.integers(0, 4, n) * 0.5
    return [open_, high, low, close]


def _random_events(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    return {
        "dividends": np.where(rng.random(n) < 0.05, 3.0, 0.0),
        "volume": np.where(rng.random(n) < 0.05, 0.0, 10.0),
        "factor": np.where(np.arange(n) >= rng.integers(1, 3 * n), 10.0, 1.0),
    }
