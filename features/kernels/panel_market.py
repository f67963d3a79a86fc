"""The market as the shares themselves tell it, row by row: a proxy of its index, and a share against it.

The proxy is an index: each share counts by its turnover before the month, a share without a bar counts with its last
price. Its level is chained from the rows' weighted mean moves. A share is part of the market that it is held against,
as it is of an index; preferred and ordinary shares of one company both count.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

from features.kernels import panel_rolling as rolling
from features.kernels.panel_grid import Panel
from traderai.common.arrays import F64, I32, Bools

# Fewer shares than this are no market.
SHARES_MIN: Final = 5
# Shorter histories before the month weigh all shares alike, and give no share its peers.
HISTORY_ROWS_MIN: Final = 60


def pairs_least(window: int) -> int:
    """Return how many values a window must hold at least: half. Shares that trade by day only have no more."""
    return -(-window // 2)


def shares_with_bar(panel: Panel) -> F64:
    """Return how many members have a bar at each row.

    Shapes: returns (t,).
    Units:  shares.
    Causal: out[t] reads row t.
    """
    return panel.once("shares_with_bar", lambda: _count(panel.has_bar, panel.is_member))


def where_market(panel: Panel, values: F64) -> F64:
    """Return the values of the rows at which enough members have a bar.

    Shapes: values (t,); returns (t,).
    Units:  those of the values.
    NaN:    rows at which fewer than `SHARES_MIN` members have a bar.
    Causal: out[t] reads row t.
    """
    return np.where(shares_with_bar(panel) >= SHARES_MIN, values, np.nan)


def member_weights(panel: Panel) -> F64:
    """Return each share's weight in the proxy: its mean turnover a row before the month, fixed for the month.

    Shapes: returns (s,).
    Units:  RUB a row; 1 for each member where fewer than `HISTORY_ROWS_MIN` rows or no turnover lie before the month.
    Causal: reads rows before the month only.
    """
    weights = _sums(panel.turnover[:, : panel.first_row]) / max(1, panel.first_row)
    if panel.first_row < HISTORY_ROWS_MIN or not np.any(weights[panel.is_member] > 0.0):
        weights = np.ones(weights.size)
    return np.where(panel.is_member, weights, 0.0)


def market_moves(panel: Panel) -> F64:
    """Return the proxy's log return at each row.

    Shapes: returns (t,).
    Units:  log return of one row.
    NaN:    rows at which fewer than `SHARES_MIN` members have a known price, before and now.
    Causal: out[t] reads row t and the weights from before the month.
    """
    return panel.once("market_moves", lambda: _weighted_mean(panel.moves, member_weights(panel), SHARES_MIN))


def market_return(panel: Panel, *, window: int) -> F64:
    """Return the proxy's log return over the last `window` rows.

    Shapes: returns (t,).
    Units:  log return.
    NaN:    windows that touch a row without a market; rows with fewer than `SHARES_MIN` bars.
    Causal: out[t] reads rows t - window + 1 to t.
    """
    return where_market(panel, _market_total(panel, window))


def market_volatility(panel: Panel, *, window: int) -> F64:
    """Return the standard deviation of the proxy's returns over the last `window` rows.

    Shapes: returns (t,).
    Units:  log return of one row.
    NaN:    as `market_return`.
    Causal: out[t] reads rows t - window + 1 to t.
    """
    moves = market_moves(panel)[None, :]
    return where_market(panel, rolling.rolling_deviation(moves, window=window, least=window)[0])


def market_position(panel: Panel, *, window: int) -> F64:
    """Return where the proxy stands between its lowest and highest level of the last `window` rows.

    Shapes: returns (t,).
    Units:  0..1.
    NaN:    as `market_return`, and where the proxy did not move.
    Causal: out[t] reads rows t - window + 1 to t.
    """
    return where_market(panel, rolling.rolling_position(market_moves(panel)[None, :], window=window)[0])


def relative_strength(panel: Panel, *, window: int) -> F64:
    """Return a share's log return over the last `window` rows less the proxy's.

    Shapes: returns (s, t).
    Units:  log return.
    NaN:    as `Panel.span` and `market_return`.
    Causal: column t reads rows t - window to t.
    """
    return panel.span(window) - market_return(panel, window=window)


def market_beta(panel: Panel, *, window: int) -> F64:
    """Return the slope of a share's returns on the proxy's, over its bars of the last `window` rows.

    Shapes: returns (s, t).
    Units:  ratio.
    NaN:    fewer than half of the window are pairs, a market that did not move, rows without a market.
    Causal: column t reads rows t - window + 1 to t, and the bar before each of them.
    Source: Sharpe (1964); the proxy's return is that between the share's own two bars.
    """
    return where_market(panel, _market_fit(panel, window)[1])


def market_correlation(panel: Panel, *, window: int) -> F64:
    """Return the correlation of a share's returns with the proxy's, over its bars of the last `window` rows.

    Shapes: returns (s, t).
    Units:  -1..1.
    NaN:    as `market_beta`, and a share that did not move.
    Causal: column t reads rows t - window + 1 to t, and the bar before each of them.
    Source: `market_beta`.
    """
    return where_market(panel, _market_fit(panel, window)[0])


def market_residual_volatility(panel: Panel, *, window: int) -> F64:
    """Return the standard deviation of what the proxy does not explain of a share's returns.

    Shapes: returns (s, t).
    Units:  log return of one row.
    NaN:    as `market_correlation`.
    Causal: column t reads rows t - window + 1 to t, and the bar before each of them.
    Source: deviation * sqrt(1 - correlation^2), sample deviation of the share's returns.
    """
    spread = rolling.rolling_deviation(own_moves(panel), window=window, least=pairs_least(window))
    return spread * np.sqrt(1.0 - market_correlation(panel, window=window) ** 2)


def _market_total(panel: Panel, window: int) -> F64:
    return panel.once(
        f"market_total/{window}",
        lambda: rolling.rolling_total(market_moves(panel)[None, :], window=window)[0],
    )


def own_moves(panel: Panel) -> F64:
    """Return the shares' log returns between their own bars.

    Shapes: returns (s, t).
    Units:  log return.
    NaN:    rows without a bar, and bars after too long a pause.
    Causal: column t reads row t and the bar before it.
    """
    return panel.once("own_moves", lambda: np.where(panel.has_bar, panel.moves, np.nan))


def _market_fit(panel: Panel, window: int) -> F64:
    """Return correlation and slope, stacked."""

    def make() -> F64:
        market = panel.once("market_between", lambda: moves_between(market_moves(panel)[None, :], panel))
        least = pairs_least(window)
        return np.stack(rolling.rolling_fit(market, own_moves(panel), window=window, least=least))

    return panel.once(f"market_fit/{window}", make)


def moves_between(moves: F64, panel: Panel) -> F64:
    """Return what moved between each bar of a share and its bar before.

    Shapes: moves (1, t) of something common, or (s, t); returns (s, t).
    Units:  log return.
    NaN:    where the share has no bar or no bar before, and where a move in between is not known.
    Causal: column t reads the rows behind the share's bar before, up to t.
    """
    return _moves_between(moves, panel.before_row)


@njit(nogil=True, cache=True)
def _moves_between(moves: F64, before_row: I32) -> F64:
    out = np.full(before_row.shape, np.nan)
    for s in range(before_row.shape[0]):
        source = s if moves.shape[0] > 1 else 0
        for t in range(before_row.shape[1]):
            if before_row[s, t] >= 0:
                total = 0.0
                for row in range(before_row[s, t] + 1, t + 1):
                    total += moves[source, row]
                out[s, t] = total
    return out


@njit(nogil=True, cache=True)
def _weighted_mean(values: F64, weights: F64, least: int) -> F64:
    """Return the weighted mean of each column, share after share: one without a value leaves the bits as they are."""
    total = np.zeros(values.shape[1])
    mass = np.zeros(values.shape[1])
    counted = np.zeros(values.shape[1])
    for s in range(values.shape[0]):
        if weights[s] > 0.0:
            for t in range(values.shape[1]):
                if not np.isnan(values[s, t]):
                    total[t] += weights[s] * values[s, t]
                    mass[t] += weights[s]
                    counted[t] += 1.0
    return np.where(counted >= least, total / np.where(mass > 0.0, mass, 1.0), np.nan)


@njit(nogil=True, cache=True)
def _count(flags: Bools, is_member: Bools) -> F64:
    out = np.zeros(flags.shape[1])
    for s in range(flags.shape[0]):
        if is_member[s]:
            for t in range(flags.shape[1]):
                out[t] += flags[s, t]
    return out


@njit(nogil=True, cache=True)
def _sums(values: F64) -> F64:
    """Return the sum of each row's values, passing over NaN."""
    out = np.zeros(values.shape[0])
    for s in range(values.shape[0]):
        for t in range(values.shape[1]):
            if not np.isnan(values[s, t]):
                out[s] += values[s, t]
    return out
