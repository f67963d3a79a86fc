"""A share among its own: its sector without itself, and the five shares that moved most like it before the month.

Only members make up a sector and can be peers. A share without a bar counts with its last price, so a rarely traded
share follows the others late: part of any lead and lag is that.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

from features.kernels import panel_rolling as rolling
from features.kernels.panel_breadth import above_mean
from features.kernels.panel_grid import Panel
from features.kernels.panel_market import (
    HISTORY_ROWS_MIN,
    moves_between,
    own_moves,
    pairs_least,
)
from traderai.common.arrays import F64, I64, Bools

PEERS: Final = 5
# Of a group of peers at least so many must still trade.
PEERS_LEAST: Final = 3


def sector_moves(panel: Panel) -> F64:
    """Return the mean log return of a share's sector at each row, without the share itself.

    Shapes: returns (s, t).
    Units:  log return of one row.
    NaN:    a share without a sector, or without another share in it whose price is known before and now.
    Causal: column t reads row t and the prices before it.
    """
    return panel.once("sector_moves", lambda: _mean_of_others(panel.moves, panel.sector, panel.is_member))


def peer_moves(panel: Panel) -> F64:
    """Return the mean log return of a share's peers at each row.

    Shapes: returns (s, t).
    Units:  log return of one row.
    NaN:    a share without peers, and rows at which fewer than `PEERS_LEAST` of them have a known price.
    Causal: column t reads row t; the peers are those of `peers_of`.
    """
    return panel.once("peer_moves", lambda: _mean_of_peers(panel.moves, peers_of(panel)))


def peers_of(panel: Panel) -> I64:
    """Return the `PEERS` members whose returns before the month correlate most with each share's.

    Shapes: returns (s, PEERS) rows of the panel, the closest first; all -1 for a share that has no peers.
    NaN:    no peers with fewer than `HISTORY_ROWS_MIN` rows before the month; a share needs bars at a third of these
        rows (many trade by day only), and so does a peer. A row without a bar is a return of 0.
    Causal: reads rows before the month only. Among equals the first in the panel's order is taken.
    """
    history = slice(1, panel.first_row)
    moves = np.where(np.isnan(panel.moves), 0.0, panel.moves)[:, history]
    bars = panel.has_bar[:, history].sum(axis=1)
    is_dense = 3 * bars >= moves.shape[1]
    if panel.first_row < HISTORY_ROWS_MIN:
        is_dense = np.zeros(bars.size, dtype=np.bool_)
    return _closest(_standardised(moves), is_dense, panel.is_member)


def sector_return(panel: Panel, *, window: int) -> F64:
    """Return the log return of a share's sector without it over the last `window` rows.

    Shapes: returns (s, t).
    Units:  log return.
    NaN:    as `sector_moves`, at any row of the window.
    Causal: column t reads rows t - window to t.
    """
    return panel.once(
        f"sector_return/{window}", lambda: rolling.rolling_total(sector_moves(panel), window=window)
    )


def sector_volatility(panel: Panel, *, window: int) -> F64:
    """Return the standard deviation of the sector's returns (without the share) over the last `window` rows.

    Shapes: returns (s, t).
    Units:  log return of one row.
    NaN:    as `sector_return`.
    Causal: column t reads rows t - window to t.
    """
    return rolling.rolling_deviation(sector_moves(panel), window=window, least=window)


def sector_position(panel: Panel, *, window: int) -> F64:
    """Return where the sector without the share stands between its extremes of the last `window` rows.

    Shapes: returns (s, t).
    Units:  0..1.
    NaN:    as `sector_return`, and where the sector did not move.
    Causal: column t reads rows t - window + 1 to t.
    """
    return rolling.rolling_position(sector_moves(panel), window=window)


def sector_correlation(panel: Panel, *, window: int) -> F64:
    """Return the correlation of a share's returns with its sector's over its bars of the last `window` rows.

    Shapes: returns (s, t).
    Units:  -1..1.
    NaN:    fewer than half of the window are pairs, or one of both did not move.
    Causal: column t reads rows t - window + 1 to t, and the bar before each of them.
    Source: Pearson; the sector's return is that between the share's own two bars.
    """
    sector = moves_between(sector_moves(panel), panel)
    return rolling.rolling_fit(sector, own_moves(panel), window=window, least=pairs_least(window))[0]


def against_sector(panel: Panel, *, window: int) -> F64:
    """Return a share's log return over the last `window` rows less its sector's.

    Shapes: returns (s, t).
    Units:  log return.
    NaN:    as `Panel.span` and `sector_return`.
    Causal: column t reads rows t - window to t.
    """
    return panel.span(window) - sector_return(panel, window=window)


def against_peers(panel: Panel, *, window: int) -> F64:
    """Return a share's log return over the last `window` rows less the mean of its peers.

    Shapes: returns (s, t).
    Units:  log return.
    NaN:    as `Panel.span` and `peer_moves`, at any row of the window.
    Causal: column t reads rows t - window to t, and the rows before the month.
    """
    return panel.span(window) - rolling.rolling_total(peer_moves(panel), window=window)


def sector_breadth(panel: Panel, *, window: int) -> F64:
    """Return the share of the sector's other members whose close is above their mean of `window` rows.

    Shapes: returns (s, t).
    Units:  0..1.
    NaN:    no other member of the sector has a bar at the row.
    Causal: column t reads rows t - window + 1 to t.
    """
    return _mean_of_others(above_mean(panel, window=window), panel.sector, panel.is_member)


def sector_lead(panel: Panel, *, window: int) -> F64:
    """Return by how much a share leads its sector: above 0 it leads, below 0 it lags.

    Shapes: returns (s, t).
    Units:  difference of correlations, -2..2.
    NaN:    as `lead_over`.
    Causal: column t reads rows t - window to t.
    Source: `lead_over`.
    """
    return lead_over(sector_moves(panel), panel, window=window)


def peers_lead(panel: Panel, *, window: int) -> F64:
    """Return by how much a share leads its peers: above 0 it leads, below 0 it lags.

    Shapes: returns (s, t).
    Units:  difference of correlations, -2..2.
    NaN:    as `lead_over`.
    Causal: column t reads rows t - window to t, and the rows before the month.
    Source: `lead_over`.
    """
    return lead_over(peer_moves(panel), panel, window=window)


def lead_over(others: F64, panel: Panel, *, window: int) -> F64:
    """Return corr(own return, others' next return) - corr(others' return, own next return).

    Shapes: others (s, t); returns (s, t).
    Units:  -2..2.
    NaN:    either correlation has pairs at fewer than half of the window, or a side did not move.
    Causal: both rows of a pair are past: the pairs end at the last `window` rows up to t.
    Source: Lo and MacKinlay (1990), Review of Financial Studies 3, 175-205; own returns between adjacent rows only.
    """
    own = _adjacent_moves(panel)
    least = pairs_least(window)
    leads = rolling.rolling_fit(_one_later(own), others, window=window, least=least)[0]
    lags = rolling.rolling_fit(_one_later(others), own, window=window, least=least)[0]
    return leads - lags


def _adjacent_moves(panel: Panel) -> F64:
    """Return the returns whose bar before is at the row before."""
    rows = np.arange(panel.begin_s.size)
    return np.where(panel.before_row == rows - 1, own_moves(panel), np.nan)


def _one_later(values: F64) -> F64:
    out = np.full(values.shape, np.nan)
    out[:, 1:] = values[:, :-1]
    return out


@njit(nogil=True, cache=True)
def _mean_of_others(values: F64, group: I64, is_member: Bools) -> F64:
    """Return the mean of the other members of each share's group that have a value; group -1 has none."""
    out = np.full(values.shape, np.nan)
    total = np.zeros(values.shape[1])
    counted = np.zeros(values.shape[1])
    for code in np.unique(group):
        if code < 0:
            continue
        total[:] = 0.0
        counted[:] = 0.0
        for s in range(values.shape[0]):
            if group[s] == code and is_member[s]:
                for t in range(values.shape[1]):
                    if not np.isnan(values[s, t]):
                        total[t] += values[s, t]
                        counted[t] += 1.0
        for s in range(values.shape[0]):
            if group[s] == code:
                _take_out(values[s], is_member[s], total, counted, out[s])
    return out


@njit(nogil=True, cache=True)
def _take_out(own: F64, is_member: bool, total: F64, counted: F64, out: F64) -> None:
    for t in range(own.size):
        is_inside = is_member and not np.isnan(own[t])
        others = counted[t] - 1.0 if is_inside else counted[t]
        if others > 0.0:
            out[t] = (total[t] - own[t] if is_inside else total[t]) / others


@njit(nogil=True, cache=True)
def _mean_of_peers(moves: F64, peers: I64) -> F64:
    out = np.full(moves.shape, np.nan)
    total = np.zeros(moves.shape[1])
    counted = np.zeros(moves.shape[1])
    for s in range(moves.shape[0]):
        if peers[s, 0] < 0:
            continue
        total[:] = 0.0
        counted[:] = 0.0
        for peer in peers[s]:
            for t in range(moves.shape[1]):
                if not np.isnan(moves[peer, t]):
                    total[t] += moves[peer, t]
                    counted[t] += 1.0
        for t in range(moves.shape[1]):
            if counted[t] >= PEERS_LEAST:
                out[s, t] = total[t] / counted[t]
    return out


@njit(nogil=True, cache=True)
def _standardised(moves: F64) -> F64:
    """Return the rows less their mean and with unit length; a row that does not move becomes zeros."""
    out = np.zeros(moves.shape)
    for s in range(moves.shape[0]):
        total = 0.0
        for t in range(moves.shape[1]):
            total += moves[s, t]
        mean = total / max(1, moves.shape[1])
        squares = 0.0
        for t in range(moves.shape[1]):
            squares += (moves[s, t] - mean) ** 2
        if squares > 0.0:
            for t in range(moves.shape[1]):
                out[s, t] = (moves[s, t] - mean) / np.sqrt(squares)
    return out


@njit(nogil=True, cache=True)
def _closest(units: F64, is_dense: Bools, is_member: Bools) -> I64:
    """Return the `PEERS` members with the largest product of rows; sums one by one, for bits that do not move."""
    out = np.full((units.shape[0], PEERS), -1, dtype=np.int64)
    best = np.empty(PEERS)
    for s in range(units.shape[0]):
        if not is_dense[s]:
            continue
        best[:] = -np.inf
        for other in range(units.shape[0]):
            if other != s and is_dense[other] and is_member[other]:
                alike = 0.0
                for t in range(units.shape[1]):
                    alike += units[s, t] * units[other, t]
                _insert(best, out[s], alike, other)
        if out[s, PEERS - 1] < 0:
            out[s] = -1
    return out


@njit(nogil=True, cache=True)
def _insert(best: F64, members: I64, value: float, member: int) -> None:
    """Put a member into the falling order if it belongs there; the first of equals stays in front."""
    if value <= best[best.size - 1]:
        return
    at = best.size - 1
    while at > 0 and best[at - 1] < value:
        best[at] = best[at - 1]
        members[at] = members[at - 1]
        at -= 1
    best[at] = value
    members[at] = member
