"""Benchmark of the trading simulator: one barrier strategy that decides at every bar of a million."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from market.contracts import Bars, Timeframe
from modeling.kernels.label_windows import ATR_BARS, row_inputs
from modeling.kernels.simulator import simulate
from modeling.kernels.simulator_market import Instrument, Market, moscow_days, stack_market
from modeling.kernels.simulator_orders import AccountRules, BorrowRate, FlatCost, Orders
from tests.benchmarks.figures import Figure
from tests.features.series import random_bars

BARS, DAY_BARS, WINDOW_BARS = 1_000_000, 525, 60
CAPITAL_RUB, ROUND_TRIP_BP = 1e8, 0.1  # rich and nearly free: whoever is ruined soon is simulated fast
SHORT_YEAR_FRAC = 0.2
# In ATR(14); the wider the barriers, the longer a trade lasts and the fewer there are.
STOPS_ATR = (1.0, 10.0)
MOST_NS = 200.0
RUNS = 5


def simulator() -> list[Figure]:
    """Return what a bar of one strategy costs, one position at a time, the stacking of the market left out."""
    bars = minutes()
    market = stack_market([Instrument(bars=bars, price_step_rub=0.01, lot_size=1, shortable=True)])
    return [_figure(market, bars, stop_atr) for stop_atr in STOPS_ATR]


def minutes() -> Bars:
    """Return a walk of minutes in days of 525 bars."""
    at = np.arange(BARS, dtype=np.int64)
    begin_s = 1_500_000_000 // 86_400 * 86_400 + at // DAY_BARS * 86_400 + at % DAY_BARS * 60
    walk = random_bars(BARS, seed=1)
    return replace(walk, timeframe=Timeframe.M1, begin_s=begin_s, trading_day=at // DAY_BARS)


def orders(bars: Bars, stop_atr: float) -> Orders:
    """Return an order after every bar, to a random side, out at the day's end at the latest."""
    decision = np.arange(ATR_BARS, len(bars) - 2, dtype=np.int64)
    entry = decision + 1
    day_last = (entry // DAY_BARS + 1) * DAY_BARS - 1
    unit = row_inputs(bars, cost_frac=ROUND_TRIP_BP / 1e4).atr_frac[decision]
    n = decision.size
    return Orders(
        instrument=np.zeros(n, dtype=np.int64),
        decision_bar=decision,
        entry_bar=entry,
        last_bar=np.minimum(entry + WINDOW_BARS - 1, np.minimum(day_last, len(bars) - 1)),
        side=np.where(np.random.default_rng(0).random(n) < 0.5, 1, -1).astype(np.int8),
        take_profit_frac=2.0 * stop_atr * unit,
        stop_loss_frac=stop_atr * unit,
        priority=np.zeros(n),
        max_value_rub=np.full(n, np.inf),
        size_factor=np.ones(n),
        half_spread_frac=np.full(n, np.nan),
    )


def _figure(market: Market, bars: Bars, stop_atr: float) -> Figure:
    account = AccountRules(
        capital_rub=CAPITAL_RUB,
        costs=FlatCost(round_trip_bp=ROUND_TRIP_BP),
        borrow_rates=(BorrowRate(since_day=0, year_frac=SHORT_YEAR_FRAC),),
        max_open=1,
        stake_frac=0.1,
    )
    wanted, calendar = orders(bars, stop_atr), np.unique(moscow_days(bars.known_s))
    seconds, trades = [], 0
    for _ in range(RUNS):  # the first one compiles
        began_s = time.process_time()
        trades = len(simulate(market, wanted, account, calendar=calendar).trades)
        seconds.append(time.process_time() - began_s)
    what = f"simulator, stops of {stop_atr:g} ATR, {trades:,} trades in {BARS:,} bars, per bar"
    return Figure(what=what, value=1e9 * min(seconds) / BARS, unit="ns", below=MOST_NS)
