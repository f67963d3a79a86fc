"""The column of each fundamental feature at the midnights of one share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from features.kernels.fundamental import (
    Dividends,
    ReportDays,
    age_days,
    announced_rub_forward,
    days_since_dividend,
    days_to_dividend,
    dividend_change,
    newest_known_s,
    paid_years,
    quotient,
    ratio_step,
    relative_change,
)
from traderai.common.arrays import F64, I64

REPORTED: Final = ("revenue", "profit", "ebitda", "equity", "net_debt")
FLOWS: Final = ("revenue", "profit", "ebitda")
FIGURES: Final = (
    "pe", "pb", "ev_ebitda", "dividend_yield", "roe", "net_margin", "ebitda_margin", "net_debt_ebitda",
    "earnings_yoy", "market_cap", "sanction_score",
)  # fmt: skip
KEY_RATE_DAYS: Final = (0, 90, 365)
_DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CompanyDays:
    """What was known of one share at some Moscow midnights; all arrays have shape (d,)."""

    moments_s: I64
    day: I64  # the day that begins, days since 1970
    figures: Mapping[str, F64]  # FIGURES, in the units of fundamentals.yaml
    reports: Mapping[str, ReportDays]  # REPORTED
    price_forward: F64  # newest close, RUB of the first shares
    dividends: Dividends
    key_rate: Mapping[int, F64]  # percent, so many days before


Column = Callable[..., F64]
COLUMNS: Final[dict[str, Column]] = {
    **{name: lambda c, name=name: c.figures[name] for name in FIGURES if name != "market_cap"},
    "earnings_yield": lambda c: _earnings_yield(c),
    "payout_ratio": lambda c: c.figures["dividend_yield"] * c.figures["pe"],
    "log_market_cap": lambda c: _log(c.figures["market_cap"]),
    "report_age": lambda c: _report_age(c),
    **{f"{name}_age": lambda c, name=name: age_days(c.day, c.reports[name].end_day) for name in REPORTED},
    **{f"{name}_yoy": lambda c, name=name: _change(c.reports[name], over_year=True) for name in REPORTED},
    **{f"{name}_step": lambda c, name=name: _change(c.reports[name], over_year=False) for name in REPORTED},
    "net_margin_step": lambda c: 100.0 * ratio_step(c.reports["profit"], c.reports["revenue"]),
    "roe_step": lambda c: 100.0 * ratio_step(c.reports["profit"], c.reports["equity"]),
    "net_debt_ebitda_step": lambda c: ratio_step(c.reports["net_debt"], c.reports["ebitda"]),
    "days_to_dividend": lambda c: days_to_dividend(c.dividends, c.day, c.moments_s),
    "days_since_dividend": lambda c: days_since_dividend(c.dividends, c.day, c.moments_s),
    "announced_yield": lambda c: (
        100.0 * quotient(announced_rub_forward(c.dividends, c.day, c.moments_s), c.price_forward)
    ),
    "paid_years": lambda c, years: paid_years(c.dividends, c.day, c.moments_s, years=int(years)),
    "dividend_change": lambda c: dividend_change(c.dividends, c.day, c.moments_s),
    "key_rate": lambda c: c.key_rate[0],
    "key_rate_change": lambda c, days: c.key_rate[0] - c.key_rate[int(days)],
    "rate_burden": lambda c: c.figures["net_debt_ebitda"] * c.key_rate[0],
    "rate_shock": lambda c, days: c.figures["net_debt_ebitda"] * (c.key_rate[0] - c.key_rate[int(days)]),
}


def _earnings_yield(company: CompanyDays) -> F64:
    """Return 100 / P/E, and of a loss, that has no P/E, ROE / P/B: the same quotient."""
    by_price = quotient(np.full(company.day.size, 100.0), company.figures["pe"])
    return np.where(np.isfinite(by_price), by_price, quotient(company.figures["roe"], company.figures["pb"]))


def _log(values: F64) -> F64:
    made = np.full(values.shape, np.nan)
    np.log(values, out=made, where=values > 0)
    return made


def _report_age(company: CompanyDays) -> F64:
    known_s = newest_known_s([company.reports[name] for name in REPORTED])
    # A report of this very midnight is 0 days old.
    whole_days = (company.moments_s - known_s).astype(np.float64) // _DAY_S
    return np.where(known_s > 0, whole_days, np.nan)


def _change(report: ReportDays, *, over_year: bool) -> F64:
    return relative_change(report.value, report.year_before if over_year else report.before)
