"""What the services of the ledger take and report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from portfolio.contracts import PositionFacts, TradeFacts, TradeOrigin, TradeSide

QuantityUnit = Literal["shares", "lots"]
OrderState = Literal["pending", "filled", "refused"]
# Why an order of a virtual account was not filled.
REFUSALS = ("lapsed", "split", "not_shortable", "not_in_lots", "no_money")


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerConfig:
    """What the ledger takes (ledger.yaml)."""

    max_import_bytes: int
    max_import_rows: int
    max_accounts: int
    max_trades: int
    max_watched: int
    price_remark_frac: float  # so far outside of the day's range a price is remarked on
    price_refuse_factor: float  # so many times above or below it is refused

    def __post_init__(self) -> None:
        for name in ("max_import_bytes", "max_import_rows", "max_accounts", "max_trades", "max_watched"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, was {getattr(self, name)}")
        if not 0.0 <= self.price_remark_frac < 1.0:
            raise ValueError(f"price_remark_frac must be 0 or more and below 1, was {self.price_remark_frac}")
        if not self.price_refuse_factor > 1.0 + self.price_remark_frac:
            raise ValueError(
                f"price_refuse_factor must be above 1 + price_remark_frac, was {self.price_refuse_factor}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A trade as somebody tells of it; what is None was not said."""

    secid: str
    side: TradeSide
    qty: int
    unit: QuantityUnit
    origin: TradeOrigin
    price_rub: float | None = None
    commission_rub: float | None = None
    traded_at: datetime | None = None
    stop_rub: float | None = None
    signal_id: int | None = None
    external_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What is worth saying of a trade that was taken all the same: a code of `ledger_phrases` with its parameters."""

    code: str
    params: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFacts:
    """One order of a virtual account."""

    id: int
    account_id: int
    secid: str
    side: TradeSide
    qty_shares: int
    stop_rub: float | None
    signal_id: int | None
    ordered_at: datetime
    state: OrderState
    refusal: str  # of REFUSALS, "" unless refused
    trade_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What became of a trade that was told: a trade, or an order where the account is virtual."""

    trade: TradeFacts | None = None
    order: OrderFacts | None = None
    created: bool  # False: it had been told before
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionChange:
    """What is to be set right in a position; None leaves a figure as it is."""

    qty: int | None = None
    unit: QuantityUnit = "shares"
    avg_price_rub: float | None = None
    sets_stop: bool = False
    stop_rub: float | None = None  # with `sets_stop`; None takes it away


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProblem:
    """Why a row of a file was not taken."""

    row: int  # line of the file, the first is 1
    field: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    """One row of an exported table, as the file has it."""

    row: int
    secid: str
    side: TradeSide
    qty: int
    unit: QuantityUnit
    price_rub: float
    commission_rub: float | None  # None: not told
    traded_at: datetime
    stop_rub: float | None
    signal_id: int | None
    number: str  # the broker's or the exchange's number of the trade, "" without one


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFile:
    """What an exported table holds, in its order."""

    layout: str
    rows: tuple[FileRow, ...]
    problems: tuple[RowProblem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedRow:
    """A row of a file that was taken, or would be."""

    row: int
    secid: str
    side: TradeSide
    qty_shares: int
    price_rub: float
    commission_rub: float
    traded_at: datetime
    known: bool  # it had been imported before
    remarks: tuple[Remark, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What a file held; in a dry run nothing was written."""

    layout: str
    dry_run: bool
    rows: int
    added: int
    known: int
    taken: tuple[ImportedRow, ...]
    problems: tuple[RowProblem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FillReport:
    """What became of virtual orders and stops."""

    filled: int = 0
    refused: int = 0
    stopped: int = 0  # positions that their stops have closed
    waiting: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionView:
    """A position with what it is worth; price figures are None without a price."""

    id: str  # account and ticker
    position: PositionFacts
    name_ru: str
    name_en: str
    price_rub: float | None  # the last close
    priced_at: datetime | None  # begin of its bar
    value_rub: float | None  # of a short below 0
    pnl_rub: float | None  # at that price, after the commissions paid so far
    pnl_frac: float | None  # of what the position cost
