"""What trading made of capital, day by day: growth, risk, drawdown and exposure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from traderai.common.arrays import F64

TRADING_DAYS_A_YEAR = 252
_ROUNDING = 1e-12  # a curve this close to its peak, as a share of it, has recovered


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DailyFractions:
    """One account, one figure for each trading day in order; days without a trade stand as 0."""

    net_frac: F64  # (d,) net result of the day over the capital at its start
    invested_frac: F64  # (d,) gross value of the positions at the day's close over the capital then
    traded_frac: F64  # (d,) value bought plus value sold over the capital at the day's start

    def __post_init__(self) -> None:
        shapes = {self.net_frac.shape, self.invested_frac.shape, self.traded_frac.shape}
        if len(shapes) > 1 or self.net_frac.ndim != 1:
            raise ValueError(f"all figures must be of one shape (d,), were {sorted(shapes)}")
        if not all(np.isfinite(x).all() for x in (self.net_frac, self.invested_frac, self.traded_frac)):
            raise ValueError("a figure is missing; a day without a trade is 0")
        if np.any(self.invested_frac < 0) or np.any(self.traded_frac < 0):
            raise ValueError("invested_frac and traded_frac are gross values, from 0 up; one was negative")
        if self.net_frac.size == 0:
            raise ValueError("an account needs a trading day at least, was without one")
        _check_returns(self.net_frac)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawdowns:
    """Falls of the capital below its highest value so far, the start included, in trading days."""

    deepest_frac: float  # of the peak, positive; 0 if the capital never fell
    deepest_days: int  # from its peak to the recovery, or to the last day if there was none
    deepest_recovered: bool  # True too if the capital never fell
    longest_days: int  # of any fall, from peak to recovery or the last day
    underwater_at_end_days: int  # since the last peak; 0 if the last day is one


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPerformance:
    """What an account made; every figure after costs, daily returns compounding, no interest deducted."""

    days: int
    net_frac: float  # end over start, less 1
    cagr: float  # yearly growth, a fraction
    volatility: float  # yearly standard deviation of the daily returns, a fraction
    sharpe: float  # yearly
    sortino: float  # yearly
    calmar: float  # cagr over the deepest drawdown
    drawdowns: Drawdowns
    exposed_days_share: float  # share of days with an open position
    mean_invested_frac: float  # mean gross value of the positions over the capital
    turnover_yearly: float  # value bought plus value sold in a year over the capital
    best_day_frac: float
    worst_day_frac: float


def daily_fractions(
    equity_rub: F64, *, gross_rub: F64, turnover_rub: F64, start_rub: float
) -> DailyFractions:
    """Return an account in roubles as fractions of its own capital.

    The first day that ends at or below 0 is the ruin: -1, whatever is owed beyond; later days are 0.

    Shapes: equity_rub capital, gross_rub value of longs plus shorts, both at the close of each trading day, and
            turnover_rub bought plus sold in the day, all (d,).
    Raises: ValueError if start_rub is not above 0, for other shapes, missing figures or no day.
    """
    if not start_rub > 0:
        raise ValueError(f"start_rub must be above 0, was {start_rub}")
    if equity_rub.ndim != 1 or not equity_rub.shape == gross_rub.shape == turnover_rub.shape:
        raise ValueError(
            "equity_rub, gross_rub and turnover_rub must be of one shape (d,), were "
            f"{equity_rub.shape}, {gross_rub.shape} and {turnover_rub.shape}"
        )
    if not np.isfinite(equity_rub).all():
        raise ValueError("an equity is missing; a day without a trade keeps the last one")
    before = np.concatenate(([start_rub], equity_rub[:-1]))[: equity_rub.size]
    alive = np.logical_and.accumulate(before > 0)
    solvent = alive & (equity_rub > 0)
    none = np.zeros(equity_rub.shape)
    net_frac = np.divide(np.maximum(equity_rub, 0.0) - before, before, out=none.copy(), where=alive)
    return DailyFractions(
        net_frac=net_frac,
        invested_frac=np.divide(gross_rub, equity_rub, out=none.copy(), where=solvent),
        traded_frac=np.divide(turnover_rub, before, out=none.copy(), where=alive),
    )


def equity_curve(daily: F64) -> F64:
    """Return the capital at the end of each day, from 1 at the start, daily returns compounding.

    Shapes: daily (d,) net returns, days without a trade as 0; returns (d,).
    Units:  multiples of the starting capital.
    Raises: ValueError if a return is missing or below -1, or the curve grows beyond any number.
    """
    _check_returns(daily)
    with np.errstate(over="ignore"):
        curve: F64 = np.cumprod(1.0 + daily, dtype=np.float64)
    if not np.isfinite(curve).all():
        raise ValueError("the returns compound beyond any number; were they percent instead of fractions?")
    return curve


def drawdown_curve(equity: F64) -> F64:
    """Return how far each day lies below the highest capital so far, 1 at the start included.

    Shapes: equity (d,) from `equity_curve`; returns (d,).
    Units:  fractions of the peak, from 0 up; what only rounding explains is 0.
    """
    fall = 1.0 - equity / np.maximum.accumulate(np.maximum(equity, 1.0))
    curve: F64 = np.where(fall > _ROUNDING, fall, 0.0)
    return curve


def drawdowns(equity: F64) -> Drawdowns:
    """Return depth and length of the falls of a capital that starts at 1.

    A fall lasts from the day of its peak, day 0 for the start, to the first day at or above the peak.

    Shapes: equity (d,) from `equity_curve`.
    Units:  as the fields say.
    """
    fall = np.concatenate(([0.0], drawdown_curve(equity)))
    peaks = np.flatnonzero(fall == 0)
    ends = np.append(peaks[1:], equity.size)
    deepest = int(np.argmax(fall))
    spell = int(np.searchsorted(peaks, deepest, side="right")) - 1
    days = np.where(np.maximum.reduceat(fall, peaks) > 0, ends - peaks, 0)
    return Drawdowns(
        deepest_frac=float(fall[deepest]),
        deepest_days=int(days[spell]),
        deepest_recovered=bool(fall[deepest] == 0 or spell < peaks.size - 1),
        longest_days=int(days.max()),
        underwater_at_end_days=int(equity.size - peaks[-1]),
    )


def cagr(daily: F64) -> float:
    """Return the yearly growth rate of daily returns that compound.

    `prod(1 + r) ** (252 / d) - 1`; less than a year is drawn out to one, a ruin is -1.

    Shapes: daily (d,) net returns, days without a trade as 0.
    NaN:    no day, or a yearly rate beyond any number.
    Raises: as `equity_curve`.
    """
    curve = equity_curve(daily)
    if curve.size == 0:
        return float("nan")
    with np.errstate(over="ignore"):
        growth = float(curve[-1] ** (TRADING_DAYS_A_YEAR / curve.size) - 1.0)
    return growth if np.isfinite(growth) else float("nan")


def daily_volatility_yearly(daily: F64) -> float:
    """Return the yearly standard deviation of a daily series: the sample's, times the root of 252.

    Shapes: daily (d,).
    NaN:    fewer than 2 days.
    """
    if daily.size < 2:
        return float("nan")
    return float(daily.std(ddof=1) * np.sqrt(TRADING_DAYS_A_YEAR))


def daily_sharpe(daily: F64) -> float:
    """Return the yearly Sharpe ratio of a daily series, no interest deducted.

    Shapes: daily (d,).
    NaN:    fewer than 2 days, or no variation.
    """
    if daily.size < 2:
        return float("nan")
    deviation = float(daily.std(ddof=1))
    return (
        float(daily.mean() / deviation * np.sqrt(TRADING_DAYS_A_YEAR)) if deviation > 1e-15 else float("nan")
    )


def daily_sortino(daily: F64) -> float:
    """Return the yearly Sortino ratio of a daily series against 0.

    Mean over the root of the mean squared loss, all days in both, times the root of 252.

    Shapes: daily (d,).
    NaN:    fewer than 2 days, or no losing day.
    Source: Sortino and Price (1994), Journal of Investing 3(3), 59-64.
    """
    if daily.size < 2:
        return float("nan")
    downside = float(np.sqrt(np.mean(np.minimum(daily, 0.0) ** 2)))
    return float(daily.mean() / downside * np.sqrt(TRADING_DAYS_A_YEAR)) if downside > 0 else float("nan")


def account_performance(account: DailyFractions) -> AccountPerformance:
    """Return growth, risk and exposure of an account; daily returns compound, 252 trading days are a year.

    Shapes: scalars.
    Units:  as the fields say.
    NaN:    Calmar without a drawdown, Sortino without a losing day, Sharpe without variation; Sharpe, Sortino and
            volatility with fewer than 2 days.
    Raises: as `equity_curve`.
    """
    daily = account.net_frac
    equity = equity_curve(daily)
    falls, growth = drawdowns(equity), cagr(daily)
    return AccountPerformance(
        days=int(daily.size),
        net_frac=float(equity[-1] - 1.0),
        cagr=growth,
        volatility=daily_volatility_yearly(daily),
        sharpe=daily_sharpe(daily),
        sortino=daily_sortino(daily),
        calmar=growth / falls.deepest_frac if falls.deepest_frac > 0 else float("nan"),
        drawdowns=falls,
        exposed_days_share=float((account.invested_frac > 0).mean()),
        mean_invested_frac=float(account.invested_frac.mean()),
        turnover_yearly=float(account.traded_frac.mean() * TRADING_DAYS_A_YEAR),
        best_day_frac=float(daily.max()),
        worst_day_frac=float(daily.min()),
    )


def _check_returns(daily: F64) -> None:
    if daily.ndim != 1 or not np.isfinite(daily).all():
        raise ValueError(f"daily must be known returns (d,), was {daily.shape}; a day without a trade is 0")
    if daily.size and daily.min() < -1.0:
        raise ValueError(
            f"a daily return must be -1 or more, was {daily.min()}; an account that lost all is closed at -1"
        )
