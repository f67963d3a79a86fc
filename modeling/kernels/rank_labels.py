"""Rank labels: how a share's forward return stands among those of the liquid shares of the same moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit

from market.contracts import Bars
from modeling.contracts import RankLabelSet
from modeling.kernels.barriers import price_path
from modeling.kernels.label_windows import FEW_SHARES, LABELLED, RowInputs, label_windows
from traderai.common.arrays import F64, I8, I64, Bools

TIE_FRAC = 1e-12  # returns nearer than this to their neighbour are equal


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RankLabels:
    """The ranks of a panel at one horizon: the rows of the instruments one after the other, one for each bar."""

    offset: I64  # (m + 1,) rows of instrument i are offset[i] to offset[i + 1]
    row_state: I8  # (n,) index into label_windows.ROW_STATES
    decision_s: I64  # (n,) when the row's bar is known
    entry_s: I64  # (n,) start of the entry's bar, 0 where null
    window_end_s: I64  # (n,) end of the moment's last window: until then no rank of it is known; 0 where null
    forward_return: (
        F64  # (n,) from the entry's open to the window's last close, dividends included; NaN without a window
    )
    rank: F64  # (n,) -1 the worst of its moment to 1 the best; NaN where null

    @property
    def labelled(self) -> Bools:
        """True where the row carries a rank."""
        return np.asarray(self.row_state == LABELLED)


def rank_labels(panel: Sequence[tuple[Bars, RowInputs]], spec: RankLabelSet, horizon: str) -> RankLabels:
    """Return the rank of every row's forward return among the rows of the same decision time.

    Ranked are the rows that carry a return and pass the set's limits (liquidity among them); equal returns share
    their mean rank. A moment with fewer than `min_shares` such rows has no label.

    Shapes: panel of m instruments with n bars in all.
    Units:  rank within [-1, 1]; returns in fractions of the entry price; seconds since 1970 UTC.
    NaN:    rows without labels; `row_state` says why.
    Causal: labels look forward by design, never beyond window_end_s, which is that of the moment's last window.
    Raises: ValueError as `label_windows`, for an empty panel or an instrument twice.
    """
    if not panel:
        raise ValueError("a rank needs shares to rank among, the panel is empty; give it their bars")
    secids = [bars.secid for bars, _ in panel]
    if len(set(secids)) < len(secids):
        twice = next(secid for secid in secids if secids.count(secid) > 1)
        raise ValueError(f"{twice} stands twice in the panel; give each share once")
    rows = [_returns(bars, spec, horizon, inputs) for bars, inputs in panel]
    state, decision_s, entry_s, window_end_s, forward_return = (
        np.concatenate(column) for column in zip(*rows, strict=True)
    )
    moment = np.unique(decision_s, return_inverse=True)[1]
    rank = ranks_by_moment(moment, forward_return, spec.min_shares)
    ends_s = np.zeros(int(moment.max(initial=-1)) + 1, dtype=np.int64)
    np.maximum.at(ends_s, moment, window_end_s)
    state[(state == LABELLED) & np.isnan(rank)] = FEW_SHARES
    return RankLabels(
        offset=np.cumsum([0, *(len(bars) for bars, _ in panel)]),
        row_state=state,
        decision_s=decision_s,
        entry_s=np.where(state == LABELLED, entry_s, 0),
        window_end_s=np.where(state == LABELLED, ends_s[moment], 0),
        forward_return=forward_return,
        rank=rank,
    )


def _returns(
    bars: Bars, spec: RankLabelSet, horizon: str, inputs: RowInputs
) -> tuple[I8, I64, I64, I64, F64]:
    """Return state, decision, entry, window's end and forward return of one instrument's rows."""
    windows = label_windows(bars, spec, horizon, inputs)
    usable = windows.state == LABELLED
    ends_s, path = bars.known_s, price_path(bars)
    entry_s, window_end_s = np.zeros(len(bars), dtype=np.int64), np.zeros(len(bars), dtype=np.int64)
    forward_return = np.full(len(bars), np.nan)
    entry, last = windows.entry[usable], windows.last[usable]
    entry_s[usable], window_end_s[usable] = bars.begin_s[entry], ends_s[last]
    forward_return[usable] = (path.close[last] - path.open[entry]) / bars.open[entry]
    return windows.state, ends_s, entry_s, window_end_s, forward_return


@njit(nogil=True, cache=True)
def ranks_by_moment(moment: I64, values: F64, min_shares: int) -> F64:
    """Return the rank of each value among those of its moment; equal values share their mean rank.

    Shapes: moment (n,) numbers from 0 on, values (n,) -> (n,)
    Units:  -1 the lowest of its moment to 1 the highest.
    NaN:    where the value is, and in moments of fewer than `min_shares` values.
    Causal: reads the rows of the same moment alone.
    """
    rank = np.full(values.size, np.nan)
    known = np.flatnonzero(~np.isnan(values))
    if known.size == 0:
        return rank
    # The rows of each moment together, each moment in the rows' order.
    stops = np.cumsum(np.bincount(moment[known]))
    rows, free = np.empty(known.size, dtype=np.int64), stops.copy()
    for row in known[::-1]:
        free[moment[row]] -= 1
        rows[free[moment[row]]] = row
    start = 0
    for stop in stops:
        if stop - start >= min_shares:
            own = rows[start:stop]
            rank[own] = _mean_ranks(values[own])
        start = stop
    return rank


@njit(nogil=True, cache=True)
def _mean_ranks(values: F64) -> F64:
    """Return the ranks of values from -1 to 1, equal values at the mean of theirs."""
    order, rank = np.argsort(values), np.empty(values.size)
    first = 0
    for at in range(1, values.size + 1):
        if at == values.size or values[order[at]] - values[order[at - 1]] > TIE_FRAC:
            rank[order[first:at]] = (first + at - 1) / (
                values.size - 1
            ) - 1.0  # twice the mean place, from -1
            first = at
    return rank
