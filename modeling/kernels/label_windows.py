"""Which rows of an instrument carry labels, where their window begins and ends, and why the others do not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl
from numba import njit

from features.kernels.liquidity import corwin_schultz_spread_bp
from features.kernels.technical import atr
from market.contracts import Bars
from modeling.contracts import ClassLabelSet, Horizon, RowRules
from traderai.common.arrays import F64, I8, I32, I64, Bools

# Row states, the index is the code: only "labelled" rows carry labels, the rest are null and say why.
ROW_STATES = (
    "labelled",
    "no_entry",  # no bar begins after the decision and the data lag inside the window
    "incomplete_window",  # the data end before the window does
    "halt",  # a longer time without trading than allowed between the decision and the window's end
    "zero_volume",  # nobody could have traded: the decision's or the entry's bar has no volume
    "split_neighbour",  # too near to a split to trust the prices
    "auction",  # the decision's bar or the entry is an auction
    "illiquid",  # median turnover below the label set's limit, or not known yet
    "wide_spread",  # the estimated spread eats too much of the take-profit
    "no_levels",  # barriers in ATR where the ATR is not known yet
    "few_shares",  # too few liquid shares at the same moment to rank among
    "neutral",  # the move stays between the thresholds of a set that drops such rows
)
(
    LABELLED, NO_ENTRY, INCOMPLETE, HALT, ZERO_VOLUME, SPLIT_NEIGHBOUR, AUCTION, ILLIQUID, WIDE_SPREAD, NO_LEVELS,
    FEW_SHARES, NEUTRAL,
) = range(len(ROW_STATES))  # fmt: skip
ATR_BARS = 14
TURNOVER_BARS = 100  # as in MarketState.median_turnover_rub
SPREAD_BARS = 100
_DAY_S = 86_400
_UNITS = ("min", "bars", "d", "eod")
_MINUTES, _BARS, _DAYS, _END_OF_DAY = range(len(_UNITS))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RowInputs:
    """What labels need to know of each row besides its bars; made once for all horizons by `row_inputs`."""

    cost_frac: F64  # (n,) round trip, above 0
    atr_frac: F64  # (n,) ATR(14) as a fraction of the close, NaN where not known yet
    spread_frac: (
        F64  # (n,) the whole bid-ask spread estimated from the last 100 bars, NaN where not known yet
    )
    median_turnover_rub: F64  # (n,) of the last 100 bars, NaN before
    auction: Bools  # (n,) the bar is an auction


class LabelWindows(NamedTuple):
    """The window of every row: from the entry's bar to the last one; meaningless where the state is not LABELLED."""

    entry: I64  # (n,) bar index
    last: I64  # (n,)
    state: I8  # (n,) index into ROW_STATES


def row_inputs(bars: Bars, *, cost_frac: float | F64, auction: Bools | None = None) -> RowInputs:
    """Return what labels need to know of each row besides its bars.

    Shapes: bars of n; cost_frac a number or (n,); auction (n,), None where no bar is an auction of its own.
    Units:  fractions of the price; rubles.
    NaN:    where too few bars are known for ATR(14), or for the last 100 bars of spread and turnover.
    Causal: row t reads bars up to t.
    Raises: ValueError for broken prices, bars out of order, a cost that is not above 0, or another shape.
    """
    _check_bars(bars)
    n = len(bars)
    if np.shape(cost_frac) not in ((), (n,)):
        raise ValueError(f"cost_frac must be a number or ({n},), was {np.shape(cost_frac)}")
    cost = np.full(n, cost_frac, dtype=np.float64)
    if n and not (np.min(cost) > 0 and np.max(cost) < np.inf):
        raise ValueError(
            f"cost_frac must be above 0 and finite, for no trade is free, was {np.min(cost)} to {np.max(cost)}; "
            "give the round trip's cost as a fraction of the price"
        )
    if auction is not None and (auction.shape != (n,) or auction.dtype != np.bool_):
        raise ValueError(f"auction must be ({n},) flags, was {auction.shape} of {auction.dtype}")
    known = n > ATR_BARS
    ranges = atr(bars.high, bars.low, bars.close, window=ATR_BARS) if known else np.full(n, np.nan)
    spread_bp = corwin_schultz_spread_bp(bars.high, bars.low, bars.close, window=SPREAD_BARS)
    return RowInputs(
        cost_frac=cost,
        atr_frac=ranges / bars.close,
        spread_frac=spread_bp / 1e4,
        median_turnover_rub=pl.Series(bars.turnover_rub).rolling_median(TURNOVER_BARS).to_numpy(),
        auction=np.zeros(n, dtype=np.bool_) if auction is None else auction,
    )


def label_windows(bars: Bars, rules: RowRules, horizon: str, inputs: RowInputs) -> LabelWindows:
    """Return the window of every row.

    The entry is the first bar that begins at or after the bar's end plus the data lag; of a set that enters at the
    close it is the row's own bar. The window of "3d" ends with the last bar of the trading day three after the
    decision's own, of "60min" with the last bar that begins less than 60 minutes after the entry's bar does, of
    "5bars" five bars after the decision, of "eod" with the decision's trading day; `within_day` ends every window
    there. A row whose window or split guard might still reach a later bar is incomplete.

    Shapes: bars of n; every array of the result (n,).
    Causal: windows look forward by design; liquidity is that of bars up to the row.
    Raises: ValueError for bars of another timeframe, an unknown horizon, or inputs of other bars.
    """
    _check(bars, rules, horizon, inputs)
    wanted = Horizon.parse(horizon)
    if isinstance(rules, ClassLabelSet):
        entry = np.arange(len(bars), dtype=np.int64)
    else:
        wait_s = 60 * (bars.timeframe.minutes + rules.data_lag_min)
        entry = _first_later(bars.begin_s, wait_s)
    within_day = rules.within_day or wanted.unit == "eod"
    reach = _Reach(_UNITS.index(wanted.unit), wanted.count, within_day, rules.split_guard_bars)
    last, complete = _window_ends(bars.begin_s, bars.trading_day, entry, reach)
    seen = _Seen(
        halts=_halts_before(bars.begin_s, bars.trading_day, _longest_gaps_s(rules)),
        near_split=_near_split(bars.split_factor, rules.split_guard_bars),
        volume=bars.volume_shares,
        auction=inputs.auction,
        turnover_rub=inputs.median_turnover_rub,
    )
    state = _states((entry, last, complete), seen, rules.skip_auctions, rules.min_median_turnover_rub)
    return LabelWindows(entry=entry, last=last, state=state)


def _check(bars: Bars, rules: RowRules, horizon: str, inputs: RowInputs) -> None:
    if bars.timeframe.value != rules.timeframe:
        raise ValueError(
            f"label set {rules.name} wants {rules.timeframe} bars, was {bars.timeframe.value}; load those or ask "
            "for the set at this timeframe"
        )
    if horizon not in rules.horizons:
        raise ValueError(f"horizon must be one of {', '.join(rules.horizons)}, was {horizon!r}")
    if inputs.cost_frac.shape != bars.begin_s.shape:
        raise ValueError(
            f"inputs must be those of the {len(bars)} bars, were of {inputs.cost_frac.size}; make them by "
            "row_inputs from the same bars"
        )


def _check_bars(bars: Bars) -> None:
    prices = (bars.open, bars.high, bars.low, bars.close)
    if len(bars) and not all(float(price.min()) > 0 and float(price.max()) < np.inf for price in prices):
        raise ValueError(
            f"prices of {bars.secid} must be positive and finite; leave out or mend the broken bars"
        )
    if np.any(np.diff(bars.begin_s) <= 0) or np.any(np.diff(bars.trading_day) < 0):
        raise ValueError(f"bars of {bars.secid} must be in the order of time, each once; sort them")


class _Reach(NamedTuple):
    """How far windows reach."""

    unit: int  # index into _UNITS
    length: int  # in that unit
    within_day: bool
    guard_bars: int


class _Seen(NamedTuple):
    """What decides a row's state besides its window; all (n,)."""

    halts: I32
    near_split: Bools
    volume: F64
    auction: Bools
    turnover_rub: F64


@njit(nogil=True, cache=True)
def _first_later(begin_s: I64, wait_s: int) -> I64:
    """Return the first bar that begins at least `wait_s` after each bar did, n where there is none."""
    out = np.empty(begin_s.size, dtype=np.int64)
    at = 0
    for t in range(begin_s.size):
        while at < begin_s.size and begin_s[at] < begin_s[t] + wait_s:
            at += 1
        out[t] = at
    return out


@njit(nogil=True, cache=True)
def _window_ends(begin_s: I64, trading_day: I64, entry: I64, reach: _Reach) -> tuple[I64, Bools]:
    """Return the last bar of each window as far as the data reach, and whether no later bar can matter."""
    n = begin_s.size
    last, complete = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.bool_)
    stop = day_stop = 0  # the first bar behind the window, and behind the decision's trading day
    for t in range(n):
        while day_stop < n and trading_day[day_stop] <= trading_day[t]:
            day_stop += 1
        if reach.unit == _BARS:
            stop = min(t + reach.length + 1, n)
            known = t + reach.length < n
        else:
            if reach.unit == _DAYS:
                while stop < n and trading_day[stop] <= trading_day[t] + reach.length:
                    stop += 1
            elif reach.unit == _MINUTES and entry[t] < n:
                while stop < n and begin_s[stop] < begin_s[entry[t]] + 60 * reach.length:
                    stop += 1
            else:
                stop = n
            known = stop < n
        if reach.within_day:
            known |= day_stop < n
            last[t] = min(stop, day_stop) - 1
        else:
            last[t] = stop - 1
        complete[t] = known and t + reach.guard_bars < n
    return last, complete


@njit(nogil=True, cache=True)
def _states(windows: tuple[I64, I64, Bools], seen: _Seen, skip_auctions: bool, min_turnover_rub: float) -> I8:
    """Return the state of each row: of several reasons against a label the first one here."""
    entries, lasts, complete = windows
    state = np.full(entries.size, LABELLED, dtype=np.int8)
    for t in range(entries.size):
        entry, last = entries[t], lasts[t]
        if not complete[t]:
            state[t] = INCOMPLETE
        elif entry > last:
            state[t] = NO_ENTRY
        elif seen.halts[last] > seen.halts[t]:
            state[t] = HALT
        elif seen.near_split[t]:
            state[t] = SPLIT_NEIGHBOUR
        elif not (seen.volume[t] > 0 and seen.volume[entry] > 0):
            state[t] = ZERO_VOLUME
        elif skip_auctions and (seen.auction[t] or seen.auction[entry]):
            state[t] = AUCTION
        elif min_turnover_rub > 0 and not seen.turnover_rub[t] >= min_turnover_rub:
            state[t] = ILLIQUID
    return state


def _longest_gaps_s(rules: RowRules) -> tuple[float, float]:
    """Return the longest times between two bars that are no halt: of two trading days, and within one."""
    between_s = rules.max_gap_days * _DAY_S
    within_s = np.inf if rules.max_gap_min is None else 60.0 * rules.max_gap_min
    return between_s, min(between_s, within_s)


@njit(nogil=True, cache=True)
def _halts_before(begin_s: I64, trading_day: I64, longest_s: tuple[float, float]) -> I32:
    """Return how many halts lie before each bar."""
    halts = np.zeros(begin_s.size, dtype=np.int32)
    for t in range(1, begin_s.size):
        longest = longest_s[1] if trading_day[t] == trading_day[t - 1] else longest_s[0]
        halts[t] = halts[t - 1] + (begin_s[t] - begin_s[t - 1] > longest)
    return halts


def _near_split(split_factor: F64, guard_bars: int) -> Bools:
    near = np.zeros(split_factor.shape, dtype=np.bool_)
    for first in np.flatnonzero(split_factor[1:] != split_factor[:-1]) + 1:  # the first bar on the new basis
        near[max(0, first - guard_bars) : first + guard_bars] = True
    return near
