"""A simple, honest simulator: the policy's trades at the labels' own entries and exits, after costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# "as": others take these two from here, which a type checker wants to see meant.
from modeling.kernels.performance import TRADING_DAYS_A_YEAR as TRADING_DAYS_A_YEAR
from modeling.kernels.performance import daily_sharpe as daily_sharpe
from traderai.common.arrays import F64, I8, I64

_MOSCOW_OFFSET_S = 3 * 3600
_DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TradeRows:
    """What the policy wanted, one row for each decision with a side, and what came of it (from barrier_labels)."""

    instrument: I64  # (n,)
    side: I8  # 1 long, -1 short, 0 nothing
    edge: F64  # decides between rows that compete for the same moment
    entry_s: I64
    exit_s: I64
    net_frac: F64  # of the side, after costs

    def __post_init__(self) -> None:
        shapes = {self.side.shape, self.edge.shape, self.entry_s.shape, self.exit_s.shape}
        if shapes | {self.net_frac.shape} != {self.instrument.shape}:
            raise ValueError(f"all arrays must be of shape {self.instrument.shape}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BacktestResult:
    """The trades taken and what they made of equal bets; all figures after costs."""

    rows: I64  # indices of the rows traded, by entry
    days: I64  # Moscow days since 1970, the calendar
    daily_net: F64  # realised profit by exit day, as a fraction of the starting capital
    equity: F64  # 1 plus the running sum of daily_net; profits are not reinvested
    trades: int
    net_expectancy_frac: float  # mean net result of a trade, of its entry value
    hit_rate: float  # share of trades with a net profit
    sharpe: float  # of daily_net, a year of 252 days
    max_drawdown_frac: float  # of the starting capital, on realised profit


def moscow_days(moments_s: I64) -> I64:
    """Return the Moscow day, counted from 1970, on which each bar ended; midnight belongs to the day before.

    Shapes: moments_s (n,) ends of bars; returns (n,).
    Units:  days since 1970-01-01, Moscow time.
    """
    days: I64 = (moments_s - 1 + _MOSCOW_OFFSET_S) // _DAY_S
    return days


def backtest(rows: TradeRows, *, calendar: I64, max_open: int) -> BacktestResult:
    """Return what trading the rows in the order of time would have made.

    One position in an instrument at a time and at most `max_open` in all, each `1 / max_open` of the starting
    capital; a position frees its place at its exit. Rows that find no place are passed over. At one moment the
    higher edge goes first, then the lower row. Profit is booked on the day of the exit.

    Shapes: calendar (d,) rising Moscow days, days without an exit included; the result's daily arrays (d,).
    Units:  fractions of the entry value or of the starting capital, as each field says.
    NaN:    expectancy and hit rate without a trade; Sharpe without variation.
    Raises: ValueError if max_open is below 1, an exit is not after its entry, a result is missing, or an exit
            day is not in the calendar.
    """
    wanted = np.flatnonzero(rows.side != 0)
    _check(rows, wanted, calendar, max_open)
    taken = _taken(rows, wanted, max_open)
    net = rows.net_frac[taken]
    daily = np.zeros(calendar.size)
    np.add.at(daily, np.searchsorted(calendar, moscow_days(rows.exit_s[taken])), net / max_open)
    equity = 1.0 + np.cumsum(daily)
    peak = np.maximum.accumulate(np.concatenate(([1.0], equity)))[1:]
    return BacktestResult(
        rows=taken,
        days=calendar,
        daily_net=daily,
        equity=equity,
        trades=int(taken.size),
        net_expectancy_frac=float(net.mean()) if taken.size else float("nan"),
        hit_rate=float((net > 0).mean()) if taken.size else float("nan"),
        sharpe=daily_sharpe(daily),
        max_drawdown_frac=float(np.max(peak - equity, initial=0.0)),
    )


def _taken(rows: TradeRows, wanted: I64, max_open: int) -> I64:
    order = wanted[np.lexsort((wanted, -rows.edge[wanted], rows.entry_s[wanted]))]
    free_at: dict[int, int] = {}
    open_until: list[int] = []
    taken = []
    for row in order:
        entry, name = int(rows.entry_s[row]), int(rows.instrument[row])
        open_until = [moment for moment in open_until if moment > entry]
        if len(open_until) >= max_open or free_at.get(name, entry) > entry:
            continue
        free_at[name] = int(rows.exit_s[row])
        open_until.append(free_at[name])
        taken.append(int(row))
    return np.asarray(taken, dtype=np.int64)


def _check(rows: TradeRows, wanted: I64, calendar: I64, max_open: int) -> None:
    if max_open < 1:
        raise ValueError(f"max_open must be at least 1, was {max_open}")
    if np.any(rows.exit_s[wanted] <= rows.entry_s[wanted]):
        raise ValueError("an exit must come after its entry; pass labelled rows only")
    if not (np.isfinite(rows.net_frac[wanted]).all() and np.isfinite(rows.edge[wanted]).all()):
        raise ValueError("a row with a side has no result or edge; pass labelled rows only")
    if np.any(np.diff(calendar) <= 0):
        raise ValueError("calendar must rise")
    if not np.isin(moscow_days(rows.exit_s[wanted]), calendar).all():
        raise ValueError("an exit falls on a day that is not in the calendar")
