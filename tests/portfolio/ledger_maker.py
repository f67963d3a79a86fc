"""A small ledger for tests: users, shares with candles, accounts and trades."""

from __future__ import annotations

from datetime import datetime

from market.contracts import InstrumentFacts
from market.models import Instrument
from portfolio.models import Account, Trade
from tests.market import make
from traderai.accounts.models import User
from traderai.common.clock import MOSCOW


def moscow(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=MOSCOW)


def user(name: str = "anna") -> User:
    return User.objects.create_user(name, password="x")


def share(secid: str = "AAAA", **changed: object) -> Instrument:
    values = {"name_ru": f"Акция {secid}", "name_en": f"Share {secid}", "lot_size": 10, "shortable": True}
    return Instrument.objects.create(secid=secid, **{**values, **changed})


def account(owner: User, name: str = "main", **changed: object) -> Account:
    return Account.objects.create(user=owner, name=name, **changed)


def trade(
    own: Account, instrument: Instrument, side: str, qty: int, price: float, at: str, **changed: object
) -> Trade:
    traded_at = moscow(at)
    values = {"commission_rub": 0.0, "traded_at": traded_at, "known_at": traded_at, "origin": "api"}
    return Trade.objects.create(
        account=own,
        instrument=instrument,
        side=side,
        qty_shares=qty,
        price_rub=price,
        **{**values, **changed},
    )


def candles(secid: str, day: str, closes: list[float]) -> None:
    """Write hourly candles from ten o'clock on; each reaches 1 % to both sides of its close."""
    facts: InstrumentFacts = make.instrument_get(secid=secid)
    make.write(facts, make.columns(make.hours(day, count=len(closes)), closes))
