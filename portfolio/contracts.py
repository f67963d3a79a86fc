"""What crosses the border of `portfolio`: trades as they were made, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

AccountKind = Literal["real", "virtual"]
TradeSide = Literal["BUY", "SELL"]
TradeOrigin = Literal["api", "manual", "csv", "virtual", "adjustment"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFacts:
    """One account of a user."""

    id: int
    kind: AccountKind
    name: str
    capital_rub: float | None  # a virtual account's: what it began with; None: unknown
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeFacts:
    """One execution, as it was; a position is the FIFO fold of these and is never stored beside them."""

    id: int
    account_id: int
    secid: str
    side: TradeSide
    qty_shares: int  # above 0
    price_rub: float  # of one share as it was traded that day, splits not applied
    commission_rub: float  # of the whole execution, at least 0
    traded_at: datetime
    known_at: datetime  # when we learned of it
    origin: TradeOrigin
    stop_rub: float | None  # the stop planned with the trade
    signal_id: int | None  # the signal that the user says was followed


@dataclass(frozen=True, slots=True, kw_only=True)
class StopChange:
    """A stop set, moved or taken away after the entry."""

    account_id: int
    secid: str
    stop_rub: float | None  # None: taken away
    set_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTrip:
    """A part of a position, opened by one trade and closed by another, first in first out.

    Quantities and prices are those of the shares at the close: of a split between both, the entry is restated.
    """

    secid: str
    is_long: bool
    qty_shares: float
    opened_at: datetime
    closed_at: datetime
    entry_rub: float
    exit_rub: float
    commission_rub: float  # of both trades, by the part of each that this is
    pnl_rub: float  # after commissions
    opening_trade_id: int
    closing_trade_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionFacts:
    """What is open in one share of one account at a moment."""

    account_id: int
    secid: str
    is_long: bool
    qty_shares: float  # above 0
    avg_price_rub: float  # without commissions
    commission_rub: float  # paid so far for what is open
    opened_at: datetime  # of the oldest open part
    stop_rub: float | None  # the newest one set
    trade_ids: tuple[int, ...]  # of the open parts, oldest first


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedShare:
    """A share on a user's watch list."""

    secid: str
    name_ru: str
    name_en: str
    sector: str
    added_at: datetime
