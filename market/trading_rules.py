"""What trading costs and forbids, by date (trading_rules.yaml)."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol, TypeVar

from traderai.common.config import load_config

SessionCode = Literal["morning", "main", "evening", "weekend"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeFeeRule:
    """The exchange's fee of one side from a day on, clearing included."""

    taker_frac: float
    maker_frac: float
    since: str | None = None

    def __post_init__(self) -> None:
        _check_fractions("exchange_fees", (self.taker_frac, self.maker_frac), below=0.05)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerFeeRule:
    """The broker's fee of one side on a plan from a day on."""

    fee_frac: float
    since: str | None = None

    def __post_init__(self) -> None:
        _check_fractions("broker_plans", (self.fee_frac,), below=0.05)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceBandRule:
    """The price band of a session from a day on, for a tier of the share or for every one."""

    session: SessionCode
    sure_frac: float
    widest_frac: float
    tier: int | None = None
    since: str | None = None

    def __post_init__(self) -> None:
        _check_fractions("price_bands", (self.sure_frac, self.widest_frac), below=1.0)
        if self.widest_frac < self.sure_frac:
            raise ValueError(
                f"price_bands: widest_frac must be at least {self.sure_frac}, was {self.widest_frac}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class BorrowRule:
    """What borrowing a share costs from a day on."""

    year_frac: float
    since: str | None = None

    def __post_init__(self) -> None:
        _check_fractions("borrow_rates", (self.year_frac,), below=5.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanRule:
    """A span of days and why it is special."""

    since: str
    reason: str
    until: str | None = None

    def __post_init__(self) -> None:
        _check_span(self.since, self.until)

    def holds(self, day: date) -> bool:
        """Return whether a day lies in the span."""
        return self.since <= day.isoformat() <= (self.until or "9999")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortFlagRule:
    """Whether one share may be sold short in a span of days."""

    secid: str
    allowed: bool
    reason: str
    since: str
    until: str | None = None

    def __post_init__(self) -> None:
        _check_span(self.since, self.until)

    def holds(self, day: date) -> bool:
        """Return whether a day lies in the span."""
        return self.since <= day.isoformat() <= (self.until or "9999")


@dataclass(frozen=True, slots=True, kw_only=True)
class DataLagRule:
    """How late data arrive from a day on."""

    minutes: int
    since: str | None = None

    def __post_init__(self) -> None:
        if self.minutes < 0:
            raise ValueError(f"data_lags: minutes must be at least 0, was {self.minutes}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingRules:
    """The whole of trading_rules.yaml."""

    exchange_fees: tuple[ExchangeFeeRule, ...]
    default_plan: str
    broker_plans: dict[str, tuple[BrokerFeeRule, ...]]
    price_bands: tuple[PriceBandRule, ...]
    auction_share_move_frac: float
    auction_index_move_frac: float
    borrow_rates: tuple[BorrowRule, ...]
    short_bans: tuple[SpanRule, ...]
    short_flags: tuple[ShortFlagRule, ...]
    blackouts: tuple[SpanRule, ...]
    data_lags: tuple[DataLagRule, ...]

    def __post_init__(self) -> None:
        if self.default_plan not in self.broker_plans:
            raise ValueError(
                f"default_plan must be one of {sorted(self.broker_plans)}, was {self.default_plan!r}"
            )
        _check_from_the_start("exchange_fees", self.exchange_fees)
        _check_from_the_start("borrow_rates", self.borrow_rates)
        _check_from_the_start("data_lags", self.data_lags)
        for plan, rows in self.broker_plans.items():
            _check_from_the_start(plan, rows)


@functools.cache
def trading_rules() -> TradingRules:
    """Return trading_rules.yaml."""
    return load_config("trading_rules.yaml", TradingRules)


class Dated(Protocol):
    """A row that holds from a day on."""

    @property
    def since(self) -> str | None:
        """Return the first day, None if it holds from the start."""


Row = TypeVar("Row", bound=Dated)


def in_force(rows: Sequence[Row], day: date) -> Row:
    """Return the row that holds on a day."""
    return max(
        (row for row in rows if row.since is None or row.since <= day.isoformat()),
        key=lambda row: row.since or "",
    )


def _check_from_the_start(name: str, rows: Sequence[Dated]) -> None:
    starts = [row.since or "" for row in rows]
    if "" not in starts:
        raise ValueError(f"{name}: one row must hold from the start; leave out its `since`")
    if len(set(starts)) < len(starts):
        raise ValueError(f"{name}: two rows begin on one day; take one out")
    for start in starts:
        if start:
            date.fromisoformat(start)


def _check_fractions(name: str, values: Iterable[float], *, below: float) -> None:
    for value in values:
        if not 0.0 <= value < below:
            raise ValueError(f"{name}: a fraction must be at least 0 and below {below}, was {value}")


def _check_span(since: str, until: str | None) -> None:
    if until is not None and date.fromisoformat(until) < date.fromisoformat(since):
        raise ValueError(f"until must not lie before since {since}, was {until}")
