"""Barrier labels: what would have become of a long and a short opened after each bar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numba import njit

from market.contracts import Bars
from modeling.contracts import BarrierLabelSet
from modeling.kernels.barriers import TAKE_PROFIT, PricePath, first_exit, price_path
from modeling.kernels.label_windows import (
    LABELLED,
    NO_LEVELS,
    WIDE_SPREAD,
    LabelWindows,
    RowInputs,
    label_windows,
)
from traderai.common.arrays import F64, I8, I64, Bools

EXIT_REASONS = ("none", "take_profit", "stop_loss", "timeout")
NULL = -1  # of labels and directions
_TINY_VOLATILITY = 1e-9
Array = TypeVar("Array", F64, I64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SideOutcomes:
    """What became of one side, by row; null rows hold NULL, 0 or NaN."""

    label: I8  # 1 take-profit first, 0 not, NULL
    exit_reason: I8  # index into EXIT_REASONS
    exit_s: I64  # end of the exit bar: the moment the outcome is known; 0 where null
    bars_held: I64  # the entry's and the exit's bar included
    exit_price: F64  # forward-adjusted
    gross_frac: F64  # of the entry price, dividends credited to longs and charged to shorts
    net_frac: F64  # gross minus the round trip's cost
    r_multiple: F64  # net in units of the stop
    mfe_frac: F64  # best excursion in the side's favour, at least 0
    mae_frac: F64  # worst excursion against it, at most 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BarrierOutcomes:
    """The labels of one instrument and horizon, a row for each bar; the decision is made when the bar ends."""

    row_state: I8  # index into label_windows.ROW_STATES
    decision_s: I64  # when the row's bar is known
    entry_index: I64  # bar of the entry, NULL where null
    last_index: I64  # the window's last bar, NULL where null
    entry_s: I64  # start of the entry's bar, 0 where null
    entry_price: F64
    window_end_s: I64  # end of the window's last bar, for purging; 0 where null
    take_profit_frac: F64  # of the entry price, NaN where null
    stop_loss_frac: F64
    forward_return: F64  # gross return from the entry to the window's last close, dividends included
    forward_volatility: F64  # standard deviation of bar returns in the window times sqrt(bars in it)
    direction: I8  # index into contracts.DIRECTIONS, NULL
    long: SideOutcomes
    short: SideOutcomes

    @property
    def labelled(self) -> Bools:
        """True where the row carries labels."""
        return np.asarray(self.row_state == LABELLED)


def barrier_labels(bars: Bars, spec: BarrierLabelSet, horizon: str, inputs: RowInputs) -> BarrierOutcomes:
    """Return the barrier outcomes of a long and a short after every bar.

    Windows as `label_windows` says, exits as `barriers.first_exit`. Barriers in ATR are multiples of ATR(14) over
    the close at the decision's bar, applied to the entry price. A row whose estimated spread eats more than
    `max_spread_of_take_profit_frac` of the take-profit is not to be traded.

    Shapes: bars of n; every array of the result (n,).
    Units:  fractions of the entry price; seconds since 1970 UTC.
    NaN:    rows without labels (`row_state` says why); volatility of a window of one bar.
    Causal: labels look forward by design, never beyond window_end_s; direction also reads trailing_bars back.
    Raises: ValueError as `label_windows`.
    Source: Lopez de Prado (2018), Advances in Financial Machine Learning, ch. 3, with next-open entry.
    """
    windows = label_windows(bars, spec, horizon, inputs)
    take_profit, stop_loss = _levels(spec, inputs, windows)
    entry, last, state = windows.entry, windows.last, windows.state
    usable = state == LABELLED
    path = price_path(bars)
    forward_return, forward_volatility = _forward_moves(bars, path, entry, last, usable)
    ends_s = bars.known_s
    sides = [
        _side_outcomes(
            _scan_side(path, (entry, last, usable), (take_profit, stop_loss), sign),
            ends_s,
            inputs.cost_frac,
            stop_loss,
        )
        for sign in (1.0, -1.0)
    ]
    return BarrierOutcomes(
        row_state=state,
        decision_s=ends_s,
        entry_index=np.where(usable, entry, NULL),
        last_index=np.where(usable, last, NULL),
        entry_s=_taken(bars.begin_s, entry, usable, null=0),
        entry_price=_taken(bars.open, entry, usable, null=np.nan),
        window_end_s=_taken(ends_s, last, usable, null=0),
        take_profit_frac=np.where(usable, take_profit, np.nan),
        stop_loss_frac=np.where(usable, stop_loss, np.nan),
        forward_return=forward_return,
        forward_volatility=forward_volatility,
        direction=_direction(bars, spec, forward_return, last - entry + 1),
        long=sides[0],
        short=sides[1],
    )


def barrier_levels(spec: BarrierLabelSet, atr_frac: F64) -> tuple[F64, F64]:
    """Return take-profit and stop of each row as fractions of the entry price.

    Shapes: atr_frac (n,), read where the set counts in ATR; returns two (n,).
    NaN:    where barriers are in ATR and it is not known.
    """
    unit = np.ones(atr_frac.size) if spec.barrier_unit == "frac" else atr_frac
    return spec.take_profit * unit, spec.stop_loss * unit


def _levels(spec: BarrierLabelSet, inputs: RowInputs, windows: LabelWindows) -> tuple[F64, F64]:
    """Return the levels of each row, and mark rows without them or with too wide a spread."""
    take_profit, stop_loss = barrier_levels(spec, inputs.atr_frac)
    usable = windows.state == LABELLED
    # A stop of the whole price or more can never be reached by a long.
    unknown = ~((take_profit > 0) & (stop_loss > 0) & (stop_loss < 1) & (take_profit < 1))
    wide = inputs.spread_frac > spec.max_spread_of_take_profit_frac * take_profit
    windows.state[usable & wide] = WIDE_SPREAD
    windows.state[usable & unknown] = NO_LEVELS
    return take_profit, stop_loss


def _taken(values: Array, index: I64, usable: Bools, *, null: float) -> Array:
    """Return values[index] where usable, else null; the type of `values` stays."""
    out = np.full(index.shape, null, dtype=values.dtype)
    out[usable] = values[index[usable]]
    return out


def _forward_moves(bars: Bars, path: PricePath, entry: I64, last: I64, usable: Bools) -> tuple[F64, F64]:
    forward_return = np.full(len(bars), np.nan)
    forward_volatility = np.full(len(bars), np.nan)
    if not usable.any():
        return forward_return, forward_volatility
    entry, last = entry[usable], last[usable]
    price = bars.open[entry]
    forward_return[usable] = (path.close[last] - path.open[entry]) / price
    returns = _bar_returns(bars)
    first = bars.close[entry] / price - 1.0  # the entry's bar counts from its open
    total, squares = np.cumsum(returns), np.cumsum(returns**2)
    count = (last - entry + 1).astype(np.float64)
    s1 = total[last] - total[entry] + first
    s2 = squares[last] - squares[entry] + first**2
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.maximum(s2 - s1**2 / count, 0.0) / (count - 1.0)
    forward_volatility[usable] = np.where(count >= 2, np.sqrt(variance * count), np.nan)
    return forward_return, forward_volatility


def _bar_returns(bars: Bars) -> F64:
    """Return each bar's simple return from the last close, its dividend included; 0 for the first bar."""
    returns = np.zeros(len(bars))
    returns[1:] = (bars.close[1:] + bars.dividend_rub[1:]) / bars.close[:-1] - 1.0
    return returns


def _direction(bars: Bars, spec: BarrierLabelSet, forward_return: F64, bars_in_window: I64) -> I8:
    direction = np.full(len(bars), NULL, dtype=np.int8)
    width = spec.trailing_bars
    if len(bars) <= width:
        return direction
    returns = _bar_returns(bars)
    total = np.concatenate(([0.0], np.cumsum(returns)))
    squares = np.concatenate(([0.0], np.cumsum(returns**2)))
    rows = np.arange(width, len(bars))  # returns[0] is no return, so the first full stretch ends at `width`
    s1 = total[rows + 1] - total[rows + 1 - width]
    s2 = squares[rows + 1] - squares[rows + 1 - width]
    trailing = np.sqrt(np.maximum(s2 - s1**2 / width, 0.0) / (width - 1))
    scale = trailing * np.sqrt(np.maximum(bars_in_window[rows], 1))
    known = np.isfinite(forward_return[rows]) & (trailing > _TINY_VOLATILITY)
    units = forward_return[rows][known] / scale[known]
    direction[rows[known]] = np.searchsorted(np.asarray(spec.direction_cuts), units, side="right")
    return direction


_Raw = tuple[I64, I64, I8, F64, F64, F64, F64]


def _side_outcomes(raw: _Raw, ends_s: I64, cost: F64, stop_loss_frac: F64) -> SideOutcomes:
    exit_index, bars_held, reason, exit_price, gross, mfe, mae = raw
    null = reason == 0
    net = gross - cost
    return SideOutcomes(
        label=np.where(null, np.int8(NULL), (reason == TAKE_PROFIT).astype(np.int8)),
        exit_reason=reason,
        exit_s=_taken(ends_s, exit_index, ~null, null=0),
        bars_held=bars_held,
        exit_price=exit_price,
        gross_frac=gross,
        net_frac=net,
        r_multiple=net / stop_loss_frac,
        mfe_frac=mfe,
        mae_frac=mae,
    )


@njit(nogil=True, cache=True)
def _scan_side(
    path: PricePath, windows: tuple[I64, I64, Bools], levels_frac: tuple[F64, F64], sign: float
) -> _Raw:
    entries, lasts, usable = windows
    take_profit_frac, stop_loss_frac = levels_frac
    n = entries.size
    exit_index, bars_held = np.full(n, -1, dtype=np.int64), np.zeros(n, dtype=np.int64)
    reason = np.zeros(n, dtype=np.int8)
    exit_price, gross = np.full(n, np.nan), np.full(n, np.nan)
    mfe, mae = np.full(n, np.nan), np.full(n, np.nan)
    for row in range(n):
        if not usable[row]:
            continue
        first = entries[row]
        price = path.open[first] - path.paid[first]
        end = first_exit(
            path, first, lasts[row], sign, price * take_profit_frac[row], price * stop_loss_frac[row]
        )
        exit_index[row], bars_held[row], reason[row] = end.bar, end.bar - first + 1, end.reason
        exit_price[row] = end.lifted_price - path.paid[end.bar]
        gross[row] = sign * (end.lifted_price - path.open[first]) / price
        mfe[row], mae[row] = end.best / price, end.worst / price
    return exit_index, bars_held, reason, exit_price, gross, mfe, mae
