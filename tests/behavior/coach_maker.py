"""A small world for the coach: users, a share with prices, calls, a regime, and a week of trades with known figures."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from features.contracts import REGIMES
from features.models import RegimeHistory
from market.contracts import CandleColumns, Timeframe
from market.models import Instrument
from market.services.candle_write import candles_write
from modeling.contracts import QUANTILE_LEVELS, Decision, MarketState
from portfolio.models import Account
from signals.models import Signal
from signals.payload import as_json
from tests.market.make import FILE
from tests.portfolio import ledger_maker as ledger
from traderai.accounts.models import User
from traderai.common.clock import MOSCOW, midnight, to_epoch_s

NOW = datetime(2024, 3, 12, 12, 30, tzinfo=MOSCOW)  # a Tuesday; the last full week is 2024-W10
WEEK = "2024-W10"
QUANTILES = (-0.06, -0.045, -0.02, 0.002, 0.025, 0.05, 0.07)


def user(name: str = "anna", **fields: Any) -> User:
    return User.objects.create_user(name, password="x", **fields)


def share(secid: str = "AAAA", *, days: int = 400, seed: int = 1) -> Instrument:
    """A share with daily candles up to the day before now and hourly ones of the last two weeks, last close 100."""
    row = ledger.share(secid)
    rng = np.random.default_rng(seed)
    ends = [NOW.date() - timedelta(days=back) for back in range(days * 7 // 5, 0, -1)]
    begins = [midnight(day) for day in ends if day.weekday() < 5]
    close = 100.0 * np.exp(np.cumsum(rng.normal(0, 0.02, len(begins))))
    close *= 100.0 / close[-1]
    _write(row, Timeframe.D1, begins, close)
    hours = [
        midnight(day) + timedelta(hours=10 + hour)
        for day in ends[-14:]
        if day.weekday() < 5
        for hour in range(8)
    ]
    _write(row, Timeframe.H1, hours, np.full(len(hours), 100.0))
    return row


def _write(row: Instrument, timeframe: Timeframe, begins: list[datetime], close: np.ndarray) -> None:
    columns = CandleColumns(
        begin_s=np.array([to_epoch_s(begin) for begin in begins], dtype=np.int64),
        open=close, high=close * 1.001, low=close * 0.999, close=close,
        volume_shares=np.full(close.size, 1e6), value_rub=1e6 * close,
    )  # fmt: skip
    candles_write(instrument_id=row.pk, timeframe=timeframe, columns=columns, origin=FILE)


def signal(
    row: Instrument, action: str = "BUY", *, strength: str = "strong", at: datetime = NOW, **fields: Any
) -> Signal:
    """A stored call of the horizon in service, in force for two hours."""
    as_of = at - timedelta(minutes=30)
    is_call = action in ("BUY", "SELL")
    decision = Decision(
        action=action, reasons=() if action != "NO_TRADE" else ("stale_data",), side="long" if action != "SELL" else "short",
        p=0.6, p_break_even=0.5, edge=0.1, expected_r=0.1, expected_net_frac=0.01, cost_frac=0.002,
        entry_low_rub=99.5 if is_call else None, entry_high_rub=100.5 if is_call else None,
        take_profit_rub=105.0 if is_call else None, stop_loss_rub=(97.0 if action == "BUY" else 103.0) if is_call else None,
        risk_reward=1.5, confidence=70, strength=strength if is_call else None,
    )  # fmt: skip
    market = MarketState(
        close_rub=100.0, price_step_rub=0.01, lot_size=10, atr_rub=1.0, half_spread_frac=0.0001, median_turnover_rub=1e8,
        bars_known=2000, data_age_s=0.0, regime="flat", shortable=True, halted=False, novelty=1.0,
        take_profit_frac=0.05, stop_loss_frac=0.03,
    )  # fmt: skip
    payload = as_json(
        {
            "decision": decision,
            "market": market,
            "prediction": {"return_quantiles": QUANTILES, "p_long": 0.6, "p_short": 0.3},
            "break_even": {"long": 0.5, "short": 0.5},
            "warnings": [],
            "last_bar_at": as_of.isoformat(),
            "decimals": 2,
        }
    )
    assert len(QUANTILES) == len(QUANTILE_LEVELS)
    return Signal.objects.create(
        instrument=row, timeframe="1h", horizon=fields.pop("horizon", "5d"), bar_begin=as_of - timedelta(hours=1),
        as_of=as_of, valid_until=as_of + timedelta(hours=2), action=action,
        confidence=None if action == "NO_TRADE" else 70, strength=strength if is_call else "", source="live",
        model_version="m", trained_until=as_of - timedelta(days=9), payload=payload,
        **({"created_at": as_of} | fields),
    )  # fmt: skip


def regime(name: str, day: date = NOW.date() - timedelta(days=1)) -> None:
    RegimeHistory.objects.create(
        market="MOEX", scope="", trading_day=day, name=name, spell_began_on=day,
        probabilities={one: float(one == name) for one in REGIMES}, reasons=[], shares=9,
        as_of=midnight(day + timedelta(days=1)), source="x", config_sha="x", built_at=NOW,
    )  # fmt: skip


def week_of_trades(own: Account, row: Instrument) -> None:
    """2024-W10: 1000 at 100, 500 more at 95, all sold at 92: a loss of 8000 and one of 1500, and 105 of commissions."""
    ledger.trade(own, row, "BUY", 1000, 100.0, "2024-03-05T11:05", commission_rub=50.0)
    ledger.trade(own, row, "BUY", 500, 95.0, "2024-03-06T11:05", commission_rub=10.0)
    ledger.trade(own, row, "SELL", 1500, 92.0, "2024-03-07T11:05", commission_rub=45.0)
