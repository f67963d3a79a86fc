"""What companies' figures there are and when they become known (fundamentals.yaml)."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from traderai.common.clock import midnight
from traderai.common.config import load_config

_FIRST_YEAR, _LAST_YEAR = 1990, 2200


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricConfig:
    """One named figure."""

    unit: Literal["rub", "shares", "pct", "times", "score"]
    kind: Literal["flow", "stock", "ratio", "market", "score"]
    ru: str
    en: str
    smartlab: tuple[str, ...] = ()
    factor: float = 1.0
    zero_is_missing: bool = False
    least: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationLagConfig:
    """Days from a period's end until its figures count as known."""

    year: int
    quarter: int
    day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FundamentalsConfig:
    """Companies' figures (fundamentals.yaml)."""

    metrics: dict[str, MetricConfig]
    publication_lag_days: PublicationLagConfig
    report_dates_since: str
    stale_after_days: int
    price_stale_after_days: int
    company_shares_per_share: dict[str, float]
    reports_of: dict[str, str]
    unlisted_shares: tuple[str, ...]

    def __post_init__(self) -> None:
        date.fromisoformat(self.report_dates_since)
        named = [name for metric in self.metrics.values() for name in metric.smartlab]
        if len(named) != len(set(named)):
            raise ValueError("metrics: smartlab: each name must belong to one metric only")
        for secid, shares in self.company_shares_per_share.items():
            if not shares >= 1.0:
                raise ValueError(f"company_shares_per_share: {secid}: must be at least 1, was {shares}")

    def lag_days(self, period: Period) -> int:
        """Return the days from the period's end until its figures count as known."""
        lags = self.publication_lag_days
        if period.kind == "quarter" and period.end.month == 12:
            return lags.year
        return {"year": lags.year, "quarter": lags.quarter, "day": lags.day}[period.kind]

    def known_at(self, period: Period, reported_on: date | None = None) -> datetime:
        """Return from when on a report counts as known: never before its usual lag, later where it came later."""
        usual = period.end + timedelta(days=self.lag_days(period))
        if reported_on is not None and period.end >= date.fromisoformat(self.report_dates_since):
            usual = max(usual, reported_on + timedelta(days=1))
        return midnight(usual)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What a figure speaks of: a year, a quarter or a day."""

    kind: Literal["year", "quarter", "day"]
    end: date

    @property
    def quarter_index(self) -> int:
        """Quarters since the year 0; a year is told by its last quarter."""
        return self.end.year * 4 + (self.end.month - 1) // 3


def period_of(code: str) -> Period | None:
    """Return the period of a code such as 2023, 2023Q4 or 2023-12-29, None for anything else."""
    text = code.strip()
    if not (text[:4].isdecimal() and _FIRST_YEAR <= int(text[:4]) <= _LAST_YEAR):
        return None
    if len(text) == 4:
        return Period(kind="year", end=date(int(text), 12, 31))
    if len(text) == 6 and text[4] == "Q" and text[5] in "1234":
        month = 3 * int(text[5])
        return Period(kind="quarter", end=date(int(text[:4]), month, 31 if month in {3, 12} else 30))
    try:
        return Period(kind="day", end=date.fromisoformat(text)) if len(text) == 10 else None
    except ValueError:
        return None


@functools.cache
def fundamentals_config() -> FundamentalsConfig:
    """Return fundamentals.yaml."""
    return load_config("fundamentals.yaml", FundamentalsConfig)
