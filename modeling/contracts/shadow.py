"""Shadows: versions that answer on live bars and are not heard, and how they came off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal

ShadowGrade = Literal["unknown", "ok", "worse"]
SHADOW_GRADES: Final[tuple[ShadowGrade, ...]] = ("unknown", "ok", "worse")
ANSWER_ACTIONS: Final = ("BUY", "SELL", "HOLD", "NO_TRADE")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowConfig:
    """How long a version answers unheard before it may serve."""

    min_days: int  # trading days with live answers; 0: no shadow
    min_trades: int  # shares times days with a BUY or SELL, of the grade `trade`
    max_wait_days: int  # calendar days after which one that has not got so far is retired

    def __post_init__(self) -> None:
        if self.min_days < 0 or self.min_trades < 0 or (self.min_days == 0 and self.min_trades > 0):
            raise ValueError(
                "min_days and min_trades must not be below 0, and min_trades 0 where min_days is, were "
                f"{self.min_days} and {self.min_trades}"
            )
        if self.max_wait_days <= self.min_days:
            raise ValueError(
                f"max_wait_days must be above min_days {self.min_days}, was {self.max_wait_days}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class AbConfig:
    """Who is given a shadow's answers."""

    share_frac: float  # of the users

    def __post_init__(self) -> None:
        if not 0.0 <= self.share_frac <= 0.5:
            raise ValueError(f"share_frac must lie within [0, 0.5], was {self.share_frac}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryConfig:
    """How a version that passed its gate comes into service (registry.yaml)."""

    shadow: ShadowConfig
    ab: AbConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowSaid:
    """What a shadow says of one share, horizon and bar; a probability is None where it could not read the share."""

    instrument_id: int
    timeframe: str
    horizon: str
    bar_begin: datetime
    as_of: datetime  # when that bar was known: the decision time
    valid_until: datetime
    action: str
    confidence: int | None
    strength: str
    p_long: float | None
    p_short: float | None
    base_p_long: float  # what training knew without the network
    base_p_short: float
    payload: dict[str, Any]  # as a signal's


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowProgress:
    """How far a shadow has come."""

    since: datetime | None  # None: never was one
    days: int  # trading days with live answers
    trades: int  # shares times days with a BUY or SELL


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowFacts:
    """What a shadow's resolved answers say of it, one report a Moscow day."""

    version: str
    day: date
    as_of: datetime  # nothing later was read
    grade: ShadowGrade
    outcomes: int  # answers times sides whose window had ended
    days: int  # trading days of those answers
    log_loss: float | None
    base_log_loss: float | None  # of the training base rates on the same answers
    excess_low: float | None  # one-sided bounds of the mean difference, a day being the unit
    excess_high: float | None
