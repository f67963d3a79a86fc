"""What leaves the market app about calendars, costs and indices; a part of `market.contracts`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarDayFacts:
    """One date of the exchange's calendar."""

    day: date
    is_open: bool
    trading_date: (
        date | None
    )  # the trading day it belongs to: a weekend session belongs to the next regular one
    reason: str  # why it is closed or special
    source: str  # candles, iss or rules


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFacts:
    """One session of one date, auctions included."""

    code: str  # morning, main, evening or weekend
    begins_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Fees:
    """What one side of a trade costs in fees, as fractions of its value."""

    taker_frac: float  # to the exchange, for an order that meets a waiting one
    maker_frac: float  # to the exchange, for an order that waited
    broker_frac: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceBand:
    """Between which prices orders are taken: inside the inner pair surely, outside the outer pair never."""

    low_rub: float
    high_rub: float
    lowest_rub: float
    highest_rub: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BorrowTerm:
    """What borrowing a share for a year costs from a day on."""

    since: date | None  # None: from the start
    year_frac: float  # of its value


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortPermission:
    """Whether a short position may be opened, and why not."""

    allowed: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TermsFacts:
    """Lot and price step of a share on a day."""

    lot_size: int
    price_step_rub: float
    is_dated: bool  # False: nothing tells of that day, the instrument's newest figures stand in


@dataclass(frozen=True, slots=True, kw_only=True)
class DividendAhead:
    """A dividend whose first day without it had not come yet when it became known."""

    ex_date: date  # the first day on which a buyer does not get it
    known_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitFacts:
    """A split: so many shares after it for one before."""

    begins_at: datetime  # from then on new shares are traded: midnight of the first day of its trading day
    shares_after_per_before: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseFacts:
    """Where a share stood: the close of its last bar, as traded."""

    begin: datetime  # of that bar
    close: float


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexMemberFacts:
    """A share that belonged to an index; how long it would was not known then."""

    secid: str
    member_from: date


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexWeights:
    """The shares of an index and their weights on the newest day told."""

    index_secid: str
    day: date
    weight_pct: dict[str, float]  # by current ticker
