"""A portfolio as arrays: what it is worth, its history on common days, and what it is measured against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from market.contracts import InstrumentFacts
from market.selectors.daily_panel import DailyPanel, daily_panel
from market.selectors.instruments import instruments_named
from portfolio.kernels.covariance import ShrunkCovariance, ledoit_wolf_covariance
from portfolio.kernels.returns import CommonDays, common_days, total_returns
from portfolio.kernels.risk import beta_to
from portfolio.risk_contracts import PortfolioRules
from portfolio.services.asked import HeldPosition
from traderai.common.arrays import F64, I64, Bools
from traderai.common.clock import midnight

EPOCH = date(1970, 1, 1)
BEFORE_SPELL = timedelta(days=14)  # within them a share has traded, or it did not trade then
_DAYS_A_YEAR = 365.25 / 247  # calendar days for one with trading


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Book:
    """The positions with their market; arrays are (n,) by position, returns (d, n) by day."""

    held: tuple[HeldPosition, ...]
    panel: DailyPanel
    index_column: int | None  # of the panel; the positions' own columns are their places here
    value_rub: F64  # signed
    is_stale: Bools
    turnover_rub: F64  # of an ordinary day
    days: I64  # (d + 1,) with trading; row i of the returns is of day i + 1
    returns: F64
    market: F64  # (d,), the index's returns; NaN without an index
    common: CommonDays
    covariance: ShrunkCovariance | None  # of the shares kept; None where none has enough history
    beta: F64

    @property
    def gross_rub(self) -> float:
        """What longs and shorts are worth together."""
        return float(np.abs(self.value_rub).sum())

    @property
    def whole_covariance(self) -> F64:
        """The covariance of all shares, 0 where it is not known."""
        whole = np.zeros((len(self.held), len(self.held)))
        if self.covariance is not None:
            whole[np.ix_(self.common.kept, self.common.kept)] = self.covariance.matrix
        return whole


def book_of(*, held: Sequence[HeldPosition], panel: DailyPanel, index: bool, rules: PortfolioRules) -> Book:
    """Return the arrays of positions whose shares are the panel's first columns, the index its last one."""
    n = len(held)
    column = n if index else None
    sign = np.array([1.0 if one.side == "long" else -1.0 for one in held])
    quantity = np.array([one.qty_shares for one in held])
    rows = _history_rows(panel, column, rules)
    close, dividend = panel.close[rows], panel.dividend_rub[rows]
    returns = total_returns(close[:, :n], dividend[:, :n])
    market = np.full(len(returns), np.nan) if column is None else close[1:, column] / close[:-1, column] - 1.0
    common = common_days(returns, min_days=rules.min_history_days)
    covariance = ledoit_wolf_covariance(returns[common.rows][:, common.kept]) if common.kept.any() else None
    beta = np.array([_beta(returns[:, at], market, rules.min_history_days) for at in range(n)])
    ordinary = np.nan_to_num(panel.turnover_rub[rows][-rules.turnover_days :, :n])
    age_s = panel.as_of.timestamp() - panel.price_known_s[:n]
    return Book(
        held=tuple(held),
        panel=panel,
        index_column=column,
        value_rub=sign * quantity * panel.price_rub[:n],
        is_stale=~(age_s <= 86_400 * rules.max_price_age_days),
        turnover_rub=np.median(ordinary, axis=0) if len(ordinary) else np.zeros(n),
        days=panel.days[rows],
        returns=returns,
        market=market,
        common=common,
        covariance=covariance,
        beta=beta,
    )


def panel_get(
    *, instruments: Sequence[InstrumentFacts], as_of: datetime, rules: PortfolioRules
) -> tuple[DailyPanel, bool]:
    """Return the days of the history and of the stress spells, and whether the index is the last column."""
    index = instruments_named(secids=[rules.index_secid]).get(rules.index_secid)
    begin = as_of - timedelta(days=int(rules.history_days * _DAYS_A_YEAR) + 15)
    spells = [
        (midnight(one.after) - BEFORE_SPELL, midnight(one.until) + timedelta(days=1)) for one in rules.stress
    ]
    spans = joined_spans([*spells, (begin, as_of)])
    columns = [*instruments, *([] if index is None else [index])]
    return daily_panel(instruments=columns, as_of=as_of, spans=spans), index is not None


def joined_spans(spans: Sequence[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """Return the spans with those that overlap made one, the earliest first."""
    joined: list[tuple[datetime, datetime]] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return joined


def day_number(day: date) -> int:
    """Return the days since 1970."""
    return (day - EPOCH).days


def day_of(number: int) -> date:
    """Return the date of a number of days since 1970."""
    return EPOCH + timedelta(days=int(number))


def _history_rows(panel: DailyPanel, column: int | None, rules: PortfolioRules) -> I64:
    """Return the newest days with trading: those of the index where there is one, else any share's."""
    begin = day_number(panel.as_of.date()) - int(rules.history_days * _DAYS_A_YEAR) - 15
    recent = panel.days >= begin
    if column is not None and (recent & np.isfinite(panel.close[:, column])).sum() > rules.turnover_days:
        recent &= np.isfinite(panel.close[:, column])
    return np.flatnonzero(recent)[-rules.history_days - 1 :]


def _beta(returns: F64, market: F64, min_days: int) -> float:
    both = np.isfinite(returns) & np.isfinite(market)
    return beta_to(returns, market) if both.sum() >= min_days else float("nan")
