"""A check before a trade: what is asked, what is known, and what is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from behavior.contracts.findings import Fact
from behavior.contracts.journal import RiskLimits, SignalInForce

Verdict = Literal["ok", "caution", "hard_warning"]
BadCaseBasis = Literal["signal", "history"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedTrade:
    """What the user is about to do; shares and prices as traded today."""

    secid: str
    side: Literal["BUY", "SELL"]
    qty_shares: float  # above 0
    price_rub: float
    stop_rub: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BadCase:
    """The 95 % scenario: one time in twenty it comes to this or worse."""

    loss_frac: float  # of the price, at least 0, costs left out
    basis: BadCaseBasis
    days: int
    n_moves: int | None  # of history; None for a signal's quantile


@dataclass(frozen=True, slots=True, kw_only=True)
class TiltState:
    """How far the user is from the usual self: 0 calm, 100 in tilt."""

    score: int
    loss_part: float  # each part 0..1
    frequency_part: float
    size_part: float
    losses_rub: float  # realised in the window, at least 0
    losses_in_a_row: int
    entries: int  # in the window
    usual_entries: float | None  # a day; None while there is too little history
    size_ratio: float | None  # of the newest entries to the usual size


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a check is made of; None is unknown, and is said so, never guessed."""

    limits: RiskLimits
    cost_frac: float  # round trip, above 0
    tilt: TiltState
    capital_rub: float | None
    regime: str | None
    signal: SignalInForce | None
    bad_case: BadCase | None
    held_shares: float  # signed: what the user has in the share now
    held_avg_rub: float | None
    usual_size_rub: float | None
    may_short: bool = True
    price_age_days: float | None = None  # of a last close taken for the price; None where the user gave one


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One thing that speaks for care: a code with its figures."""

    code: str
    level: Verdict
    params: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What is said; money is RUB, costs are in every loss, percentages are null while the capital is unknown."""

    verdict: Verdict
    reasons: tuple[Reason, ...]
    opens_shares: float  # the part of the trade that puts money at risk
    value_rub: float
    cost_rub: float
    loss_at_stop_rub: float | None  # None without a stop
    loss_at_stop_pct: float | None
    loss_bad_case_rub: float | None  # None without a forecast and without enough history
    loss_bad_case_pct: float | None
    position_pct: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SaneSize:
    """A size that the policy would call sane; None while the capital is unknown."""

    lots: int
    shares: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PreTradeAnswer:
    """The whole answer of a check."""

    id: int
    secid: str
    side: str
    qty_shares: float
    price_rub: float
    price_is_given: bool
    stop_rub: float | None
    result: CheckResult
    bad_case: BadCase | None
    sane_size: SaneSize | None
    tilt: TiltState
    signal: SignalInForce | None
    regime: str | None
    capital_rub: float | None
