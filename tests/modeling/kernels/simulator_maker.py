"""Orders, accounts and small random markets for tests of the simulator."""

from __future__ import annotations

import dataclasses

import numpy as np

from market.contracts import Bars, Timeframe
from modeling.contracts import CostModel
from modeling.kernels.simulator_market import Instrument, moscow_days
from modeling.kernels.simulator_orders import AccountRules, BorrowRate, FlatCost, Orders
from tests.modeling.kernels.bars_maker import START_S, random_bars

DAY_S = 86_400
COSTS = CostModel(
    exchange_fee_frac=0.0003, broker_fee_frac=0.0004, slippage_bp=1.0, slippage_steps=0.5, half_spread_bp=1.0
)
INF, NAN = float("inf"), float("nan")
DEFAULTS = {
    "instrument": 0, "decision_bar": 0, "entry_bar": 1, "last_bar": 3, "side": 1, "take_profit_frac": 0.04,
    "stop_loss_frac": 0.02, "priority": 0.0, "max_value_rub": INF, "size_factor": 1.0, "half_spread_frac": NAN,
}  # fmt: skip
WHOLE = {"instrument", "decision_bar", "entry_bar", "last_bar"}


def orders_of(*rows: dict) -> Orders:
    """Return orders, each a dict of what differs from the defaults."""
    columns = {}
    for name, default in DEFAULTS.items():
        kind = np.int64 if name in WHOLE else np.int8 if name == "side" else np.float64
        columns[name] = np.array([row.get(name, default) for row in rows], dtype=kind)
    return Orders(**columns)


def account(**changes) -> AccountRules:
    values = {
        "capital_rub": 100_000.0,
        "costs": FlatCost(round_trip_bp=10.0),
        "borrow_rates": (BorrowRate(since_day=0, year_frac=0.365),),
        "max_open": 1,
        "stake_frac": 0.5,
    }
    return AccountRules(**(values | changes))


def instrument(bars: Bars, **changes) -> Instrument:
    return Instrument(**({"bars": bars, "price_step_rub": 0.01, "lot_size": 10, "shortable": True} | changes))


def calendar_of(*all_bars: Bars) -> np.ndarray:
    """Return every day from the first bar to the last, days without a bar included."""
    days = np.concatenate([moscow_days(bars.known_s) for bars in all_bars])
    return np.arange(days.min() - 1, days.max() + 1)


def by_day(bars: Bars) -> Bars:
    """Return the same bars as daily ones, from midnight to midnight in Moscow, weekends left out."""
    day = np.arange(len(bars))
    begin_s = START_S - 10 * 3600 + (day + day // 5 * 2) * DAY_S
    return dataclasses.replace(bars, timeframe=Timeframe.D1, begin_s=begin_s.astype(np.int64))


def random_market(seed: int, *, shares: int = 3, n: int = 36) -> list[Instrument]:
    """Return shares on one clock, with holes, halts, dividends, splits, coarse steps and bars nobody trades in."""
    rng = np.random.default_rng(seed)
    daily = rng.random() < 0.3
    market = []
    for share in range(shares):
        bars = random_bars(seed * 7 + share, n)
        if daily:
            bars = by_day(bars)
        kept = np.flatnonzero((rng.random(n) < 0.9) | (bars.dividend_rub > 0))
        bars = dataclasses.replace(
            bars,
            dividend_rub=np.where(bars.dividend_rub > 0, 3.0125, 0.0),  # off every step
        )
        bars = dataclasses.replace(
            bars,
            **{
                field.name: getattr(bars, field.name)[kept]
                for field in dataclasses.fields(bars)
                if isinstance(getattr(bars, field.name), np.ndarray)
            },
        )
        market.append(
            instrument(
                bars,
                price_step_rub=float(rng.choice([0.0, 0.01, 0.5])),
                lot_size=int(rng.choice([1, 10, 100])),
                shortable=bool(rng.random() < 0.8),
            )
        )
    return market


def random_orders(seed: int, market: list[Instrument], count: int = 40) -> Orders:
    rng = np.random.default_rng(seed + 1)
    rows = []
    for _ in range(count):
        share = int(rng.integers(len(market)))
        n = len(market[share].bars)
        decision = int(rng.integers(0, n - 1))
        entry = min(decision + int(rng.choice([1, 1, 1, 2])), n - 1)
        rows.append(
            {
                "instrument": share,
                "decision_bar": decision,
                "entry_bar": entry,
                "last_bar": entry + int(rng.integers(0, 12)),
                "side": int(rng.choice([-1, 1])),
                "take_profit_frac": float(rng.choice([0.01, 0.02, 0.045, INF], p=[0.3, 0.3, 0.3, 0.1])),
                "stop_loss_frac": float(rng.choice([0.01, 0.02, 0.033, INF], p=[0.3, 0.3, 0.3, 0.1])),
                "priority": float(rng.integers(0, 4)),
                "max_value_rub": float(rng.choice([INF, 20_000.0, 300.0], p=[0.7, 0.2, 0.1])),
                "size_factor": float(rng.choice([1.0, 0.5])),
                "half_spread_frac": float(rng.choice([NAN, 0.0, 0.002])),
            }
        )
    return orders_of(*rows)


def random_account(seed: int) -> AccountRules:
    rng = np.random.default_rng(seed + 2)
    mid_day = START_S // DAY_S + 6
    return account(
        capital_rub=float(rng.choice([20_000.0, 1_000_000.0])),
        costs=COSTS if rng.random() < 0.5 else FlatCost(round_trip_bp=float(rng.choice([5.0, 40.0]))),
        borrow_rates=(
            BorrowRate(since_day=0, year_frac=0.27),
            BorrowRate(since_day=mid_day, year_frac=0.41),
        ),
        max_open=int(rng.integers(1, 5)),
        stake_frac=float(rng.choice([0.1, 0.25, 0.6])),
        compounding=bool(rng.random() < 0.7),
        max_gross_frac=float(rng.choice([0.4, 1.0])),
        max_wait_days=float(rng.choice([1.5, 5.5])),
    )
