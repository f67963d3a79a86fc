"""Trades by few words, for tests of what follows from them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from market.contracts import SplitFacts
from portfolio.contracts import StopChange, TradeFacts

START = datetime(2024, 3, 1, 7, tzinfo=UTC)


def at(hour: float) -> datetime:
    return START + timedelta(hours=hour)


def trade(number: int, side: str, qty: int, price: float, **changed: object) -> TradeFacts:
    """Return trade `number`, made so many hours after the start."""
    values: dict[str, object] = {
        "id": number,
        "account_id": 1,
        "secid": "AAAA",
        "side": side,
        "qty_shares": qty,
        "price_rub": price,
        "commission_rub": 0.0,
        "traded_at": at(number),
        "known_at": at(number),
        "origin": "api",
        "stop_rub": None,
        "signal_id": None,
    }
    return TradeFacts(**{**values, **changed})  # type: ignore[arg-type]


def split(hour: float, ratio: float) -> SplitFacts:
    return SplitFacts(begins_at=at(hour), shares_after_per_before=ratio)


def stop(hour: float, price: float | None, secid: str = "AAAA") -> StopChange:
    return StopChange(account_id=1, secid=secid, stop_rub=price, set_at=at(hour))
