"""Where a share stands among all others at the same row."""

from __future__ import annotations

import numpy as np
from numba import njit

from features.kernels import panel_rolling as rolling
from features.kernels.panel_grid import Panel
from features.kernels.panel_market import SHARES_MIN, own_moves, pairs_least
from traderai.common.arrays import F64, I64, Bools

# A share and one more.
SECTOR_MIN = 2


def rank_among(values: F64, group: I64, is_member: Bools, *, first_row: int, least: int) -> F64:
    """Return the share of the other members of its group that a share's value exceeds, ties by halves.

    Shapes: values (s, t) below inf, group (s,) with -1 for none, is_member (s,); returns (s, t).
    Units:  0 the lowest, 1 the highest.
    NaN:    columns before `first_row`, where the share has no value, where fewer than `least` members of the group
        have one, or where no other member has.
    Causal: column t reads column t.
    Source: average rank of ties, (rank - 1) / (n - 1); of a share that is no member, where it would stand.
    """
    out = np.full(values.shape, np.nan)
    if not group.size:
        return out
    by_row = np.ascontiguousarray(values[:, first_row:].T)
    # NumPy sorts NaN ten times slower. Equals come in any order: they get one rank.
    by_row[np.isnan(by_row)] = np.inf
    ranks = _rank_rows(by_row, np.argsort(by_row, axis=1), group, is_member.astype(np.int64), least)
    out[:, first_row:] = ranks.T
    return out


def rank_of_return(panel: Panel, *, window: int) -> F64:
    """Return the rank in the universe of the log return over the last `window` rows.

    Shapes: returns (s, t).
    Units:  0..1.
    NaN:    as `rank_among` with at least `SHARES_MIN` members; columns before the month.
    Causal: column t reads rows t - window and t.
    """
    return _rank(panel, panel.span(window))


def rank_of_volatility(panel: Panel, *, window: int) -> F64:
    """Return the rank in the universe of the deviation of own returns over the last `window` rows.

    Shapes: returns (s, t).
    Units:  0..1.
    NaN:    as `rank_of_return`, and a share with bars at fewer than half of the window.
    Causal: column t reads rows t - window + 1 to t, and the bar before each of them.
    """
    least = pairs_least(window)
    return _rank(panel, rolling.rolling_deviation(own_moves(panel), window=window, least=least))


def rank_of_volume_anomaly(panel: Panel, *, window: int) -> F64:
    """Return the rank in the universe of ln(1 + volume) less its own mean over the last `window` rows.

    Shapes: returns (s, t).
    Units:  0..1.
    NaN:    as `rank_of_volatility`.
    Causal: column t reads rows t - window + 1 to t.
    """
    logs = np.log1p(panel.volume)
    return _rank(panel, logs - rolling.rolling_average(logs, window=window, least=pairs_least(window)))


def rank_of_turnover(panel: Panel, *, window: int) -> F64:
    """Return the rank in the universe of the turnover of the last `window` rows.

    Shapes: returns (s, t).
    Units:  0..1.
    NaN:    as `rank_of_return`; the first `window - 1` rows.
    Causal: column t reads rows t - window + 1 to t; a row without a bar has no turnover.
    """
    return _rank(panel, rolling.rolling_total(np.where(panel.has_bar, panel.turnover, 0.0), window=window))


def rank_of_distance_to_high(panel: Panel, *, window: int) -> F64:
    """Return the rank in the universe of ln(close / highest high of the last `window` rows).

    Shapes: returns (s, t).
    Units:  0..1; 1 is the closest to its high.
    NaN:    as `rank_of_return`, and a share whose price was not known at the window's first row.
    Causal: column t reads rows t - window + 1 to t.
    """
    known = np.full(panel.level.shape, np.nan)
    known[:, window - 1 :] = panel.level[:, : max(0, panel.level.shape[1] - window + 1)]
    distance = panel.level - rolling.rolling_top(panel.high, window=window)
    return _rank(panel, np.where(np.isfinite(known), distance, np.nan))


def rank_in_sector(panel: Panel, *, window: int) -> F64:
    """Return the rank in its sector of the log return over the last `window` rows.

    Shapes: returns (s, t).
    Units:  0..1.
    NaN:    a share without a sector, without a return, or without another share of the sector that has one.
    Causal: column t reads rows t - window and t.
    """
    return rank_among(
        panel.span(window), panel.sector, panel.is_member, first_row=panel.asked_from, least=SECTOR_MIN
    )


def _rank(panel: Panel, values: F64) -> F64:
    everyone = np.zeros(panel.is_member.size, dtype=np.int64)
    at_bars = np.where(panel.has_bar, values, np.nan)
    return rank_among(at_bars, everyone, panel.is_member, first_row=panel.asked_from, least=SHARES_MIN)


@njit(nogil=True, cache=True)
def _rank_rows(by_row: F64, order: I64, group: I64, is_member: I64, least: int) -> F64:
    out = np.full(by_row.shape, np.nan)
    # Of each group the members below, equal and in all; the last place takes those without a group.
    below, equal, total = np.zeros((3, 2 + max(-1, group.max())), dtype=np.int64)
    for t in range(by_row.shape[0]):
        row, places, ranks = by_row[t], order[t], out[t]
        below[:] = 0
        total[:] = 0
        known = _count_known(row, places, group, is_member, total)
        begin = 0
        while begin < known:
            end = begin
            while end < known and row[places[end]] == row[places[begin]]:
                equal[group[places[end]]] += is_member[places[end]]
                end += 1
            for i in range(begin, end):
                s = places[i]
                others = total[group[s]] - is_member[s]
                if group[s] >= 0 and total[group[s]] >= least and others > 0:
                    ranks[s] = (below[group[s]] + 0.5 * (equal[group[s]] - is_member[s])) / others
            for i in range(begin, end):
                below[group[places[i]]] += equal[group[places[i]]]
                equal[group[places[i]]] = 0
            begin = end
    return out


@njit(nogil=True, cache=True)
def _count_known(row: F64, places: I64, group: I64, is_member: I64, total: I64) -> int:
    """Count the members of each group that have a value; return how many shares have one (inf is none)."""
    known = 0
    while known < places.size and row[places[known]] < np.inf:
        total[group[places[known]]] += is_member[places[known]]
        known += 1
    return known
