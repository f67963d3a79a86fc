"""What the analysis of a portfolio is asked, what it goes by (portfolio.yaml), and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

Side = Literal["long", "short"]
QtyUnit = Literal["shares", "lots"]
Action = Literal["ADD", "HOLD", "REDUCE", "CLOSE"]
Basis = Literal["own_stop", "limits", "proven_signal", "none"]
PROFILES = ("cautious", "balanced", "bold")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileLimits:
    """How much of the capital may be where; of cash the least."""

    share_frac: float
    sector_frac: float
    gross_frac: float
    short_frac: float
    cash_frac: float
    exit_days: float
    volatility_annual_frac: float | None  # None: no such limit

    def __post_init__(self) -> None:
        for name in ("share_frac", "sector_frac", "gross_frac", "exit_days"):
            if not getattr(self, name) > 0.0:
                raise ValueError(f"{name} must be above 0, was {getattr(self, name)}")
        if self.short_frac < 0.0 or not 0.0 <= self.cash_frac < 1.0:
            raise ValueError(
                "short_frac must be 0 or more and cash_frac within [0, 1), were "
                f"{self.short_frac} and {self.cash_frac}"
            )
        if self.volatility_annual_frac is not None and not self.volatility_annual_frac > 0.0:
            raise ValueError(f"volatility_annual_frac must be above 0, was {self.volatility_annual_frac}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapRules:
    """When one share is worth leaving for another."""

    min_gain_of_cost_times: float
    min_confidence: int

    def __post_init__(self) -> None:
        if self.min_gain_of_cost_times < 1.0:
            raise ValueError(
                f"min_gain_of_cost_times must be at least 1, was {self.min_gain_of_cost_times}: "
                "a swap must pay its costs"
            )
        if not 0 <= self.min_confidence <= 100:
            raise ValueError(f"min_confidence must lie within 0 and 100, was {self.min_confidence}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StressSpell:
    """Days that have been: from the close of one day to the close of another."""

    name: str
    after: date
    until: date

    def __post_init__(self) -> None:
        if not self.after < self.until:
            raise ValueError(f"stress {self.name}: after must lie before until")


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioRules:
    """What a portfolio is measured by (portfolio.yaml)."""

    max_positions: int
    index_secid: str
    history_days: int
    min_history_days: int
    exit_participation_frac: float
    turnover_days: int
    max_price_age_days: int
    dividend_days_ahead: int
    stop_near_frac: float
    correlated_from: float
    risk_in_one_from_frac: float
    few_bets_below: float
    few_bets_from_positions: int
    profiles: dict[str, ProfileLimits]
    swaps: SwapRules
    stress: tuple[StressSpell, ...]

    def __post_init__(self) -> None:
        if set(self.profiles) != set(PROFILES):
            raise ValueError(
                f"profiles must be exactly {', '.join(PROFILES)}, were {', '.join(self.profiles)}"
            )
        if not 100 <= self.min_history_days <= self.history_days:
            raise ValueError(
                "min_history_days must be at least 100, or no 99 % quantile is there, and at most history_days, "
                f"was {self.min_history_days}"
            )
        if not 0.0 < self.exit_participation_frac <= 1.0:
            raise ValueError(
                f"exit_participation_frac must lie within (0, 1], was {self.exit_participation_frac}"
            )
        for name in ("stop_near_frac", "correlated_from", "risk_in_one_from_frac"):
            if not 0.0 < getattr(self, name) < 1.0:
                raise ValueError(f"{name} must lie within (0, 1), was {getattr(self, name)}")
        for name in ("max_positions", "turnover_days", "max_price_age_days", "dividend_days_ahead"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, was {getattr(self, name)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedPosition:
    """A position as it is told; nothing of it is checked yet."""

    secid: str
    qty: float
    side: Side
    qty_unit: QtyUnit = "shares"
    avg_price_rub: float | None = None
    stop_rub: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioQuestion:
    """What is asked; a capital that nobody told stays None and is never guessed."""

    positions: tuple[AskedPosition, ...]
    capital_rub: float | None = None  # what the account is worth: cash and longs, less what shorts are worth
    cash_rub: float | None = None  # instead of the capital: it is this and what the positions are worth
    profile: str = "balanced"
    partial: bool = False  # analyse the rest where a position is refused
    is_saved: bool = False  # the positions are there: it is not asked whether a short may be opened
    horizon: str | None = None
    language: str = "ru"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A code with what it means in words."""

    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvisedPosition:
    """One position, what it is worth and what to do with it."""

    secid: str
    name: str
    sector: str
    side: Side
    qty_shares: float
    lots: int  # whole ones
    odd_shares: float  # below a lot; they cannot be sold by lots
    lot_size: int
    avg_price_rub: float | None
    price_rub: float
    price_as_of: datetime
    price_is_stale: bool
    value_rub: float  # below 0 of a short
    weight_frac: float  # of the capital, or of the gross value where the capital is unknown
    pnl_rub: float | None
    pnl_frac: float | None
    stop_rub: float | None
    stop_distance_frac: float | None  # of the price; below 0: passed
    exit_days: float | None  # null: not known, or no turnover at all
    beta: float | None
    risk_share_frac: float | None  # of the portfolio's volatility; below 0: a hedge
    dividend_ex_date: date | None
    signal: dict[str, Any] | None
    stance: Literal["with", "against", "none"]
    action: Action
    basis: Basis
    reasons: tuple[Told, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioAnalysis:
    """The whole answer; what needs a capital is None while none is known, and a warning says so."""

    as_of: datetime
    profile: str
    capital_rub: float | None
    weights_of: Literal["capital", "gross"]
    positions: tuple[AdvisedPosition, ...]
    refused: tuple[dict[str, str], ...]
    exposure: dict[str, Any]
    sectors: tuple[dict[str, Any], ...]
    risk: dict[str, Any] | None
    stress: tuple[dict[str, Any], ...]
    liquidity: dict[str, Any]
    proposals: dict[str, Any]
    warnings: tuple[Told, ...]
