"""What an account makes of an arm's orders: figures after costs with intervals, beside the base rates of winning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from market.kernels.sessions import moscow_offset_s
from modeling.fitting.evaluation import LEAST_TRADES, DayBootstrap, mean_figure
from modeling.fitting.trading import Traded
from modeling.fitting.walk_arms import Arm
from modeling.kernels.performance import (
    DailyFractions,
    account_performance,
    daily_fractions,
)
from modeling.kernels.significance import drawdown_interval, ratio_p_value, sharpe_interval
from modeling.kernels.simulator import DailyAccount
from modeling.kernels.simulator_market import moscow_days
from modeling.kernels.trade_performance import ClosedTrades, trade_performance
from traderai.common.arrays import F64, I64

_DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Closed:
    """The trades of an arm with what they are grouped by; every array is (k,)."""

    row: I64  # of the dataset: the decision
    horizon: I64
    side: I64
    entry_s: I64
    exit_day: I64
    net_frac: F64
    gross_frac: F64
    r_multiple: F64
    entry_value_rub: F64

    def performance(self, days: int) -> Any:
        """Return the figures of the trades over so many days."""
        return trade_performance(
            ClosedTrades(
                entry_day=moscow_days(self.entry_s + 1),
                entry_value_rub=self.entry_value_rub,
                net_frac=self.net_frac,
                r_multiple=self.r_multiple,
            ),
            trading_days=days,
        )


def closed(arm: Arm, result: Traded) -> Closed:
    """Return the closed trades of an arm."""
    trades = result.simulation.trades
    return Closed(
        row=arm.wanted.row[trades.order],
        horizon=arm.wanted.horizon[trades.order],
        side=trades.side.astype(np.int64),
        entry_s=trades.entry_s,
        exit_day=moscow_days(trades.exit_s),
        net_frac=trades.net_frac,
        gross_frac=trades.gross_frac,
        r_multiple=trades.r_multiple,
        entry_value_rub=trades.entry_value_rub,
    )


def traded_figures(result: Traded, own: Closed, bootstrap: DayBootstrap, base_wins: F64) -> dict[str, Any]:
    """Return the figures of an arm; without a trade only those of an account at rest.

    `base_wins` (h, 2): the share of rows that win on the long and on the short side.
    """
    figures = account_figures(result.account, bootstrap) | {
        "trades": int(own.row.size),
        "orders": result.orders,
        "refused": result.simulation.refused,
    }
    if own.row.size == 0:
        return figures
    found = own.performance(result.daily_net.size)
    with_r = np.isfinite(own.r_multiple)
    wins = mean_figure((own.net_frac > 0).astype(np.float64), own.exit_day, bootstrap)
    return figures | {
        "long_trades": int((own.side > 0).sum()),
        "net_bp": mean_figure(own.net_frac * 1e4, own.exit_day, bootstrap),
        "gross_bp": mean_figure(own.gross_frac * 1e4, own.exit_day, bootstrap),
        "net_r": mean_figure(own.r_multiple[with_r], own.exit_day[with_r], bootstrap)
        if with_r.any()
        else None,
        "win_rate": {name: None if one is None else min(max(one, 0.0), 1.0) for name, one in wins.items()},
        "base_win_rate": float(np.mean(base_wins[own.horizon, (own.side < 0).astype(np.int64)])),
        "profit_factor": found.profit_factor,
        "payoff_ratio": found.payoff_ratio,
        "best_frac": found.best_frac,
        "worst_frac": found.worst_frac,
        "trades_per_month": found.trades_per_month,
        "days_with_trade_share": found.days_with_trade_share,
    }


def account_figures(account: DailyFractions, bootstrap: DayBootstrap) -> dict[str, Any]:
    """Return growth, risk and exposure of an account over the days of the draws."""
    found = account_performance(account)
    daily, draws = account.net_frac, bootstrap.draws
    drawdown = drawdown_interval(daily, draws, compounding=True)
    sharpe = sharpe_interval(daily, draws)
    return {
        "days": found.days,
        "net_total_frac": found.net_frac,
        "daily_net_bp": scaled(bootstrap.mean(daily, bootstrap.days), 1e4),
        "cagr": found.cagr,
        "volatility": found.volatility,
        "sharpe": {"value": sharpe.value, "low": sharpe.low, "high": sharpe.high},
        "sortino": found.sortino,
        "calmar": found.calmar,
        "max_drawdown_frac": {"value": drawdown.value, "low": drawdown.low, "high": drawdown.high},
        "drawdown_days": found.drawdowns.deepest_days,
        "longest_drawdown_days": found.drawdowns.longest_days,
        "exposed_days_share": found.exposed_days_share,
        "mean_invested_frac": found.mean_invested_frac,
        "turnover_yearly": found.turnover_yearly,
    }


def held(account: DailyAccount, *, capital_rub: float) -> DailyFractions:
    """Return a bought and held account as fractions."""
    return daily_fractions(
        account.equity_rub,
        gross_rub=account.gross_rub,
        turnover_rub=account.turnover_rub,
        start_rub=capital_rub,
    )


def group_figures(
    own: Closed, group: I64, names: dict[int, str], bootstrap: DayBootstrap
) -> list[dict[str, Any]]:
    """Return trades, win rate and net result of each group, with bounds and the chance of as much without profit."""
    found = []
    for code in np.unique(group):
        inside = group == code
        net, exits = own.net_frac[inside], own.exit_day[inside]
        entry: dict[str, Any] = {
            "group": names.get(int(code), str(int(code))),
            "trades": int(inside.sum()),
            "win_rate": float(np.mean(net > 0)),
            "net_bp": mean_figure(net * 1e4, exits, bootstrap),
            "p_value": mean_p_value(net, exits, bootstrap) if net.size >= LEAST_TRADES else None,
        }
        found.append(entry)
    return found


def mean_p_value(values: F64, row_days: I64, bootstrap: DayBootstrap) -> float:
    """Return how often a mean as far above 0 comes up without profit: one-sided, by the draws about the mean."""
    place = bootstrap.place(row_days)
    days = bootstrap.days.size
    sums = np.bincount(place, weights=values, minlength=days).astype(np.float64)
    return ratio_p_value(sums, np.bincount(place, minlength=days).astype(np.float64), bootstrap.draws)


def years_of(moments_s: I64) -> I64:
    """Return the calendar year of each moment in Moscow."""
    days = ((moments_s + moscow_offset_s(moments_s)) // _DAY_S).astype("datetime64[D]")
    return np.asarray(days.astype("datetime64[Y]").astype(np.int64) + 1970)


def weekdays_of(moments_s: I64) -> I64:
    """Return the weekday of each moment in Moscow, 0 on Monday."""
    days = (moments_s + moscow_offset_s(moments_s)) // _DAY_S
    return np.asarray((days + 3) % 7)


def scaled(figure: dict[str, float], by: float) -> dict[str, float]:
    """Return a figure and its bounds in another unit."""
    return {name: value * by for name, value in figure.items()}
