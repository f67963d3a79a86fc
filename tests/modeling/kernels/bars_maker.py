"""Small markets for tests: prices on a coarse grid, so that barriers are touched exactly."""

from __future__ import annotations

import numpy as np

from market.contracts import Bars, Timeframe
from market.kernels.sessions import MAIN
from modeling.contracts import BarrierLabelSet
from modeling.kernels.label_windows import row_inputs
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
    close = 100.0 + np.cumsum(rng.integers(-3, 4, n)) * 0.5
    close = np.maximum(close, 20.0)
    open_ = np.concatenate(([100.0], close[:-1])) + rng.choice([0.0, 0.0, 0.0, 0.5, -0.5, 3.0, -3.0], n)
    high = np.maximum(open_, close) + rng.integers(0, 4, n) * 0.5
    low = np.minimum(open_, close) - rng.integers(0, 4, n) * 0.5
    if not eventful:
        return make_bars(open_, high, low, close)
    dividends = np.where(rng.random(n) < 0.05, 3.0, 0.0)
    volume = np.where(rng.random(n) < 0.05, 0.0, 10.0)
    factor = np.where(np.arange(n) >= rng.integers(1, 3 * n), 10.0, 1.0)
    gaps = [(int(rng.integers(1, n)), int(rng.integers(1, 8)))]
    per_day = int(rng.integers(1, 6))
    return make_bars(
        open_, high, low, close, per_day=per_day, gaps=gaps, dividends=dividends, volume=volume, factor=factor
    )
