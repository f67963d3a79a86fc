"""How a company's figures are made, at some moments, of what was known then."""

from __future__ import annotations

from collections.abc import Callable

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
from market.selectors.fundamental_rows import FundamentalRows, PriceRows
from traderai.common.arrays import F64, I64

_DAY_S = 86_400
_YEAR_S = 365 * _DAY_S


class CompanyFigures:
    """One company's figures at some moments; each is made once."""

    def __init__(
        self, *, secid: str, rows: FundamentalRows, prices: Callable[[], PriceRows], moments_s: I64
    ) -> None:
        self._secid, self._rows, self._moments_s, self._load = secid, rows, moments_s, prices
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
        """Return one figure at each moment, by the codes of fundamentals.yaml."""
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
        """Return closes, splits and dividends; they are read when the first figure needs them."""
        if self._prices is None:
            self._prices = self._load()
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
