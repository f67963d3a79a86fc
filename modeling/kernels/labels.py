"""Barrier labels: what would have become of a long and a short opened after each bar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from market.contracts import Bars
from modeling.contracts import BarrierLabelSet
from modeling.kernels.bar_returns import ReturnSums, return_sums, variance
from modeling.kernels.barriers import TAKE_PROFIT, PricePath, first_exit, price_path
from modeling.kernels.label_windows import LABELLED, NO_LEVELS, WIDE_SPREAD, RowInputs, label_windows
from modeling.kernels.loops import borrowing_njit
from traderai.common.arrays import F64, I8, I32, I64, Bools

EXIT_REASONS = ("none", "take_profit", "stop_loss", "timeout")
NULL = -1  # of labels and directions
TINY_VOLATILITY = 1e-9


class SideOutcomes(NamedTuple):
    """What became of one side, by row; null rows hold NULL, 0 or NaN."""

    label: I8  # 1 take-profit first, 0 not, NULL
    exit_reason: I8  # index into EXIT_REASONS
    exit_s: I64  # end of the exit bar: the moment the outcome is known; 0 where null
    bars_held: I32  # the entry's and the exit's bar included
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
    entry_index: I32  # bar of the entry, NULL where null
    last_index: I32  # the window's last bar, NULL where null
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
    levels = _levels(spec, inputs, windows.state)
    path = price_path(bars)
    rows = _Rows(*windows, *levels, bars.open, bars.begin_s, 60 * bars.timeframe.minutes, inputs.cost_frac)
    # In one piece of memory: of many small pieces the system takes longer than the labels do.
    sums, figures, times_s = return_sums(bars), np.empty((15, len(bars))), np.empty((4, len(bars)), np.int64)
    forward = _forward(path, rows, sums, (times_s[:2], figures[:3]))
    return BarrierOutcomes(
        row_state=rows.state,
        decision_s=bars.known_s,
        take_profit_frac=rows.take_profit_frac,
        stop_loss_frac=rows.stop_loss_frac,
        direction=_directions(rows, forward.forward_return, sums, spec),
        long=_side(path, rows, 1.0, (times_s[2], figures[3:9])),
        short=_side(path, rows, -1.0, (times_s[3], figures[9:])),
        **forward._asdict(),
    )


def barrier_levels(spec: BarrierLabelSet, atr_frac: F64) -> tuple[F64, F64]:
    """Return take-profit and stop of each row as fractions of the entry price.

    Shapes: atr_frac (n,), read where the set counts in ATR; returns two (n,).
    NaN:    where barriers are in ATR and it is not known.
    """
    unit = np.ones(atr_frac.size) if spec.barrier_unit == "frac" else atr_frac
    return spec.take_profit * unit, spec.stop_loss * unit


class _Rows(NamedTuple):
    """What the loops read of each row."""

    entry: I64
    last: I64
    state: I8
    take_profit_frac: F64  # NaN where null
    stop_loss_frac: F64
    open: F64
    begin_s: I64
    bar_s: int
    cost_frac: F64


class _Forward(NamedTuple):
    """The columns of BarrierOutcomes that know no side."""

    entry_index: I32
    last_index: I32
    entry_s: I64
    window_end_s: I64
    entry_price: F64
    forward_return: F64
    forward_volatility: F64


def _levels(spec: BarrierLabelSet, inputs: RowInputs, state: I8) -> tuple[F64, F64]:
    """Return take-profit and stop of the rows that keep their label, and mark those that have no usable ones."""
    per_atr = spec.barrier_unit == "atr_14"
    unit = inputs.atr_frac if per_atr else np.ones(state.size)
    most_spread = spec.max_spread_of_take_profit_frac
    return _usable_levels(state, unit, (spec.take_profit, spec.stop_loss), inputs.spread_frac, most_spread)


@njit(nogil=True, cache=True)
def _usable_levels(
    state: I8, unit: F64, levels: tuple[float, float], spread_frac: F64, most_spread: float
) -> tuple[F64, F64]:
    take_profits, stop_losses = np.empty(state.size), np.empty(state.size)
    for t in range(state.size):
        take_profit, stop_loss = levels[0] * unit[t], levels[1] * unit[t]
        if state[t] == LABELLED:
            # A long can never lose the whole price or more, nor a short gain it.
            if not (0 < take_profit < 1 and 0 < stop_loss < 1):
                state[t] = NO_LEVELS
            elif spread_frac[t] > most_spread * take_profit:
                state[t] = WIDE_SPREAD
        labelled = state[t] == LABELLED
        take_profits[t] = take_profit if labelled else np.nan
        stop_losses[t] = stop_loss if labelled else np.nan
    return take_profits, stop_losses


def _forward(path: PricePath, rows: _Rows, sums: ReturnSums, empty: tuple[I64, F64]) -> _Forward:
    places = np.empty((2, rows.state.size), np.int32)
    out = _Forward(*places, *empty[0], *empty[1])
    _fill_forward(path, rows, sums, out)
    return out


@borrowing_njit
def _fill_forward(path: PricePath, rows: _Rows, sums: ReturnSums, out: _Forward) -> None:
    """Fill the columns without a branch: rows without labels read the first bar, and nulls take its place."""
    for t in range(rows.state.size):
        labelled = rows.state[t] == LABELLED
        entry, last = rows.entry[t] if labelled else 0, rows.last[t] if labelled else 0
        bars = last - entry + 1
        out.entry_index[t], out.last_index[t] = entry if labelled else NULL, last if labelled else NULL
        at, end = (
            np.uintp(entry),
            np.uintp(last),
        )  # no number to count from the end by, which each read would check
        out.entry_s[t] = rows.begin_s[at] if labelled else 0
        out.window_end_s[t] = rows.begin_s[end] + rows.bar_s if labelled else 0
        price = rows.open[at]
        out.entry_price[t] = price if labelled else np.nan
        moved = (path.close[end] - path.open[at]) / price
        out.forward_return[t] = moved if labelled else np.nan
        first = (path.close[at] - path.open[at]) / price  # the entry's bar counts from its open
        total, squares = sums.total[end] - sums.total[at], sums.squares[end] - sums.squares[at]
        volatility = np.sqrt(variance(total, squares, first, bars) * bars)
        out.forward_volatility[t] = volatility if bars > 1 else np.nan


class _Moves(NamedTuple):
    """What `direction` reads of the rows that have enough bars behind them."""

    state: I8
    entry: I64
    last: I64
    forward_return: F64
    total: I64  # return sums up to the row's bar
    squares: I64
    total_before: I64  # those up to the bar before the trailing ones
    squares_before: I64


def _directions(rows: _Rows, forward_return: F64, sums: ReturnSums, spec: BarrierLabelSet) -> I8:
    out, bars = np.full(rows.state.size, NULL, np.int8), spec.trailing_bars
    now, before = slice(bars, None), slice(None, -bars)
    moves = _Moves(
        rows.state[now], rows.entry[now], rows.last[now], forward_return[now],
        sums.total[now], sums.squares[now], sums.total[before], sums.squares[before],
    )  # fmt: skip
    _fill_directions(moves, bars, spec.direction_cuts, out[now])
    return out


@borrowing_njit
def _fill_directions(moves: _Moves, bars: int, cuts: tuple[float, ...], out: I8) -> None:
    """Class each return by its size in units of the trailing volatility over its window, several rows at a time."""
    for t in range(out.size):
        total, squares = moves.total[t] - moves.total_before[t], moves.squares[t] - moves.squares_before[t]
        trailing = variance(total, squares, 0.0, bars)
        scale = np.sqrt(trailing * (moves.last[t] - moves.entry[t] + 1))
        place = 0
        for cut in cuts:
            place += moves.forward_return[t] >= cut * scale
        known = (moves.state[t] == LABELLED) & (trailing > TINY_VOLATILITY**2)
        out[t] = place if known else NULL


def _side(path: PricePath, rows: _Rows, sign: float, empty: tuple[I64, F64]) -> SideOutcomes:
    n = rows.state.size
    label, reason, held = np.empty(n, np.int8), np.empty(n, np.int8), np.empty(n, np.int32)
    out = SideOutcomes(label, reason, empty[0], held, *empty[1])
    _fill_side(path, rows, sign, out)
    return out


@borrowing_njit
def _fill_side(path: PricePath, rows: _Rows, sign: float, out: SideOutcomes) -> None:
    for t in range(rows.state.size):
        if rows.state[t] != LABELLED:
            out.label[t], out.exit_reason[t], out.exit_s[t], out.bars_held[t] = NULL, 0, 0, 0
            out.exit_price[t] = out.gross_frac[t] = out.net_frac[t] = out.r_multiple[t] = np.nan
            out.mfe_frac[t] = out.mae_frac[t] = np.nan
            continue
        entry, last, stop_loss = rows.entry[t], rows.last[t], rows.stop_loss_frac[t]
        price = rows.open[entry]
        end = first_exit(path, entry, last, sign, price * rows.take_profit_frac[t], price * stop_loss)
        gross = sign * (end.lifted_price - path.open[entry]) / price
        net = gross - rows.cost_frac[t]
        out.label[t], out.exit_reason[t] = end.reason == TAKE_PROFIT, end.reason
        out.exit_s[t] = rows.begin_s[end.bar] + rows.bar_s
        out.bars_held[t] = end.bar - entry + 1
        out.exit_price[t] = end.lifted_price - path.paid[end.bar]
        out.gross_frac[t], out.net_frac[t], out.r_multiple[t] = gross, net, net / stop_loss
        out.mfe_frac[t], out.mae_frac[t] = end.best / price, end.worst / price
