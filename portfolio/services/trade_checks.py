"""Whether a trade can have been made as it is told."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from market.contracts import InstrumentFacts, SplitFacts
from market.selectors.instruments import instrument_get, instruments_on
from market.selectors.splits import splits_get
from market.selectors.trading_rules import may_short
from modeling.selectors.configuration import cost_model_get
from portfolio.contracts import TradeFacts
from portfolio.kernels.shorts import refused_sales
from portfolio.ledger_contracts import LedgerConfig, Remark, Said
from signals.selectors.known import signal_secids
from traderai.common.arrays import Bools
from traderai.common.clock import MOSCOW
from traderai.common.errors import InputError

_MOST_SHARES = 10**12
_MOST_RUB = 1e9
_FIRST_YEAR = 1990


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A trade that can have been made, in shares and RUB."""

    said: Said
    instrument: InstrumentFacts
    qty_shares: int
    price_rub: float
    commission_rub: float
    traded_at: datetime
    remarks: tuple[Remark, ...]

    @property
    def sign(self) -> int:
        """1 for a purchase, -1 for a sale."""
        return 1 if self.said.side == "BUY" else -1


def day_of(moment: datetime) -> date:
    """Return the Moscow day of a moment."""
    return moment.astimezone(MOSCOW).date()


def instrument_meant(secid: str) -> InstrumentFacts:
    """Return what can be traded under a ticker.

    Raises: NotFoundError for one that we do not hold, with the closest that we do; InputError for an index.
    """
    instrument = instrument_get(secid=secid.strip().upper())
    if instrument.kind == "index":
        raise InputError(
            f"secid must be a share, was the index {instrument.secid}", code="not_tradable", field="secid"
        )
    return instrument


def shares_of(said: Said, *, instrument: InstrumentFacts, day: date) -> int:
    """Return the shares of a trade; a lot is that of the day."""
    if not 0 < said.qty <= _MOST_SHARES:
        raise InputError(f"qty must be above 0 and at most {_MOST_SHARES}, was {said.qty}", field="qty")
    if said.unit == "shares":
        return said.qty
    return said.qty * instruments_on(instruments=(instrument,), day=day)[0].lot_size


def checked_trade(
    said: Said,
    *,
    instrument: InstrumentFacts,
    ranges: Mapping[tuple[int, date], tuple[float, float]],
    config: LedgerConfig,
    now: datetime,
) -> Checked:
    """Return a trade in shares and RUB with what is to be remarked on it; `ranges` are those of its day.

    A commission that was not said is reckoned by the costs of the configuration: no trade is free.

    Raises: InputError that names the field: an impossible quantity, price, time, commission or stop.
    """
    traded_at = said.traded_at or now
    if not traded_at.year >= _FIRST_YEAR or traded_at > now:
        raise InputError(
            f"traded_at must not lie before {_FIRST_YEAR} or in the future, was {traded_at.isoformat()}",
            field="traded_at",
        )
    qty = shares_of(said, instrument=instrument, day=day_of(traded_at))
    price = _money(said.price_rub, "price")
    remarks = list(_price_remarks(price, ranges.get((instrument.id, day_of(traded_at))), config))
    commission = said.commission_rub
    if commission is None:
        costs = cost_model_get()
        commission = round(qty * price * (costs.exchange_fee_frac + costs.broker_fee_frac), 2)
        remarks.append(Remark(code="commission_reckoned", params={"commission_rub": commission}))
    if not (math.isfinite(commission) and 0 <= commission <= qty * price):
        raise InputError(
            f"commission must be 0 or more and at most the value of the trade ({qty * price:.2f}), was {commission}",
            field="commission",
        )
    check_stop(said, price)
    return Checked(
        said=said,
        instrument=instrument,
        qty_shares=qty,
        price_rub=price,
        commission_rub=float(commission),
        traded_at=traded_at,
        remarks=tuple(remarks),
    )


def check_stop(said: Said, price: float) -> None:
    """Refuse a stop that lies where there is profit."""
    if said.stop_rub is None:
        return
    stop = _money(said.stop_rub, "stop")
    if (stop >= price) == (said.side == "BUY"):
        wanted = "below" if said.side == "BUY" else "above"
        raise InputError(
            f"stop of a {said.side} must be {wanted} its price {price:g}, was {stop:g}; leave it out where the trade "
            "closes a position",
            code="stop_on_the_wrong_side",
            field="stop",
        )


def check_signal(signal_id: int | None, secid: str) -> None:
    """Refuse a signal that there is not, or of another share."""
    if signal_id is not None and signal_secids(ids=[signal_id]).get(signal_id) != secid:
        raise InputError(
            f"signal_id must be a signal of {secid}, was {signal_id}",
            code="unknown_signal",
            field="signal_id",
        )


def sales_refused(known: Sequence[TradeFacts], new: Sequence[Checked], *, now: datetime) -> Bools:
    """Return which of the new trades are short sales where none is possible (n,), all of one account."""
    refused: Bools = np.zeros(len(new), dtype=np.bool_)
    sold = {each.instrument.secid: each.instrument.shortable for each in new if each.sign < 0}
    splits = splits_get(secids=sorted(sold), as_of=now)
    for secid, shortable in sold.items():
        told = [place for place, each in enumerate(new) if each.instrument.secid == secid]
        rows = [(each.traded_at, _signed(each), -1) for each in known if each.secid == secid]
        rows += [(new[place].traded_at, _signed(new[place]), place) for place in told]
        rows.sort(key=lambda row: (row[0], row[2]))
        own_splits = splits.get(secid, ())
        places = np.array([place for _, _, place in rows])
        qty = np.array([signed * _shares_since(own_splits, at) for at, signed, _ in rows])
        days = {day_of(at) for at, _, _ in rows}
        allowed = {day: may_short(secid=secid, day=day, shortable=shortable).allowed for day in days}
        possible = np.array([allowed[day_of(at)] for at, _, _ in rows], dtype=np.bool_)
        refused[places[refused_sales(qty, places >= 0, possible)]] = True
    return refused


def short_refusal(trade: Checked) -> InputError:
    """Return why a short sale was refused."""
    return InputError(
        f"qty of a SELL must be held, and {trade.qty_shares} shares of {trade.instrument.secid} were not on "
        f"{day_of(trade.traded_at).isoformat()}, when none could be borrowed to sell short; tell of the purchases first",
        code="not_shortable",
        field="qty",
    )


def _signed(trade: TradeFacts | Checked) -> float:
    side = trade.said.side if isinstance(trade, Checked) else trade.side
    return float(trade.qty_shares if side == "BUY" else -trade.qty_shares)


def _shares_since(splits: Sequence[SplitFacts], at: datetime) -> float:
    return math.prod(each.shares_after_per_before for each in splits if at < each.begins_at)


def _money(value: float | None, field: str) -> float:
    if value is None:
        raise InputError(f"{field} must be given: RUB for one share", code="required", field=field)
    if not (math.isfinite(value) and 0 < value <= _MOST_RUB):
        raise InputError(f"{field} must be above 0 and at most {_MOST_RUB:g} RUB, was {value}", field=field)
    return float(value)


def _price_remarks(
    price: float, day_range: tuple[float, float] | None, config: LedgerConfig
) -> Sequence[Remark]:
    if day_range is None:
        return [Remark(code="price_not_checked")]
    low, high = day_range
    if price > high * config.price_refuse_factor or price < low / config.price_refuse_factor:
        raise InputError(
            f"price must be near what the share was traded at that day, {low:g} to {high:g} RUB, was {price:g}; give "
            "the price of one share as it was then, splits not applied",
            code="price_out_of_range",
            field="price",
        )
    if price > high * (1 + config.price_remark_frac) or price < low * (1 - config.price_remark_frac):
        return [Remark(code="price_outside_of_day", params={"low_rub": low, "high_rub": high})]
    return []
