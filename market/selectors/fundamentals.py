"""Reading companies' figures as they were known: reports, twelve months, and multiples of the price."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from market.fundamentals_config import fundamentals_config
from market.kernels.multiples import price_at, ratio, smoothed_shares, trailing_dividends
from market.kernels.reports import (
    Steps,
    latest_steps,
    same_quarter_growth_steps,
    trailing_year_steps,
    values_at,
)
from market.selectors.fundamental_rows import FundamentalRows, PriceRows, price_rows, report_rows
from market.selectors.instruments import instrument_get
from traderai.common.arrays import F64, I64
from traderai.common.clock import to_epoch_s
from traderai.common.errors import InputError, did_you_mean

_DAY_S = 86_400
_YEAR_S = 365 * _DAY_S


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFacts:
    """One stored figure of a company as it was known."""

    metric: str  # a code of fundamentals.yaml
    period: str  # 2023, 2023Q4 or 2023-12-29
    value: float
    known_at: datetime
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FundamentalFacts:
    """What was known of one company at a moment: figures by the codes of fundamentals.yaml, in their units."""

    secid: str
    as_of: datetime
    values: dict[str, float]  # figures that are unknown or too old are left out
    reports: tuple[
        ReportFacts, ...
    ]  # the newest stored figure of each metric, from which the values are made


def fundamentals_at(*, secid: str, as_of: datetime) -> FundamentalFacts:
    """Return what was known of a company at `as_of`; figures older than fundamentals.yaml allows are left out.

    Raises: NotFoundError for a ticker that we do not hold.
    """
    secid = instrument_get(secid=secid).secid
    rows = _rows_of(secid, as_of)
    moment_s = np.array([to_epoch_s(as_of)], dtype=np.int64)
    company = _Company(secid=secid, rows=rows, moments_s=moment_s, as_of=as_of)
    figures = {name: float(company.figure(name)[0]) for name in fundamentals_config().metrics}
    return FundamentalFacts(
        secid=secid,
        as_of=as_of,
        values={name: value for name, value in figures.items() if np.isfinite(value)},
        reports=tuple(
            ReportFacts(
                metric=row.metric,
                period=row.period,
                value=row.value,
                known_at=row.known_at,
                source=row.source,
            )
            for row in rows.known
        ),
    )


def fundamental_series(
    *, secid: str, metrics: Sequence[str], moments_s: I64, as_of: datetime
) -> dict[str, F64]:
    """Return figures as they were known at each moment, by the codes and in the units of fundamentals.yaml.

    Flows are those of the newest complete twelve months. A figure made of reports or of the price is made anew for
    each moment, out of what was known then; where that is not enough, a stored figure of that name stands in.
    Moments may come in any order; nothing that became known after `as_of` counts. NaN where a figure is unknown or
    too old.

    Raises: InputError for a metric that fundamentals.yaml lacks; NotFoundError for a ticker that we do not hold.
    """
    config = fundamentals_config()
    for name in metrics:
        if name not in config.metrics:
            raise InputError(
                f"metric must be one of {', '.join(config.metrics)}, was {name!r}"
                f"{did_you_mean(name, config.metrics)}",
                code="unknown_metric",
                field="metrics",
            )
    instrument = instrument_get(secid=secid)
    company = _Company(
        secid=instrument.secid, rows=_rows_of(instrument.secid, as_of), moments_s=moments_s, as_of=as_of
    )
    return {name: company.figure(name) for name in metrics}


def _rows_of(secid: str, as_of: datetime) -> FundamentalRows:
    reports_of = fundamentals_config().reports_of.get(secid, secid)
    return report_rows(secid=secid, reports_of=reports_of, as_of=as_of)


class _Company:
    """One company's figures at some moments; each is made once."""

    def __init__(self, *, secid: str, rows: FundamentalRows, moments_s: I64, as_of: datetime) -> None:
        self._secid, self._rows, self._moments_s, self._as_of = secid, rows, moments_s, as_of
        self._made: dict[str, F64] = {}
        self._prices: PriceRows | None = None
        self._recipes: dict[str, Callable[[], F64]] = {
            "roe": lambda: 100.0 * ratio(self.figure("profit"), self.figure("equity")),
            "net_margin": lambda: 100.0 * ratio(self.figure("profit"), self.figure("revenue")),
            "ebitda_margin": lambda: 100.0 * ratio(self.figure("ebitda"), self.figure("revenue")),
            "net_debt_ebitda": lambda: ratio(self.figure("net_debt"), self.figure("ebitda")),
            "earnings_yoy": lambda: self._stepped("profit", same_quarter_growth_steps),
            "shares": lambda: ratio(self._shares_forward(), 1.0 / self._factor()),
            "market_cap": lambda: self._shares_forward() * self._price(),
            "eps_ttm": lambda: (
                self.figure("profit") * ratio(self._price(), self._company_cap() * self._factor())
            ),
            "pe": lambda: _positive(ratio(self._company_cap(), self.figure("profit"))),
            "pb": lambda: ratio(self._company_cap(), self.figure("equity")),
            "ev_ebitda": lambda: ratio(self._company_cap() + self.figure("net_debt"), self.figure("ebitda")),
            "dividend_yield": self._dividend_yield,
        }

    def figure(self, name: str) -> F64:
        if name not in self._made:
            kind = fundamentals_config().metrics[name].kind
            if name in self._recipes:
                made = self._recipes[name]()
                stored = (
                    np.full(made.shape, np.nan) if name in {"market_cap", "shares"} else self._stored(name)
                )
                self._made[name] = np.where(np.isfinite(made), made, stored)
            elif kind == "flow":
                self._made[name] = self._stepped(name, trailing_year_steps)
            else:
                self._made[name] = self._stored(name)
        return self._made[name]

    def _stored(self, name: str) -> F64:
        return self._stepped(name, latest_steps)

    def _stepped(self, name: str, steps_of: Callable[..., Steps]) -> F64:
        reports = self._rows.reports.get(name)
        if reports is None:
            return np.full(self._moments_s.size, np.nan)
        return values_at(steps_of(reports), self._moments_s)

    @property
    def prices(self) -> PriceRows:
        if self._prices is None:
            self._prices = price_rows(secid=self._secid, as_of=self._as_of)
        return self._prices

    def _price(self) -> F64:
        """Return closes on the scale of the first shares."""
        return self._price_at(self._moments_s)

    def _price_at(self, moments_s: I64) -> F64:
        stale_after_s = fundamentals_config().price_stale_after_days * _DAY_S
        return price_at(self.prices.known_s, self.prices.close_forward, moments_s, stale_after_s)

    def _factor(self) -> F64:
        """Return how many shares of today one of the first shares has become."""
        return self.prices.split_factor_at(self._moments_s)

    def _shares_forward(self) -> F64:
        """Return shares issued of this class, counted in the first shares: a split leaves that as it is."""
        caps, issued = self._rows.reports.get("market_cap"), self._rows.reports.get("shares")
        parts: list[tuple[I64, I64, F64]] = []
        if caps is not None:
            order = np.argsort(caps.known_s, kind="stable")
            known_s = caps.known_s[order]
            counted = smoothed_shares(ratio(caps.value[order], self._price_at(known_s)))
            parts.append((known_s, caps.expires_s[order], counted))
        if issued is not None:
            counted = issued.value / self.prices.split_factor_at(issued.known_s)
            parts.append((issued.known_s, issued.expires_s, counted))
        if not parts:
            return np.full(self._moments_s.size, np.nan)
        known_s, expires_s, counted = (np.concatenate([part[at] for part in parts]) for at in range(3))
        order = np.argsort(known_s, kind="stable")
        steps = Steps(known_s=known_s[order], expires_s=expires_s[order], value=counted[order])
        return values_at(steps, self._moments_s)

    def _company_cap(self) -> F64:
        """Return what all shares of the company are worth at the price of this class."""
        config = fundamentals_config()
        if self._secid in config.unlisted_shares:
            return np.full(self._moments_s.size, np.nan)
        return self.figure("market_cap") * config.company_shares_per_share.get(self._secid, 1.0)

    def _dividend_yield(self) -> F64:
        paid = self.prices.dividends
        if not paid.known_s.size:
            return np.full(self._moments_s.size, np.nan)
        starts_s = np.maximum(paid.known_s, paid.ex_s)
        total = trailing_dividends(starts_s, paid.ex_s + _YEAR_S, paid.amount_forward, self._moments_s)
        # Before its first dividend is known, nothing is known of a share's dividends either.
        total = np.where(self._moments_s >= starts_s.min(), total, np.nan)
        return 100.0 * ratio(total, self._price())


def _positive(values: F64) -> F64:
    return np.where(values > 0, values, np.nan)
