"""A small market of daily bars for the analysis of portfolios, and questions about it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from market.contracts import CandleColumns, Timeframe
from market.models import Instrument
from market.services.candle_write import candles_write
from portfolio.risk_contracts import AskedPosition, PortfolioAnalysis, PortfolioQuestion
from portfolio.services.analyze import portfolio_analyze
from signals.models import Emission, Signal
from tests.market.make import FILE
from traderai.common.clock import MOSCOW, midnight

NOW = datetime(2024, 12, 31, 12, tzinfo=MOSCOW)
LAST = date(2024, 12, 30)
VOLUME = 1e6


def weekdays(count: int, *, last: date = LAST) -> list[date]:
    """Return the last so many weekdays up to a day, oldest first."""
    day, found = last, []
    while len(found) < count:
        if day.weekday() < 5:
            found.append(day)
        day -= timedelta(days=1)
    return found[::-1]


def store(
    secid: str, days: list[date], close: np.ndarray, *, volume: float = VOLUME, **fields: Any
) -> Instrument:
    """Store an instrument with daily bars; the price of the last is 100 times a number near 1."""
    instrument = Instrument.objects.create(
        secid=secid,
        **{
            "name_ru": f"Акция {secid}", "name_en": f"Share {secid}", "lot_size": 10, "sector": "finance",
            "shortable": True,
        } | fields,
    )  # fmt: skip
    bars(instrument, days, close, volume=volume)
    return instrument


def bars(instrument: Instrument, days: list[date], close: np.ndarray, *, volume: float = VOLUME) -> None:
    """Store daily bars of an instrument."""
    columns = CandleColumns(
        begin_s=np.array([int(midnight(day).timestamp()) for day in days], dtype=np.int64),
        open=close, high=close * 1.01, low=close * 0.99, close=close,
        volume_shares=np.full(close.size, volume), value_rub=close * volume,
    )  # fmt: skip
    candles_write(instrument_id=instrument.pk, timeframe=Timeframe.D1, columns=columns, origin=FILE)


def walk(seed: int, count: int, *, deviation: float = 0.012) -> np.ndarray:
    """Return a walk that ends at exactly 100."""
    steps = np.random.default_rng(seed).normal(0, deviation, count)
    path = np.exp(np.cumsum(steps))
    return np.round(100 * path / path[-1], 2)


def market() -> None:
    """Store IMOEX, six shares of two sectors, one that is young, one that has stopped, one nobody trades."""
    days = weekdays(400)
    store("IMOEX", days, walk(0, 400, deviation=0.008) * 30, kind="index", sector="")
    for number in range(6):
        sector = "finance" if number < 3 else "metals"
        store(f"SHR{number}", days, walk(number + 1, 400), sector=sector, shortable=number % 2 == 0)
    store("YOUNG", days[-100:], walk(20, 100), sector="it")
    store("HALTED", weekdays(400, last=date(2024, 11, 29)), walk(21, 400), sector="it")
    store("QUIET", days, walk(22, 400), volume=0.0, sector="it")


def asked(secid: str, qty: float = 10, side: Any = "long", **fields: Any) -> AskedPosition:
    return AskedPosition(**{"secid": secid, "qty": qty, "qty_unit": "lots", "side": side} | fields)


def analyse(*positions: AskedPosition, now: datetime = NOW, **fields: Any) -> PortfolioAnalysis:
    question = PortfolioQuestion(positions=positions, **{"language": "en"} | fields)
    return portfolio_analyze(question=question, now=now)


def say(
    secid: str, action: str, *, horizon: str = "5d", proven: bool = False, at: datetime = NOW, **decision: Any
) -> Signal:
    """Store a live signal of a share, said an hour ago, told, and good for two hours more."""
    began = at - timedelta(hours=2)
    payload = {
        "decision": {"stop_loss_rub": 95.0, "expected_net_frac": 0.02} | decision,
        "warnings": [],
        "last_bar_at": (at - timedelta(hours=1)).isoformat(),
    }
    signal = Signal.objects.create(
        instrument=Instrument.objects.get(secid=secid), timeframe="1h", horizon=horizon, bar_begin=began,
        as_of=began + timedelta(hours=1), valid_until=at + timedelta(hours=2), action=action,
        confidence=None if action == "NO_TRADE" else 70, proven=proven, source="live", model_version="told",
        trained_until=at - timedelta(days=30), payload=payload, created_at=at,
    )  # fmt: skip
    Emission.objects.create(signal=signal, emitted_at=at)
    return signal


def codes(position: Any) -> list[str]:
    return [reason.code for reason in position.reasons]
