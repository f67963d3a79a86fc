"""What leaves the market app: timeframes, instruments and bars."""

from __future__ import annotations

import dataclasses
import enum
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from market.reference_contracts import BorrowTerm as BorrowTerm
from market.reference_contracts import CalendarDayFacts as CalendarDayFacts
from market.reference_contracts import CloseFacts as CloseFacts
from market.reference_contracts import DividendAhead as DividendAhead
from market.reference_contracts import Fees as Fees
from market.reference_contracts import IndexMemberFacts as IndexMemberFacts
from market.reference_contracts import IndexWeights as IndexWeights
from market.reference_contracts import PriceBand as PriceBand
from market.reference_contracts import SessionFacts as SessionFacts
from market.reference_contracts import ShortPermission as ShortPermission
from market.reference_contracts import SplitFacts as SplitFacts
from market.reference_contracts import TermsFacts as TermsFacts
from traderai.common.arrays import F64, I8, I64, Bools
from traderai.common.errors import InputError, did_you_mean


class Timeframe(enum.Enum):
    """The length of a bar; the value is its code."""

    M1 = "1m"
    M5 = "5m"
    M10 = "10m"
    M15 = "15m"
    M30 = "30m"
    H1 = "1h"
    H4 = "4h"
    D1 = "1d"
    W1 = "1w"

    @property
    def minutes(self) -> int:
        """Length in minutes of wall clock; this is the number stored in the database."""
        return _MINUTES[self.value]

    @property
    def duration(self) -> timedelta:
        """Length as a timedelta."""
        return timedelta(minutes=self.minutes)

    @property
    def iss_interval(self) -> int | None:
        """ISS's interval code, None where ISS has no such bars and they are resampled."""
        return {"1m": 1, "10m": 10, "1h": 60, "1d": 24, "1w": 7}.get(self.value)

    @classmethod
    def parse(cls, text: str) -> Timeframe:
        """Return the timeframe of a code or alias ("1h", "H1", "60m"); anything else is an InputError."""
        wanted = _ALIASES.get(text.strip().casefold())
        if wanted is None:
            known = [member.value for member in cls]
            raise InputError(
                f"timeframe must be one of {', '.join(known)}, was {text!r}{did_you_mean(text, known)}",
                code="unknown_timeframe",
                field="timeframe",
            )
        return cls(wanted)

    @classmethod
    def of_minutes(cls, minutes: int) -> Timeframe:
        """Return the timeframe stored as a number of minutes."""
        return next(member for member in cls if member.minutes == minutes)


_MINUTES = {
    "1m": 1, "5m": 5, "10m": 10, "15m": 15, "30m": 30, "1h": 60, "4h": 240, "1d": 1440, "1w": 10080,
}  # fmt: skip
_ALIASES = {code: code for code in _MINUTES} | {
    "m1": "1m", "m5": "5m", "m10": "10m", "m15": "15m", "m30": "30m", "h1": "1h", "60m": "1h", "h4": "4h",
    "240m": "4h", "d1": "1d", "d": "1d", "w1": "1w", "w": "1w",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentFacts:
    """One instrument as reference data say it is."""

    id: int
    secid: str
    name_ru: str
    name_en: str
    sector: str  # a code of sectors.yaml, "" when unknown
    lot_size: int  # shares in a lot
    price_step_rub: float
    decimals: int
    active: bool
    shortable: bool
    is_simulated: bool  # made by the market simulator: everything derived from it is labelled SIMULATED
    issue_size_shares: int | None
    kind: str = "share"  # share, preferred, etf or index


@dataclass(frozen=True, slots=True, kw_only=True)
class TickerSpan:
    """Whose ticker it was in a span of days.

    Rows of the current ticker from before `valid_from` are the same instrument's too: makers of files like to
    put a share's whole history under its newest ticker. Where the former ticker tells of such a day, it is right.
    """

    instrument_id: int
    secid: str  # the instrument's current ticker
    valid_from: date | None  # None: from the beginning
    valid_till: date | None  # first day that is no longer in it; None: still


@dataclass(frozen=True, slots=True, kw_only=True)
class CandleFacts:
    """One stored candle, as traded."""

    begin: datetime  # aware, the start of the bar
    open: float
    high: float
    low: float
    close: float
    volume_shares: float
    value_rub: float | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bars:
    """The closed bars of one instrument, oldest first, on split-adjusted prices.

    Prices are adjusted **forward**: `price = price as traded * split_factor`, where the factor multiplies up the
    splits known so far (1.0 before the first split; 100.0 from GMKN's 1:100 on). A later split therefore never
    changes an earlier bar. All arrays have shape (n,).
    """

    secid: str
    timeframe: Timeframe
    begin_s: I64  # start of the bar, seconds since 1970 UTC
    open: F64
    high: F64
    low: F64
    close: F64
    volume_shares: F64  # in forward-adjusted shares: as traded / split_factor
    turnover_rub: F64  # the exchange's value; close * volume where the source has none
    split_factor: F64
    dividend_rub: F64  # dividend per adjusted share whose ex-date starts with this bar, else 0
    trading_day: (
        I64  # ordinal of the bar's trading day in the exchange's calendar; differences count trading days
    )
    session: I8  # market.kernels.sessions: MORNING, MAIN, EVENING, WEEKEND, or OUTSIDE of all of them

    def __post_init__(self) -> None:
        for field in fields(self):
            array = getattr(self, field.name)
            if isinstance(array, np.ndarray) and array.shape != self.begin_s.shape:
                raise ValueError(f"{field.name} must have shape {self.begin_s.shape}, was {array.shape}")

    def __len__(self) -> int:
        return int(self.begin_s.size)

    @property
    def known_s(self) -> I64:
        """The moment at which each bar is known (its end), seconds since 1970 UTC."""
        return self.begin_s + 60 * self.timeframe.minutes

    def cut(self, stop: int) -> Bars:
        """Return the first `stop` bars; what a test of causality gives to a kernel."""
        return self.part(0, stop)

    def part(self, start: int, stop: int) -> Bars:
        """Return the bars `start` to `stop` as they are here; a dividend before them is not told."""
        arrays: dict[str, Any] = {
            field.name: getattr(self, field.name)[start:stop]
            for field in fields(self)
            if isinstance(getattr(self, field.name), np.ndarray)
        }
        return replace(self, **arrays)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AdjustedCandles:
    """The closed candles of one instrument, oldest first, in the shares of the moment asked for.

    Adjusted **backward**: the newest prices are those traded, earlier ones have the splits known at `as_of` taken
    out and, if asked for, the gaps of the dividends. A later split changes every earlier price: for looking at,
    never for learning from (`Bars` is for that). All arrays have shape (n,).
    """

    secid: str
    timeframe: Timeframe
    as_of: datetime
    dividends: bool  # the gaps of dividends are taken out as well
    begin_s: I64
    open: F64
    high: F64
    low: F64
    close: F64
    volume_shares: F64  # in today's shares
    turnover_rub: F64
    price_factor: F64  # price as traded * price_factor = price here

    def __len__(self) -> int:
        return int(self.begin_s.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class LastClose:
    """Where one share stands: its last close against the one a trading day before."""

    close: float  # as traded
    previous_close: float | None  # last close of the trading day before, in today's shares; None without one
    turnover_rub: float  # of the last trading day so far
    begin: datetime  # of the bar that holds the last close


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CandleColumns:
    """Bars as traded, on their way into the database; all arrays have shape (n,), begins rise strictly."""

    begin_s: I64  # start of the bar, seconds since 1970 UTC
    open: F64
    high: F64
    low: F64
    close: F64
    volume_shares: F64
    value_rub: F64  # NaN where the source has none

    def __len__(self) -> int:
        return int(self.begin_s.size)

    def take(self, rows: I64 | Bools) -> CandleColumns:
        """Return the rows of a mask or of positions."""
        return CandleColumns(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


@dataclass(frozen=True, slots=True, kw_only=True)
class CandleOrigin:
    """Where bars come from; of two origins that tell of one bar the higher (priority, name) is believed."""

    name: str  # iss, simulator, resampled, or a file's place such as candles/SBER_2024.csv
    kind: str  # iss, file, resampled or simulator
    priority: int  # 0 to 1000


ISS_ORIGIN = CandleOrigin(name="iss", kind="iss", priority=1000)
RESAMPLED_ORIGIN = CandleOrigin(name="resampled", kind="resampled", priority=50)
SIMULATOR_ORIGIN = CandleOrigin(name="simulator", kind="simulator", priority=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CandleWriteReport:
    """What one write of candles did; new, changed, unchanged and outranked add up to the rows handed in."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    outranked: int = 0  # rows that disagree with a source of higher rank and were left out
    disagreements: int = 0  # bars told differently by two sources, whichever won
    removed: int = 0  # resampled bars that their finer bars no longer bear out
    touched_from: datetime | None = None  # begin of the first new or changed bar
    touched_till: datetime | None = None  # begin of the last one


@dataclass(frozen=True, slots=True, kw_only=True)
class FileAccount:
    """What became of the rows of one file; the parts add up to the rows received."""

    place: str
    kind: str
    rows_received: int = 0
    rows_new: int = 0
    rows_changed: int = 0
    rows_unchanged: int = 0
    rows_outranked: int = 0
    rows_unclosed: int = 0
    rows_disagreeing: int = 0  # of those above: told differently by another source, whichever won
    # By reason: left out, though nothing is wrong with them.
    outside: dict[str, int] = dataclasses.field(default_factory=dict)
    quarantined: dict[str, int] = dataclasses.field(default_factory=dict)  # by reason


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestReport:
    """What one ingest did; every row received is accounted for."""

    kind: str  # "candles", "actions", "instruments" or "all"
    source: str
    rows_received: int = 0
    rows_new: int = 0
    rows_changed: int = 0
    rows_unchanged: int = 0
    rows_outranked: int = 0
    rows_unclosed: int = 0  # bars that had not closed yet; the next run brings them
    rows_outside: int = 0  # of instruments or days that were not asked for or that no calendar covers
    rows_quarantined: int = 0
    restated_series: tuple[
        str, ...
    ] = ()  # series in which the source had rewritten closed bars; fetched anew
    rows_disagreeing: int = 0  # told differently by two sources, whichever won
    by_file: tuple[FileAccount, ...] = ()
    seconds: float = 0.0

    def plus(self, other: IngestReport) -> IngestReport:
        """Return the two reports as one."""
        sums = {
            field.name: getattr(self, field.name) + getattr(other, field.name)
            for field in fields(self)
            if field.name not in {"kind", "source"}
        }
        return replace(self, **sums)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsFacts:
    """One news item as it may be shown."""

    id: int
    source: str
    title: str
    url: str
    language: str
    published_at: datetime
    known_at: datetime
    secids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerFacts:
    """A verdict on news. Units: score 0 to 100; `scope` is instrument, sector or market."""

    scope: str
    at: datetime
    known_at: datetime
    score: float
    direction: int
    event_type: str
    scorer: str
    why: tuple[dict[str, Any], ...]
    title: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TriggerColumns:
    """The strongest verdict in force at each of some moments.

    Units: score 0 to 100 and 0 where there is none; direction -1, 0, 1; event_code is a place in
    `market.models.news.EVENT_TYPES` and -1 where there is none; age_s seconds since it was known, NaN without one.
    """

    score: F64
    direction: I8
    event_code: I8
    age_s: F64


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFacts:
    """A risk alert in force. `scope` is instrument, sector or market."""

    scope: str
    severity: str
    starts_at: datetime
    ends_at: datetime | None
    known_at: datetime
    cause: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedText:
    """A text about an instrument, as it is stored now, with the moment from which this reading is known."""

    instrument_id: int
    item_id: int
    known_s: int
    text: str  # title and body
