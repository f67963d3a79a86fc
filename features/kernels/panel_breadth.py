"""How many shares take part: breadth, new extremes, big moves, dispersion and correlation of the market, row by row.

Each counts the members that have a bar at the row; fewer than five of them are no market (NaN).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

from features.kernels import panel_rolling as rolling
from features.kernels.panel_grid import Panel
from features.kernels.panel_market import SHARES_MIN, market_moves, own_moves, pairs_least, where_market
from traderai.common.arrays import F64, Bools

# Far below any step of a price: a flat share is not above its own mean by a rounding.
LEVEL_DUST: Final = 1e-9


def share_above_mean(panel: Panel, *, window: int) -> F64:
    """Return the share of members whose close is above their mean of `window` rows.

    Shapes: returns (t,).
    Units:  0..1.
    NaN:    rows with fewer than `SHARES_MIN` such members.
    Causal: out[t] reads rows t - window + 1 to t.
    """
    return _member_mean(above_mean(panel, window=window), panel)


def above_mean(panel: Panel, *, window: int) -> F64:
    """Return 1 where a share's log close is above its mean of the last `window` rows, else 0.

    Shapes: returns (s, t).
    Units:  flag.
    NaN:    where the share has no bar, or its price was not known throughout the window.
    Causal: column t reads rows t - window + 1 to t; a row without a bar counts with the price before.
    """
    return panel.once(f"above_mean/{window}", lambda: _above_mean(panel, window))


def advancers(panel: Panel) -> F64:
    """Return the share of members whose close rose since their bar before.

    Shapes: returns (t,).
    Units:  0..1.
    NaN:    rows with fewer than `SHARES_MIN` returns.
    Causal: out[t] reads row t and the bar before it.
    """
    moves = own_moves(panel)
    return _member_mean(np.where(np.isnan(moves), np.nan, moves > 0.0), panel)


def new_highs(panel: Panel, *, window: int) -> F64:
    """Return the share of members that closed above every close of the `window - 1` rows before.

    Shapes: returns (t,).
    Units:  0..1.
    NaN:    rows with fewer than `SHARES_MIN` members whose price was known throughout the window.
    Causal: out[t] reads rows t - window + 1 to t.
    """
    return _member_mean(_beyond(panel.level, panel, window), panel)


def new_lows(panel: Panel, *, window: int) -> F64:
    """Return the share of members that closed below every close of the `window - 1` rows before.

    Shapes: returns (t,).
    Units:  0..1.
    NaN:    as `new_highs`.
    Causal: out[t] reads rows t - window + 1 to t.
    """
    return _member_mean(_beyond(-panel.level, panel, window), panel)


def big_moves(panel: Panel, *, window: int, least_std: float) -> F64:
    """Return the share of members that moved more than `least_std` of their own standard deviations.

    Shapes: returns (t,).
    Units:  0..1.
    NaN:    rows with fewer than `SHARES_MIN` members that have bars at half of the `window` rows before.
    Causal: out[t] reads rows t - window to t; the deviation is that of the rows before t.
    """
    moves = own_moves(panel)
    usual = np.full(moves.shape, np.nan)
    spread = rolling.rolling_deviation(moves, window=window, least=pairs_least(window))
    usual[:, 1:] = spread[:, :-1]
    known = np.isfinite(moves) & np.isfinite(usual)
    return _member_mean(np.where(known, np.abs(moves) > least_std * usual, np.nan), panel)


def dispersion(panel: Panel, *, window: int) -> F64:
    """Return the standard deviation across members of their log returns over the last `window` rows.

    Shapes: returns (t,).
    Units:  log return.
    NaN:    rows with fewer than `SHARES_MIN` returns.
    Causal: out[t] reads rows t - window and t.
    """
    return _deviation_across(panel.span(window), panel.is_member, SHARES_MIN)


def mean_correlation(panel: Panel, *, window: int) -> F64:
    """Return the mean correlation between two members, weighted by their deviations.

    Shapes: returns (t,).
    Units:  -1..1.
    NaN:    windows without a market, fewer than `SHARES_MIN` members that moved, rows with fewer bars.
    Causal: out[t] reads rows t - window + 1 to t; a row without a bar is a move of 0.
    Source: the ratio of variances behind Cboe's implied correlation: (var(sum) - sum(var)) / (sum(std)^2 - sum(var)).
    """
    moves = np.where(np.isnan(panel.moves) | ~panel.is_member[:, None], 0.0, panel.moves)
    spread = rolling.rolling_deviation(moves, window=window, least=window)
    together = rolling.rolling_deviation(_sum_across(moves)[None, :], window=window, least=window)[0]
    moved, sum_std, sum_var = _across(spread)
    out = np.full(together.size, np.nan)
    known = np.isfinite(rolling.rolling_total(market_moves(panel)[None, :], window=window)[0])
    np.divide(together**2 - sum_var, sum_std**2 - sum_var, out=out, where=known & (moved >= SHARES_MIN))
    return where_market(panel, np.clip(out, -1.0, 1.0))


def turnover_ratio(panel: Panel, *, fast: int, slow: int) -> F64:
    """Return the members' mean turnover of `fast` rows over that of `slow` rows.

    Shapes: returns (t,).
    Units:  ratio.
    NaN:    the first `slow - 1` rows, windows without turnover, rows with fewer than `SHARES_MIN` bars.
    Causal: out[t] reads rows t - slow + 1 to t.
    Raises: ValueError if `fast` is not below `slow`.
    """
    if fast >= slow:
        raise ValueError(f"fast must be below slow, were {fast} and {slow}")
    paid = np.where(panel.has_bar & panel.is_member[:, None], panel.turnover, 0.0)
    market = _sum_across(paid)[None, :]
    short = rolling.rolling_total(market, window=fast)[0] / fast
    long = rolling.rolling_total(market, window=slow)[0] / slow
    out = np.full(long.size, np.nan)
    np.divide(short, long, out=out, where=long > 0.0)
    return where_market(panel, out)


def _above_mean(panel: Panel, window: int) -> F64:
    mean = rolling.rolling_total(panel.level, window=window) / window
    known = panel.has_bar & np.isfinite(mean)
    return np.where(known, panel.level > mean + LEVEL_DUST, np.nan)


def _beyond(level: F64, panel: Panel, window: int) -> F64:
    """Return 1 where a level lies above all `window - 1` before it, else 0."""
    before = np.full(level.shape, np.nan)
    whole = np.isfinite(rolling.rolling_total(level, window=window))
    before[:, 1:] = rolling.rolling_top(level, window=window - 1)[:, :-1]
    return np.where(panel.has_bar & whole, level > before, np.nan)


def _member_mean(values: F64, panel: Panel) -> F64:
    return _mean_across(values, panel.is_member, SHARES_MIN)


@njit(nogil=True, cache=True)
def _mean_across(values: F64, is_member: Bools, least: int) -> F64:
    total = np.zeros(values.shape[1])
    counted = np.zeros(values.shape[1])
    for s in range(values.shape[0]):
        if is_member[s]:
            for t in range(values.shape[1]):
                if not np.isnan(values[s, t]):
                    total[t] += values[s, t]
                    counted[t] += 1.0
    return np.where(counted >= least, total / np.maximum(counted, 1.0), np.nan)


@njit(nogil=True, cache=True)
def _deviation_across(values: F64, is_member: Bools, least: int) -> F64:
    mean = _mean_across(values, is_member, least)
    squares = np.zeros(values.shape[1])
    counted = np.zeros(values.shape[1])
    for s in range(values.shape[0]):
        if is_member[s]:
            for t in range(values.shape[1]):
                if not np.isnan(values[s, t]):
                    squares[t] += (values[s, t] - mean[t]) ** 2
                    counted[t] += 1.0
    return np.where(counted >= least, np.sqrt(squares / np.maximum(counted - 1.0, 1.0)), np.nan)


@njit(nogil=True, cache=True)
def _sum_across(values: F64) -> F64:
    out = np.zeros(values.shape[1])
    for s in range(values.shape[0]):
        for t in range(values.shape[1]):
            out[t] += values[s, t]
    return out


@njit(nogil=True, cache=True)
def _across(spread: F64) -> tuple[F64, F64, F64]:
    """Return how many shares moved, and the sums of their deviations and variances."""
    moved = np.zeros(spread.shape[1])
    sum_std = np.zeros(spread.shape[1])
    sum_var = np.zeros(spread.shape[1])
    for s in range(spread.shape[0]):
        for t in range(spread.shape[1]):
            if spread[s, t] > 0.0:
                moved[t] += 1.0
                sum_std[t] += spread[s, t]
                sum_var[t] += spread[s, t] ** 2
    return moved, sum_std, sum_var
