"""What closed trades brought, all together and by group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from market.kernels.proportions import wilson_interval
from traderai.common.arrays import F64, I64, Bools

TRADING_DAYS_A_MONTH = 21


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClosedTrades:
    """Trades that were opened and closed, after all costs."""

    entry_day: I64  # (n,) any count of days that tells days apart
    entry_value_rub: F64  # (n,) gross value at the entry; of equal bets the same number in each
    net_frac: F64  # (n,) net result over the entry value, positive for a profit of either side
    r_multiple: F64  # (n,) net result over the loss at the stop; NaN for a trade without a stop

    def __post_init__(self) -> None:
        shapes = {x.shape for x in (self.entry_day, self.entry_value_rub, self.net_frac, self.r_multiple)}
        if len(shapes) > 1 or self.net_frac.ndim != 1:
            raise ValueError(f"all figures must be of one shape (n,), were {sorted(shapes)}")
        if not np.isfinite(self.net_frac).all() or np.isinf(self.r_multiple).any():
            raise ValueError("a result is missing or infinite; pass closed trades only")
        if not (np.isfinite(self.entry_value_rub).all() and np.all(self.entry_value_rub > 0)):
            raise ValueError("entry_value_rub must be above 0 in every trade")


@dataclass(frozen=True, slots=True, kw_only=True)
class TradePerformance:
    """What trades brought after costs; a win is above 0, a loss below, a trade at 0 is neither."""

    trades: int
    wins: int
    losses: int
    win_rate: float
    win_rate_low: float  # Wilson's 95 % interval; 0 to 1 without a trade
    win_rate_high: float
    net_rub: float  # sum over the trades
    average_win_frac: float  # of the entry value
    average_loss_frac: float  # of the entry value, negative
    payoff_ratio: float  # average win over average loss in roubles, positive
    profit_factor: float  # sum of wins over sum of losses in roubles, positive
    expectancy_frac: float  # mean of the net results over their entry values
    expectancy_rub: float  # mean
    expectancy_r: float  # mean R-multiple of the trades with a stop
    trades_with_r: int
    best_frac: float
    worst_frac: float
    trades_per_month: float  # of 21 trading days
    days_with_trade_share: float  # share of the trading days on which a trade was opened


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroupPerformance:
    """What the trades of each group brought after costs; groups without a trade are not listed."""

    group: I64  # (g,) rising
    trades: I64  # (g,)
    win_rate: F64  # (g,)
    win_rate_low: F64  # (g,) Wilson's 95 % interval
    win_rate_high: F64
    expectancy_frac: F64  # (g,) mean net result over the entry value
    expectancy_r: F64  # (g,) mean R-multiple of the trades with a stop; NaN without one
    net_rub: F64  # (g,) sum


def trade_performance(trades: ClosedTrades, *, trading_days: int) -> TradePerformance:
    """Return win rate, expectancy and payoff of trades over `trading_days`, days without a trade included.

    Shapes: scalars.
    Units:  as the fields say.
    NaN:    rates, means and extremes without a trade; the average win without a win, the average loss and the profit
            factor without a loss, the payoff ratio without both; the mean R-multiple without a stop.
    Raises: ValueError if trading_days is below 1 or below the number of days with an entry.
    """
    entry_days = np.unique(trades.entry_day).size
    if trading_days < max(1, entry_days):
        raise ValueError(f"trading_days must be at least {max(1, entry_days)}, was {trading_days}")
    net, net_rub = trades.net_frac, trades.net_frac * trades.entry_value_rub
    won, lost = net > 0, net < 0
    wins = int(won.sum())
    low, high = wilson_interval(wins, int(net.size))
    with_r = np.isfinite(trades.r_multiple)
    return TradePerformance(
        trades=int(net.size),
        wins=wins,
        losses=int(lost.sum()),
        win_rate=_mean(won),
        win_rate_low=low,
        win_rate_high=high,
        net_rub=float(net_rub.sum()),
        average_win_frac=_mean(net[won]),
        average_loss_frac=_mean(net[lost]),
        payoff_ratio=-_mean(net_rub[won]) / _mean(net_rub[lost]),
        profit_factor=float(-net_rub[won].sum() / net_rub[lost].sum()) if lost.any() else float("nan"),
        expectancy_frac=_mean(net),
        expectancy_rub=_mean(net_rub),
        expectancy_r=_mean(trades.r_multiple[with_r]),
        trades_with_r=int(with_r.sum()),
        best_frac=float(net.max()) if net.size else float("nan"),
        worst_frac=float(net.min()) if net.size else float("nan"),
        trades_per_month=net.size / trading_days * TRADING_DAYS_A_MONTH,
        days_with_trade_share=entry_days / trading_days,
    )


def trades_by_group(trades: ClosedTrades, group: I64) -> GroupPerformance:
    """Return trades, win rate, expectancy and total of each group: a ticker, a regime, an hour, a month.

    Shapes: group (n,) a whole number for each trade.
    Units:  as the fields say.
    NaN:    the mean R-multiple of a group without a stop.
    Raises: ValueError for a group of another shape or not of whole numbers.
    """
    net, r_multiple = trades.net_frac, trades.r_multiple
    if group.shape != net.shape or not np.issubdtype(group.dtype, np.integer):
        raise ValueError(f"group must be whole numbers {net.shape}, was {group.dtype} {group.shape}")
    names, place, count = np.unique(group, return_inverse=True, return_counts=True)
    with_r = np.isfinite(r_multiple)
    r_count = np.bincount(place[with_r], minlength=names.size)
    r_sum = np.bincount(place[with_r], weights=r_multiple[with_r], minlength=names.size)
    wins = np.bincount(place[net > 0], minlength=names.size)
    net_rub = np.bincount(place, weights=net * trades.entry_value_rub, minlength=names.size)
    bounds = [wilson_interval(int(w), int(c)) for w, c in zip(wins, count, strict=True)]
    low, high = np.array(bounds, dtype=np.float64).reshape(-1, 2).T
    return GroupPerformance(
        group=names.astype(np.int64),
        trades=count.astype(np.int64),
        win_rate=wins / count,
        win_rate_low=low,
        win_rate_high=high,
        expectancy_frac=np.bincount(place, weights=net, minlength=names.size) / count,
        expectancy_r=np.divide(r_sum, r_count, out=np.full(names.size, np.nan), where=r_count > 0),
        net_rub=net_rub.astype(np.float64),  # without a trade it would be whole numbers
    )


def _mean(values: F64 | Bools) -> float:
    return float(values.mean()) if values.size else float("nan")
