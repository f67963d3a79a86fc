"""What a source of market data delivers, and the protocol it keeps."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

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
