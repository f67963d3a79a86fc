"""A journal as detectors read it: what was shown, what was done, and what the market did around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from market.contracts import SplitFacts
from portfolio.contracts import RoundTrip, StopChange, TradeFacts
from signals.contracts import SignalInForce as SignalInForce
from traderai.common.arrays import F64, I64


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSignal:
    """One signal that the user saw, and when."""

    signal_id: int
    secid: str
    action: str  # BUY, SELL, HOLD or NO_TRADE
    strength: str | None  # weak, medium or strong; None for what is no call
    shown_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeContext:
    """What the market was like when a trade was made; None: not known, and no detector guesses it."""

    regime: str | None = None
    signal: SignalInForce | None = None
    prior_move_sigma: float | None = None  # the last day's move, signed, in standard deviations of a day


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PricePath:
    """Closes of one share while the journal runs, in the shares of its last day.

    `at_s` are the moments at which each close was known (epoch seconds, rising), `close_rub` the prices; both (n,).
    """

    at_s: I64
    close_rub: F64


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskLimits:
    """What the policy allows in one trade, as fractions of the capital."""

    risk_frac: float  # lost if the stop is hit
    max_position_frac: float  # in one share


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Journal:
    """One account up to a moment. What was done before `since` is the user's own baseline and is not reported."""

    since: datetime
    until: datetime
    zone: ZoneInfo  # days and nights are the user's own
    trades: tuple[TradeFacts, ...]  # the earliest first
    round_trips: tuple[RoundTrip, ...]
    limits: RiskLimits
    stops: tuple[StopChange, ...] = ()
    shown: tuple[ShownSignal, ...] = ()
    contexts: Mapping[int, TradeContext] = field(default_factory=dict)  # by trade
    paths: Mapping[str, PricePath] = field(default_factory=dict)  # by ticker
    splits: Mapping[str, Sequence[SplitFacts]] = field(default_factory=dict)  # by ticker
    capital_rub: float | None = None
