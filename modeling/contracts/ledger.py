"""The ledger: what was tried, how often, and what became of each hypothesis."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from traderai.common.arrays import F64, I64

TrialKind = Literal["training", "search_step", "walk_forward_fold", "backtest", "label_search"]


def data_family(*, timeframe: str, is_simulated: bool) -> str:
    """Return what trials are counted by besides the label family: "real-1h", "simulated-1h"."""
    return f"{'simulated' if is_simulated else 'real'}-{timeframe}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialFacts:
    """One evaluated configuration, after costs; its daily results stand in the columns of a `TrialSet`."""

    id: int
    kind: str  # a TrialKind
    recipe: str  # or the name of the rule
    label_set: str  # "swing_v1"
    label_family: str  # "swing"
    data_family: str  # "real-1h"
    run_id: int | None
    first_day: date | None  # None: a step without daily results
    last_day: date | None
    trades: int
    net_expectancy_frac: float | None  # None: no trade
    sharpe_per_day: float | None  # None: no variation, or no daily results
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialCount:
    """How many configurations of one family were evaluated."""

    label_family: str
    data_family: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrialSet:
    """Every trial of one family, and the daily results of those that cover a period."""

    count: int  # of all trials of the family: the number that luck is judged by
    sharpes_per_day: F64  # (m,) of those that have one, in the order they were made
    days: I64  # (d,) Moscow days since 1970 that all covering trials have
    days_left_out: int  # days of the period that some covering trial has and another lacks
    covering: tuple[TrialFacts, ...]  # (n,) the trials whose days span the period
    daily_net: F64  # (d, n) their results after costs, as fractions of the starting capital


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadlineFigure:
    """A figure that a verdict rests on; its unit ends its name, and it never goes without interval and trades."""

    name: str  # "net_per_trade_bp"
    value: float
    low: float  # bounds at `level`
    high: float
    level: float
    trades: int

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ValueError('a figure needs a name that ends in its unit, such as "net_per_trade_bp"')
        if not all(math.isfinite(number) for number in (self.low, self.value, self.high)):
            raise ValueError(f"{self.name}: value, low and high must be finite numbers")
        if not self.low <= self.value <= self.high:
            raise ValueError(
                f"{self.name}: value must lie between low and high, was {self.value} of {self.low} to {self.high}"
            )
        if not 0.5 < self.level < 1.0:
            raise ValueError(f"{self.name}: level must lie within (0.5, 1), was {self.level}")
        if self.trades < 0:
            raise ValueError(f"{self.name}: trades must not be negative, was {self.trades}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentDecision:
    """What became of a hypothesis, and what that rests on."""

    verdict: Literal["confirmed", "rejected", "inconclusive"]
    reason: str
    figures: tuple[HeadlineFigure, ...] = ()
    run_ids: tuple[int, ...] = ()  # TrainingRun; their trials are the experiment's too
    trial_ids: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise ValueError(f"a verdict needs its reason: say what was seen that makes it {self.verdict}")
        if self.verdict == "confirmed" and not self.figures:
            raise ValueError(
                "`confirmed` needs at least one figure with its interval and its number of trades"
            )
        names = [figure.name for figure in self.figures]
        if len(set(names)) < len(names):
            raise ValueError(f"each figure must be named once, were {', '.join(names)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentFacts:
    """One hypothesis of the ledger; an open one has neither reason nor figures."""

    id: int
    name: str  # "swing-network-beats-base-rate"
    hypothesis: str
    seen_if_true: str  # written down before anything was measured
    started_on: date
    opened_by: str
    verdict: str  # open, confirmed, rejected, inconclusive
    reason: str
    decided_on: date | None
    decided_by: str
    figures: tuple[HeadlineFigure, ...]
    run_ids: tuple[int, ...]
    trial_ids: tuple[int, ...]  # linked, or made by a linked run
