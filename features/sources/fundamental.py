"""Joining what was known of companies to bars: once a day, as of the last Moscow midnight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import numpy as np

from features.families.fundamental import FEATURES
from features.kernels.fundamental import Dividends, ReportSteps, report_days, report_steps
from features.kernels.fundamental_columns import (
    COLUMNS,
    FIGURES,
    FLOWS,
    KEY_RATE_DAYS,
    REPORTED,
    CompanyDays,
)
from features.kernels.fundamental_scores import peer_robust_z, weighted_score
from features.sources.base import BuildScope, MonthScope
from features.spec import FeatureSpec
from market.contracts import InstrumentFacts
from market.kernels.reports import Reports
from market.selectors.fundamentals_many import (
    CompanyRows,
    companies_load,
    company_figures,
    company_price_forward,
    first_bars,
)
from market.selectors.macro import macro_series
from traderai.common.arrays import F32, F64, I64, Bools
from traderai.common.clock import MOSCOW, from_epoch_s, midnight, to_epoch_s
from traderai.common.errors import InvariantError, NotFoundError

LEAST_PEERS: Final = 4
_BY_FIGURE: Final = {spec.name.removeprefix("fund_"): spec for spec in FEATURES}
_EPOCH_ORDINAL: Final = 719_163
_LONGEST_BAR_DAYS: Final = 7
_NO_REPORTS: Final = Reports(
    quarter=np.empty(0, np.int64),
    is_year=np.empty(0, np.bool_),
    known_s=np.empty(0, np.int64),
    expires_s=np.empty(0, np.int64),
    value=np.empty(0, np.float64),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Share:
    """One share as it is asked again and again."""

    facts: InstrumentFacts
    company: CompanyRows
    steps: Mapping[str, ReportSteps]
    dividends: Dividends
    first_known_s: float  # from when on it had a bar; infinite without one


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Midnights:
    """The Moscow midnights of a stretch of days and what they know of the economy; arrays have shape (d,)."""

    moments_s: I64
    day: I64  # the day that begins, days since 1970
    key_rate: Mapping[int, F64]  # percent, so many days before


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Year:
    """The values at the midnights of one calendar year."""

    moments_s: I64
    values: Mapping[str, F32]  # by ticker (d, k)


class FundamentalSource:
    """Columns of reports, dividends and the key rate. Rows are read once, values are made year by year."""

    def __init__(self, scope: BuildScope, specs: tuple[FeatureSpec, ...]) -> None:
        self._scope, self._specs = scope, specs
        self._opened_s = to_epoch_s(scope.as_of)
        self._shares = _shares(scope)
        sectors = sorted({facts.sector for facts in scope.universe if facts.sector})
        self._sector = np.array(
            [sectors.index(facts.sector) if facts.sector else -1 for facts in scope.universe], dtype=np.int64
        )
        weighed = [name for spec in specs if spec.kernel == "score" for name in spec.parameters]
        self._weighed = tuple(dict.fromkeys(weighed))
        self._years: dict[int, _Year] = {}

    def month_columns(self, month: MonthScope) -> Mapping[str, F64]:
        """Return by ticker the values at the month's bars, as known at the last Moscow midnight.

        A value reads its midnight alone: which months are built, and in which order, changes no bit.

        Raises: InvariantError for a bar of a day after the one on which the source was opened: it would be told
            what was known the day before.
        """
        year = self._year_of(month)
        columns = {}
        for secid, bars in month.bars.items():
            if secid in year.values and bars.rows:
                at = np.searchsorted(year.moments_s, bars.known_s, side="right") - 1
                if year.moments_s[at[-1]] > self._opened_s:
                    raise InvariantError(
                        f"bars must have been known by {self._scope.as_of}, those of {secid} were not: "
                        "open the source anew"
                    )
                columns[secid] = year.values[secid][at].astype(np.float64)
        return columns

    def _year_of(self, month: MonthScope) -> _Year:
        number = int(month.month[:4])
        if number not in self._years:
            begins = from_epoch_s(max(self._scope.since_s, _midnight_s(date(number, 1, 1))))
            ends = from_epoch_s(min(self._scope.until_s, _midnight_s(date(number + 1, 1, 1))))
            first, last = begins.astimezone(MOSCOW).date(), ends.astimezone(MOSCOW).date()
            # The last year is enough: months come in their order.
            self._years = {number: self._made(first, last + timedelta(days=_LONGEST_BAR_DAYS))}
        return self._years[number]

    def _made(self, first: date, last: date) -> _Year:
        midnights = _midnights(first, last, self._scope.as_of)
        size = (midnights.day.size, len(self._shares))
        plain = [at for at, spec in enumerate(self._specs) if spec.kernel != "score"]
        table = {
            share.facts.secid: np.full((size[0], len(self._specs)), np.nan, dtype=np.float32)
            for share in self._shares
        }
        weighed = {name: np.full(size, np.nan) for name in self._weighed}
        counts = np.zeros(size, dtype=np.bool_)
        for place, share in enumerate(self._shares):
            company = _company_days(share, midnights)
            for at in plain:
                table[share.facts.secid][:, at] = _column(self._specs[at], company)
            for name in self._weighed:
                weighed[name][:, place] = _column(_BY_FIGURE[name], company)
            counts[:, place] = _counts(share, company)
        self._scores_into(table, weighed, counts)
        return _Year(moments_s=midnights.moments_s, values=table)

    def _scores_into(self, table: Mapping[str, F32], weighed: Mapping[str, F64], counts: Bools) -> None:
        z = {
            name: peer_robust_z(values, counts, self._sector, least_peers=LEAST_PEERS)
            for name, values in weighed.items()
        }
        for at, spec in enumerate(self._specs):
            if spec.kernel == "score":
                score = weighted_score([z[name] for name in spec.parameters], list(spec.parameters.values()))
                for place, share in enumerate(self._shares):
                    table[share.facts.secid][:, at] = score[:, place]


def _shares(scope: BuildScope) -> tuple[_Share, ...]:
    companies = companies_load(
        instruments=scope.universe, since=from_epoch_s(scope.since_s), as_of=scope.as_of
    )
    first = first_bars(instruments=scope.universe, timeframe=scope.timeframe)
    bar_s = 60 * scope.timeframe.minutes
    return tuple(
        _Share(
            facts=facts,
            company=companies[facts.secid],
            steps=_steps(companies[facts.secid]),
            dividends=_dividends(companies[facts.secid]),
            first_known_s=to_epoch_s(first[facts.secid]) + bar_s if facts.secid in first else np.inf,
        )
        for facts in scope.universe
    )


def _steps(company: CompanyRows) -> dict[str, ReportSteps]:
    reports = company.rows.reports
    return {name: report_steps(reports.get(name, _NO_REPORTS), is_flow=name in FLOWS) for name in REPORTED}


def _dividends(company: CompanyRows) -> Dividends:
    prices = company.prices
    before = np.concatenate([[1.0], prices.split_product[:-1]]) if prices.split_product.size else np.empty(0)
    return Dividends(
        ex_day=_days_of(prices.dividends.ex_s),
        known_s=prices.dividends.known_s,
        amount_rub=prices.dividends.amount_rub,
        split_day=_days_of(prices.split_s),
        split_known_s=prices.split_known_s,
        split_ratio=prices.split_product / before,
    )


def _midnights(first: date, last: date, as_of: datetime) -> _Midnights:
    ordinals = range(first.toordinal(), last.toordinal() + 1)
    moments_s = np.array([_midnight_s(date.fromordinal(day)) for day in ordinals], dtype=np.int64)
    return _Midnights(
        moments_s=moments_s,
        day=np.array(ordinals, dtype=np.int64) - _EPOCH_ORDINAL,
        key_rate={days: _key_rate(first, last, days, as_of) for days in KEY_RATE_DAYS},
    )


def _key_rate(first: date, last: date, days: int, as_of: datetime) -> F64:
    """Return the rate known so many days before each midnight, NaN where it is not stored."""
    ordinals = range(first.toordinal() - days, last.toordinal() - days + 1)
    moments_s = np.array([_midnight_s(date.fromordinal(day)) for day in ordinals], dtype=np.int64)
    try:
        return macro_series(code="key_rate", moments_s=moments_s, as_of=as_of)
    except NotFoundError:
        return np.full(moments_s.size, np.nan)


def _company_days(share: _Share, midnights: _Midnights) -> CompanyDays:
    moments_s = midnights.moments_s
    return CompanyDays(
        moments_s=moments_s,
        day=midnights.day,
        figures=company_figures(company=share.company, metrics=FIGURES, moments_s=moments_s),
        reports={name: report_days(steps, moments_s) for name, steps in share.steps.items()},
        price_forward=company_price_forward(company=share.company, moments_s=moments_s),
        dividends=share.dividends,
        key_rate=midnights.key_rate,
    )


def _column(spec: FeatureSpec, company: CompanyDays) -> F64:
    return COLUMNS[spec.kernel](company, **spec.parameters)


def _counts(share: _Share, company: CompanyDays) -> Bools:
    """Say from when to when a share is a peer: while it has bars and is traded, whatever is stored of later days."""
    return np.isfinite(company.price_forward) & (company.moments_s >= share.first_known_s)


def _days_of(midnights_s: I64) -> I64:
    """Return the days that begin at Moscow midnights; the clock has been 2 to 4 hours ahead of UTC."""
    days: I64 = (midnights_s + 4 * 3600) // 86_400
    return days


def _midnight_s(day: date) -> int:
    return to_epoch_s(midnight(day))
