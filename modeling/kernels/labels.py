"""Barrier labels: what would have become of a long and a short opened after each bar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from market.contracts import Bars
from modeling.contracts import BarrierLabelSet
from modeling.kernels.bar_returns import ReturnSums, return_sums, variance
from modeling.kernels.barriers import TAKE_PROFIT, Exit, PricePath, both_exits, price_path
from modeling.kernels.label_windows import LABELLED, NO_LEVELS, WIDE_SPREAD, RowInputs, label_windows
from modeling.kernels.loops import borrowing_njit, inlined_borrowing_njit
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

    Windows as `label_windows` says, exits as `barriers.both_exits`. Barriers in ATR are multiples of ATR(14) over
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
    path, sums, columns = price_path(bars), return_sums(bars), _Columns(len(bars))
    rows = _Rows(
        *windows, columns.floats(), columns.floats(), bars.open, bars.begin_s, 60 * bars.timeframe.minutes,
        inputs.cost_frac,
    )  # fmt: skip
    _fill_levels(rows, _Levels.of(spec, inputs))
    forward = _Forward(
        windows.entry, windows.last, columns.times(), columns.times(), *(columns.floats() for _ in range(3))
    )
    _fill_forward(path, rows, sums, forward)
    long, short = columns.side(), columns.side()
    _fill_sides(path, rows, long, short)
    return BarrierOutcomes(
        row_state=rows.state,
        decision_s=bars.known_s,
        take_profit_frac=rows.take_profit_frac,
        stop_loss_frac=rows.stop_loss_frac,
        direction=_directions(rows, forward.forward_return, sums, spec),
        long=long,
        short=short,
        **forward._asdict(),
    )


def barrier_levels(spec: BarrierLabelSet, atr_frac: F64) -> tuple[F64, F64]:
    """Return take-profit and stop of each row as fractions of the entry price.

    Shapes: atr_frac (n,), read where the set counts in ATR; returns two (n,).
    NaN:    where barriers are in ATR and it is not known.
    """
    unit = np.ones(atr_frac.size) if spec.barrier_unit == "frac" else atr_frac
    return spec.take_profit * unit, spec.stop_loss * unit


class _Columns:
    """Empty columns of one piece of memory: of many small pieces the system takes longer than the labels do."""

    def __init__(self, n: int) -> None:
        self._eights = iter(np.empty((21, n)))
        self._fours = iter(np.empty((2, n), np.int32))
        self._ones = iter(np.empty((4, n), np.int8))

    def floats(self) -> F64:
        return next(self._eights)

    def times(self) -> I64:
        return next(self._eights).view(np.int64)

    def side(self) -> SideOutcomes:
        codes = next(self._ones), next(self._ones)
        return SideOutcomes(*codes, self.times(), next(self._fours), *(self.floats() for _ in range(6)))


class _Rows(NamedTuple):
    """What the loops read of each row."""

    entry: I32
    last: I32
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


class _Levels(NamedTuple):
    """What barriers are made of, and when they are too narrow to be traded."""

    take_profit: float  # in units
    stop_loss: float
    unit: F64  # (n,) fractions of the entry price
    spread_frac: F64
    most_spread: float  # of the take-profit

    @classmethod
    def of(cls, spec: BarrierLabelSet, inputs: RowInputs) -> _Levels:
        atr_frac = inputs.atr_frac
        unit = atr_frac if spec.barrier_unit == "atr_14" else np.ones(atr_frac.size)
        most_spread = spec.max_spread_of_take_profit_frac
        return cls(spec.take_profit, spec.stop_loss, unit, inputs.spread_frac, most_spread)


@borrowing_njit
def _fill_levels(rows: _Rows, levels: _Levels) -> None:
    """Give the rows that keep their label their barriers, and mark those that have no usable ones."""
    for t in range(rows.state.size):
        take_profit, stop_loss = levels.take_profit * levels.unit[t], levels.stop_loss * levels.unit[t]
        if rows.state[t] == LABELLED:
            # A long can never lose the whole price or more, nor a short gain it.
            if not (0 < take_profit < 1 and 0 < stop_loss < 1):
                rows.state[t] = NO_LEVELS
            elif levels.spread_frac[t] > levels.most_spread * take_profit:
                rows.state[t] = WIDE_SPREAD
        labelled = rows.state[t] == LABELLED
        rows.take_profit_frac[t] = take_profit if labelled else np.nan
        rows.stop_loss_frac[t] = stop_loss if labelled else np.nan


@borrowing_njit
def _fill_forward(path: PricePath, rows: _Rows, sums: ReturnSums, out: _Forward) -> None:
    """Fill the columns without a branch: rows without labels read the first bar, and nulls take its place.

    The rows' own entry and last bar are the first two columns.
    """
    for t in range(rows.state.size):
        labelled = rows.state[t] == LABELLED
        entry, last = rows.entry[t] if labelled else 0, rows.last[t] if labelled else 0
        bars = last - entry + 1
        out.entry_index[t], out.last_index[t] = entry if labelled else NULL, last if labelled else NULL
        # No numbers to count from the end by, which each read would check.
        at, end = np.uintp(entry), np.uintp(last)
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
    entry: I32
    last: I32
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


@borrowing_njit
def _fill_sides(path: PricePath, rows: _Rows, long: SideOutcomes, short: SideOutcomes) -> None:
    for t in range(rows.state.size):
        if rows.state[t] != LABELLED:
            _fill_null(long, t)
            _fill_null(short, t)
            continue
        price = rows.open[rows.entry[t]]
        take_profit_rub, stop_loss_rub = price * rows.take_profit_frac[t], price * rows.stop_loss_frac[t]
        exits = both_exits(path, rows.entry[t], rows.last[t], take_profit_rub, stop_loss_rub)
        _fill_side(path, rows, t, exits[0], 1.0, long)
        _fill_side(path, rows, t, exits[1], -1.0, short)


@inlined_borrowing_njit
def _fill_null(out: SideOutcomes, t: int) -> None:
    out.label[t], out.exit_reason[t], out.exit_s[t], out.bars_held[t] = NULL, 0, 0, 0
    out.exit_price[t] = out.gross_frac[t] = out.net_frac[t] = out.r_multiple[t] = np.nan
    out.mfe_frac[t] = out.mae_frac[t] = np.nan


@inlined_borrowing_njit
def _fill_side(path: PricePath, rows: _Rows, t: int, end: Exit, sign: float, out: SideOutcomes) -> None:
    entry, leave = np.uintp(rows.entry[t]), np.uintp(end.bar)
    price = rows.open[entry]
    gross = sign * (end.lifted_price - path.open[entry]) / price
    net = gross - rows.cost_frac[t]
    out.label[t], out.exit_reason[t] = end.reason == TAKE_PROFIT, end.reason
    out.exit_s[t] = rows.begin_s[leave] + rows.bar_s
    out.bars_held[t] = end.bar - rows.entry[t] + 1
    out.exit_price[t] = end.lifted_price - path.paid[leave]
    out.gross_frac[t], out.net_frac[t], out.r_multiple[t] = gross, net, net / rows.stop_loss_frac[t]
    out.mfe_frac[t], out.mae_frac[t] = end.best / price, end.worst / price
