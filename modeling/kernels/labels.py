"""Barrier labels: what would have become of a long and a short opened after each bar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numba import njit

from market.contracts import Bars
from modeling.contracts import LabelSet
from traderai.common.arrays import F64, I8, I64, Bools

# Row states, the index is the code: only "labelled" rows carry labels, the rest are null and say why.
ROW_STATES = (
    "labelled",
    "no_entry",  # no bar begins after the decision and the data lag inside the window
    "incomplete_window",  # the data end before the window does
    "halt",  # a gap longer than max_gap_days between the decision and the window's end
    "zero_volume",  # nobody could have traded: the decision's or the entry's bar has no volume
    "split_neighbour",  # too near to a split to trust the prices
)
LABELLED, NO_ENTRY, INCOMPLETE, HALT, ZERO_VOLUME, SPLIT_NEIGHBOUR = range(len(ROW_STATES))
EXIT_REASONS = ("none", "take_profit", "stop_loss", "timeout")
TAKE_PROFIT, STOP_LOSS, TIMEOUT = 1, 2, 3
NULL = -1  # of labels and directions
_DAY_S = 86_400
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

    row_state: I8  # index into ROW_STATES
    decision_s: I64  # when the row's bar is known
    entry_index: I64  # bar of the entry, NULL where null
    entry_s: I64  # start of that bar, 0 where null
    entry_price: F64
    window_end_s: I64  # end of the window's last bar, for purging; 0 where null
    forward_return: F64  # gross return from the entry to the window's last close, dividends included
    forward_volatility: F64  # standard deviation of bar returns in the window times sqrt(bars in it)
    direction: I8  # index into contracts.DIRECTIONS, NULL
    long: SideOutcomes
    short: SideOutcomes

    @property
    def labelled(self) -> Bools:
        """True where the row carries labels."""
        return np.asarray(self.row_state == LABELLED)


def barrier_labels(bars: Bars, spec: LabelSet, horizon_days: int, cost_frac: float | F64) -> BarrierOutcomes:
    """Return the barrier outcomes of a long and a short after every bar.

    The entry is the open of the first bar that begins at or after the bar's end plus the data lag. The window
    runs from there to the last bar of the trading day `horizon_days` after the decision's own. A bar that
    touches both barriers counts as the stop; a bar that opens beyond a barrier exits at its open; without a
    touch the exit is the window's last close, label 0. From an ex-date inside the window on, all barriers lie
    lower by the dividend, which is credited to longs and charged to shorts. The exit bar adds only its open
    and the exit price to the excursions, because the order inside a bar is unknown.

    Shapes: bars of n; cost_frac a number or (n,); every array of the result (n,).
    Units:  fractions of the entry price; seconds since 1970 UTC.
    NaN:    rows without labels (`row_state` says why); volatility of a window of one bar.
    Causal: labels look forward by design, never beyond window_end_s; direction also reads trailing_bars back.
    Raises: ValueError for another timeframe, an unknown horizon, a cost of 0 or less, prices that are not positive.
    Source: Lopez de Prado (2018), Advances in Financial Machine Learning, ch. 3, with next-open entry.
    """
    cost = _checked_cost(bars, spec, horizon_days, cost_frac)
    entry, last, state = _windows(bars, spec, horizon_days)
    usable = state == LABELLED
    paid = np.cumsum(bars.dividend_rub)
    forward_return, forward_volatility = _forward_moves(bars, entry, last, usable)
    ends_s = bars.known_s
    prices = np.stack((bars.open, bars.high, bars.low, bars.close))
    levels = (spec.take_profit_frac, spec.stop_loss_frac)
    sides = [
        _side_outcomes(
            _scan_side(prices, paid, (entry, last, usable), *levels, sign), ends_s, cost, levels[1]
        )
        for sign in (1.0, -1.0)
    ]
    return BarrierOutcomes(
        row_state=state,
        decision_s=ends_s,
        entry_index=np.where(usable, entry, NULL),
        entry_s=_taken(bars.begin_s, entry, usable, null=0),
        entry_price=_taken(bars.open, entry, usable, null=np.nan),
        window_end_s=_taken(ends_s, last, usable, null=0),
        forward_return=forward_return,
        forward_volatility=forward_volatility,
        direction=_direction(bars, spec, forward_return, last - entry + 1),
        long=sides[0],
        short=sides[1],
    )


def _taken(values: Array, index: I64, usable: Bools, *, null: float) -> Array:
    """Return values[index] where usable, else null; the type of `values` stays."""
    out = np.full(index.shape, null, dtype=values.dtype)
    out[usable] = values[index[usable]]
    return out


def _checked_cost(bars: Bars, spec: LabelSet, horizon_days: int, cost_frac: float | F64) -> F64:
    if bars.timeframe.value != spec.timeframe:
        raise ValueError(f"label set {spec.name} wants {spec.timeframe} bars, was {bars.timeframe.value}")
    if horizon_days not in spec.horizons_days:
        raise ValueError(f"horizon_days must be one of {spec.horizons_days}, was {horizon_days}")
    if len(bars) and not (float(np.min(bars.low)) > 0 and np.all(np.isfinite(bars.high))):
        raise ValueError(f"prices of {bars.secid} must be positive and finite")
    if np.any(np.diff(bars.begin_s) <= 0) or np.any(np.diff(bars.trading_day) < 0):
        raise ValueError(f"bars of {bars.secid} must be in the order of time, each once")
    cost = np.broadcast_to(np.asarray(cost_frac, dtype=np.float64), bars.begin_s.shape)
    if cost.size and not np.min(cost) > 0:
        raise ValueError(f"cost_frac must be above 0, was {np.min(cost)}")
    return cost


def _windows(bars: Bars, spec: LabelSet, horizon_days: int) -> tuple[I64, I64, I8]:
    """Return the entry bar, the window's last bar and the state of every row."""
    n = len(bars)
    earliest_s = bars.known_s + 60 * spec.data_lag_min
    entry = np.searchsorted(bars.begin_s, earliest_s, side="left").astype(np.int64)
    last_day = bars.trading_day + horizon_days
    after = np.searchsorted(bars.trading_day, last_day, side="right").astype(np.int64)
    last = after - 1
    long_gaps = np.zeros(n, dtype=np.int64)  # long_gaps[i]: how many lie before bar i
    if n > 1:
        long_gaps[1:] = np.cumsum(np.diff(bars.begin_s) > spec.max_gap_days * _DAY_S)
    state = np.full(n, LABELLED, dtype=np.int8)
    volume = bars.volume_shares
    at_entry = np.minimum(entry, n - 1)
    if n:
        state[(volume <= 0) | (volume[at_entry] <= 0)] = ZERO_VOLUME
        state[_near_split(bars.split_factor, spec.split_guard_bars)] = SPLIT_NEIGHBOUR
        state[long_gaps[last] > long_gaps] = HALT
        state[entry > last] = NO_ENTRY
        state[after >= n] = INCOMPLETE
    return entry, last, state


def _near_split(split_factor: F64, guard_bars: int) -> Bools:
    near = np.zeros(split_factor.shape, dtype=np.bool_)
    for first in np.flatnonzero(np.diff(split_factor)) + 1:  # the first bar on the new basis
        near[max(0, first - guard_bars) : first + guard_bars] = True
    return near


def _forward_moves(bars: Bars, entry: I64, last: I64, usable: Bools) -> tuple[F64, F64]:
    forward_return = np.full(len(bars), np.nan)
    forward_volatility = np.full(len(bars), np.nan)
    if not usable.any():
        return forward_return, forward_volatility
    entry, last = entry[usable], last[usable]
    price = bars.open[entry]
    paid = np.cumsum(bars.dividend_rub)
    forward_return[usable] = (bars.close[last] + paid[last] - paid[entry]) / price - 1.0
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


def _direction(bars: Bars, spec: LabelSet, forward_return: F64, bars_in_window: I64) -> I8:
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


def _side_outcomes(raw: _Raw, ends_s: I64, cost: F64, stop_loss_frac: float) -> SideOutcomes:
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
def _scan_row(
    prices: F64, paid: F64, span: tuple[int, int], barriers: tuple[float, float], sign: float
) -> tuple[int, int, float, float, float]:
    """Return (exit bar, reason, exit price, best gain, worst gain) of one side of one row, in rubles."""
    first, last = span
    take_profit, stop_loss = barriers
    entry = prices[0, first]
    slack = entry * 1e-9  # a price exactly on a barrier touches it in spite of rounding
    best, worst = 0.0, 0.0
    for bar in range(first, last + 1):
        fallen = paid[bar] - paid[first]
        opened = sign * (prices[0, bar] + fallen - entry)
        high = prices[1, bar] + fallen - entry
        low = prices[2, bar] + fallen - entry
        up, down = (high, low) if sign > 0 else (-low, -high)
        best, worst = max(best, opened), min(worst, opened)
        if opened >= take_profit - slack or opened <= slack - stop_loss:
            why = TAKE_PROFIT if opened > 0 else STOP_LOSS
            return bar, why, prices[0, bar], best, worst
        if down <= slack - stop_loss:
            return bar, STOP_LOSS, entry - fallen - sign * stop_loss, best, min(worst, -stop_loss)
        if up >= take_profit - slack:
            return bar, TAKE_PROFIT, entry - fallen + sign * take_profit, max(best, take_profit), worst
        best, worst = max(best, up), min(worst, down)
    return last, TIMEOUT, prices[3, last], best, worst


@njit(nogil=True, cache=True)
def _scan_side(
    prices: F64,
    paid: F64,
    windows: tuple[I64, I64, Bools],
    take_profit_frac: float,
    stop_loss_frac: float,
    sign: float,
) -> _Raw:
    entries, lasts, usable = windows
    n = entries.size
    exit_index, bars_held = np.full(n, -1, dtype=np.int64), np.zeros(n, dtype=np.int64)
    reason = np.zeros(n, dtype=np.int8)
    exit_price, gross = np.full(n, np.nan), np.full(n, np.nan)
    mfe, mae = np.full(n, np.nan), np.full(n, np.nan)
    for row in range(n):
        if not usable[row]:
            continue
        first = entries[row]
        price = prices[0, first]
        barriers = (price * take_profit_frac, price * stop_loss_frac)
        bar, why, out, best, worst = _scan_row(prices, paid, (first, lasts[row]), barriers, sign)
        exit_index[row], bars_held[row], reason[row], exit_price[row] = bar, bar - first + 1, why, out
        gross[row] = sign * (out + paid[bar] - paid[first] - price) / price
        mfe[row], mae[row] = best / price, worst / price
    return exit_index, bars_held, reason, exit_price, gross, mfe, mae
