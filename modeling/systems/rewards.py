"""What each action on each row earns: the simulator's own trade, alone in its window, in units of the share's risk."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from modeling.kernels.bar_returns import ewma_of_returns
from modeling.kernels.simulator import simulate
from modeling.kernels.simulator_orders import AccountRules, Orders
from modeling.systems.rows import SystemRows
from traderai.common.arrays import F64, I64

SELL, HOLD, BUY = range(3)
_RUBLES = 1e18  # so much that nothing is ever out of money, and lots are as good as fractions
_STAKE_FRAC = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewarder:
    """By what account rows are traded, and which sides may be."""

    account: AccountRules
    sides: Literal["long", "both"]

    def net_r(self, rows: SystemRows, at: I64) -> F64:
        """Return what selling, holding and buying earn (n, 3) on some rows (n,), after costs, over the rows' risk.

        Each is the trade that the simulator makes of an order on that row alone: in at the next open, out at the window's
        last close, with fees, slippage and borrowing; what it does not fill earns 0, as holding does. Rows of one share
        whose windows overlap are traded in turns, so none is in the way of another. NaN without a known risk.
        """
        found = np.zeros((at.size, 3))
        for action, side in ((SELL, -1), (BUY, 1)):
            if side > 0 or self.sides == "both":
                found[:, action] = self._net_frac(rows, at, side)
        return found / row_risk(rows)[at][:, None]

    def _net_frac(self, rows: SystemRows, at: I64, side: int) -> F64:
        bar = at - rows.market.offset[rows.instrument[at]]
        rules = replace(
            self.account, capital_rub=_RUBLES, stake_frac=_STAKE_FRAC, compounding=False,
            max_open=len(rows.secids), max_gross_frac=1.0,
        )  # fmt: skip
        net = np.zeros(at.size)
        for turn in range(rows.horizon_bars):
            own = np.flatnonzero(bar % rows.horizon_bars == turn)
            if own.size:
                orders = _orders(rows, at[own], bar[own], side)
                trades = simulate(rows.market, orders, rules, calendar=_calendar(rows, at[own])).trades
                net[own[trades.order]] = trades.net_frac
        return net


def row_risk(rows: SystemRows) -> F64:
    """Return the risk of each row (m,): the volatility of a bar's return known then, over the horizon; NaN where unknown."""
    path, found = rows.market.path, np.full(rows.close.size, np.nan)
    for begin, end in zip(rows.market.offset[:-1], rows.market.offset[1:], strict=True):
        close, paid = path.close[begin:end], path.paid[begin:end]
        returns = np.zeros(end - begin)
        returns[1:] = np.diff(close) / (close[:-1] - paid[:-1])
        found[begin:end] = ewma_of_returns(returns) * np.sqrt(rows.horizon_bars)
    return np.where(found > 0, found, np.nan)


def _orders(rows: SystemRows, at: I64, bar: I64, side: int) -> Orders:
    whole = np.full(at.size, np.inf)
    return Orders(
        instrument=rows.instrument[at],
        decision_bar=bar,
        entry_bar=bar + 1,
        last_bar=bar + rows.horizon_bars,
        side=np.full(at.size, side, dtype=np.int8),
        take_profit_frac=whole,
        stop_loss_frac=whole,
        priority=np.zeros(at.size),
        max_value_rub=whole,
        size_factor=np.ones(at.size),
        half_spread_frac=np.full(at.size, np.nan),
    )


def _calendar(rows: SystemRows, at: I64) -> I64:
    """Return the days on which some rows are decided and end, and all between."""
    first, last = rows.day[at].min(), rows.window_end_s[at].max()
    return np.unique(rows.day[(rows.day >= first) & (rows.decision_s <= last)])
