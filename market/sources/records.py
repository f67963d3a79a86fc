"""What a source of market data delivers, and the protocol it keeps."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, Protocol, TypeVar

from market.contracts import CandleColumns, CandleOrigin, Timeframe


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedRow:
    """A row that a source could not even read."""

    place: str
    reason: str
    raw: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentRecord:
    """Reference data of one instrument."""

    secid: str
    name_ru: str
    name_en: str
    isin: str = ""
    kind: str = "share"
    board: str = "TQBR"
    lot_size: int = 1
    price_step_rub: float = 0.01
    list_level: int | None = None
    issue_size_shares: int | None = None
    sector: str = ""
    shortable: bool = False
    active: bool = True
    is_simulated: bool = False
    industry: str = ""
    delisted_on: date | None = None  # last day of trading, where it has ended
    first_traded_on: date | None = None  # tells a ticker's new company from the one that gave it up
    terms_told: bool = True  # False: the source knows no lot and no price step, the two above are a guess


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentPage:
    """Instruments and what could not be read as one."""

    records: tuple[InstrumentRecord, ...]
    rejected: tuple[RejectedRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitRecord:
    """A split: `ex_date` is the first trading day in new shares."""

    secid: str
    ex_date: date
    shares_after_per_before: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DividendRecord:
    """A dividend by the day the register closes, or by its ex-date where the source gives that."""

    secid: str
    amount_rub: float
    source: str
    registry_close: date | None = None
    ex_date: date | None = None
    place: str = ""
    announced_on: date | None = None  # set: the record only tells when a dividend was announced
    turned_back_by: float | None = None  # the split by which the amount was turned back into as traded


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionPage:
    """Corporate actions and what could not be read as one."""

    splits: tuple[SplitRecord, ...]
    dividends: tuple[DividendRecord, ...]
    rejected: tuple[RejectedRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CandlePage:
    """Some bars of one series on one board as traded, unchecked, in the order the source gave them."""

    place: str
    columns: CandleColumns
    origin: CandleOrigin
    board: str = "TQBR"
    rejected: tuple[RejectedRow, ...] = ()
    unclosed: int = 0  # bars left out because they had not closed yet
    outside: int = 0  # bars left out because they were not asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class CandleRequest:
    """One series and the span of begins that is wanted."""

    secid: str
    timeframe: Timeframe
    now: datetime
    since: datetime | None = None
    until: datetime | None = None
    board: str = "TQBR"


@dataclass(frozen=True, slots=True, kw_only=True)
class TickerChangeRecord:
    """A ticker that was replaced; `changed_on` is the first trading day under the new one."""

    old_secid: str
    new_secid: str
    changed_on: date
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SectorRecord:
    """The sector of a company's shares."""

    secid: str
    sector: str  # a code of sectors.yaml


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRecord:
    """The span in which an instrument was traded on a board."""

    secid: str
    board: str
    traded_from: date
    traded_till: date | None
    is_primary: bool
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TermsRecord:
    """Lot and price step from a day on; None where the source does not tell."""

    secid: str
    valid_from: date
    lot_size: int | None
    price_step_rub: float | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexMemberRecord:
    """A share's span in an index."""

    index_secid: str
    secid: str
    member_from: date
    member_till: date | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexWeightRecord:
    """A share's weight in an index on a day."""

    index_secid: str
    secid: str
    day: date
    weight_pct: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarRecord:
    """What the exchange's calendar says of a date; sessions as (code, begins_at, ends_at)."""

    day: date
    is_open: bool
    trading_date: date | None
    reason: str
    source: str
    sessions: tuple[tuple[str, datetime, datetime], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FundamentalRecord:
    """One figure of one company and period, in the unit of its metric."""

    secid: str
    metric: str
    period: str
    period_end: date
    value: float
    known_at: datetime
    source: str
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MacroRecord:
    """One value of a series, in force from a day on."""

    series: str
    day: date
    value: float
    known_at: datetime
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecord:
    """Something scheduled for the economy."""

    kind: str
    at: datetime
    title_ru: str
    title_en: str
    known_at: datetime
    outcome: float | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsRecord:
    """One published text; `tickers` are those that the source itself names."""

    source: str  # a code of news_sources.yaml
    external_id: str
    title: str
    body: str
    published_at: datetime
    fetched_at: datetime
    modified_at: datetime | None = None
    url: str = ""
    language: str = "ru"
    tickers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowRecord:
    """Order flow of one share in one span of 5 minutes."""

    secid: str
    begin_at: datetime
    trades: int
    buy_volume_lots: float | None
    sell_volume_lots: float | None
    value_rub: float | None
    imbalance: float | None
    vwap_rub: float | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderBookRecord:
    """How the order book of one share stood in one span of 5 minutes, on average."""

    secid: str
    begin_at: datetime
    spread_best_bp: float | None
    spread_10_levels_bp: float | None
    spread_1m_rub_bp: float | None
    imbalance_best: float | None
    imbalance_book: float | None
    source: str


Record = TypeVar("Record")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPage(Generic[Record]):
    """Records of one kind and the rows that could not be read as one; `place` says where they stood."""

    place: str
    records: tuple[Record, ...]
    rejected: tuple[RejectedRow, ...] = ()
    outside: int = 0  # rows left out because nobody asked for them
    outside_names: tuple[
        tuple[str, int], ...
    ] = ()  # what they were, with their counts, where that is a question


class Source(Protocol):
    """Where market data come from."""

    @property
    def name(self) -> str:
        """Return the name under which rows are stored."""

    def default_secids(self) -> tuple[str, ...]:
        """Return the tickers taken when none are asked for."""

    def instruments(self, *, secids: Sequence[str]) -> InstrumentPage:
        """Return reference data of the tickers."""

    def actions(self, *, secids: Sequence[str]) -> ActionPage:
        """Return splits and dividends of the tickers."""

    def candles(self, *, request: CandleRequest) -> Generator[CandlePage, None, None]:
        """Yield one series in pages, oldest first."""


class ReferenceSource(Protocol):
    """A source that knows tickers' histories, boards, lots and indices."""

    def ticker_changes(self) -> RecordPage[TickerChangeRecord]:
        """Return every known replacement of a ticker."""

    def boards(self, *, secids: Sequence[str]) -> RecordPage[BoardRecord]:
        """Return the boards of instruments and their spans."""

    def terms(self, *, secids: Sequence[str]) -> RecordPage[TermsRecord]:
        """Return lots and price steps by day."""

    def index_members(self) -> RecordPage[IndexMemberRecord]:
        """Return who belonged to which index when."""

    def index_weights(self) -> RecordPage[IndexWeightRecord]:
        """Return the weights of indices by day."""


class IndexSource(Protocol):
    """A source of index candles."""

    def indices(self) -> InstrumentPage:
        """Return the indices and funds it has candles of."""

    def index_candles(self, *, request: CandleRequest) -> Generator[CandlePage, None, None]:
        """Yield one index's candles in pages, oldest first."""


class CalendarSource(Protocol):
    """A source of the exchange's calendar."""

    def calendar(self, *, since: date, until: date) -> RecordPage[CalendarRecord]:
        """Return the days of a span, `until` left out."""


class FundamentalsSource(Protocol):
    """A source of companies' figures."""

    def fundamentals(
        self, *, secids: Sequence[str] | None
    ) -> Generator[RecordPage[FundamentalRecord], None, None]:
        """Yield figures; None asks for every company."""


class MacroSource(Protocol):
    """A source of the economy's series and scheduled events."""

    def macro(self) -> RecordPage[MacroRecord]:
        """Return the values of every series."""

    def events(self) -> RecordPage[EventRecord]:
        """Return scheduled events."""


class NewsFeed(Protocol):
    """A source of news."""

    def news(self, *, since: datetime | None, now: datetime) -> Generator[RecordPage[NewsRecord], None, None]:
        """Yield news in pages."""


class FlowSource(Protocol):
    """A source of order-flow figures."""

    def flow(self, *, secids: Sequence[str] | None) -> Generator[RecordPage[FlowRecord], None, None]:
        """Yield order flow in pages; None asks for every share."""

    def order_books(
        self, *, secids: Sequence[str] | None
    ) -> Generator[RecordPage[OrderBookRecord], None, None]:
        """Yield order-book figures in pages; None asks for every share."""
