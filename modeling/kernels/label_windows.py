"""Which rows of an instrument carry labels, where their window begins and ends, and why the others do not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl

from features.kernels.liquidity import corwin_schultz_spread_bp
from features.kernels.technical import atr
from market.contracts import Bars
from modeling.contracts import ClassLabelSet, Horizon, RowRules
from modeling.kernels.loops import borrowing_njit, inlined_borrowing_njit
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

    entry: I32  # (n,) bar index
    last: I32  # (n,)
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
    seen = _Seen(
        begin_s=bars.begin_s,
        trading_day=bars.trading_day,
        near_split=_near_split(bars.split_factor, rules.split_guard_bars),
        volume=bars.volume_shares,
        auction=inputs.auction,
        turnover_rub=inputs.median_turnover_rub,
    )
    entry, last = np.empty((2, len(bars)), np.int32)
    out = LabelWindows(entry, last, np.empty(len(bars), np.int8))
    _fill_windows(seen, _terms(bars, rules, horizon), out)
    return out


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


class _Terms(NamedTuple):
    """How far windows reach, and what keeps a row from having one."""

    unit: int  # index into _UNITS
    length: int  # in that unit
    within_day: bool
    guard_bars: int
    at_close: bool  # the entry is the row's own bar
    wait_s: int  # from the begin of the row's bar to the earliest entry
    between_days_s: float  # a longer time between two bars is a halt
    within_day_s: float
    skip_auctions: bool
    min_turnover_rub: float


class _Seen(NamedTuple):
    """What decides a row's window and state; all (n,)."""

    begin_s: I64
    trading_day: I64
    near_split: Bools
    volume: F64
    auction: Bools
    turnover_rub: F64


@borrowing_njit
def _fill_windows(seen: _Seen, terms: _Terms, out: LabelWindows) -> None:
    """Walk over the rows once: the bars that bound a window only ever move on."""
    n = seen.begin_s.size
    entry = stop = day_stop = halt = (
        0  # stops are the first bar behind, the halt is the first after the decision
    )
    for t in range(n):
        while day_stop < n and seen.trading_day[day_stop] <= seen.trading_day[t]:
            day_stop += 1
        entry = t if terms.at_close else entry
        while entry < n and seen.begin_s[entry] < seen.begin_s[t] + terms.wait_s:
            entry += 1
        stop = _stop(seen, terms, t, entry, stop)
        last, known = stop - 1, stop < n or (terms.unit == _BARS and t + terms.length < n)
        if terms.within_day:
            last, known = min(stop, day_stop) - 1, known or day_stop < n
        halt = max(halt, t + 1)
        while halt <= last and not _halts(seen, terms, halt):
            halt += 1
        out.entry[t], out.last[t] = entry, last
        if not (known and t + terms.guard_bars < n):
            out.state[t] = INCOMPLETE
        elif entry > last:
            out.state[t] = NO_ENTRY
        elif halt <= last:
            out.state[t] = HALT
        else:
            out.state[t] = _own_state(seen, terms, t, entry)


@inlined_borrowing_njit
def _stop(seen: _Seen, terms: _Terms, t: int, entry: int, stop: int) -> int:
    """Return the first bar behind the window as far as the data reach, given that of an earlier row."""
    n = seen.begin_s.size
    if terms.unit == _BARS:
        return min(t + terms.length + 1, n)
    if terms.unit == _DAYS:
        while stop < n and seen.trading_day[stop] <= seen.trading_day[t] + terms.length:
            stop += 1
        return stop
    if terms.unit == _MINUTES and entry < n:
        while stop < n and seen.begin_s[stop] < seen.begin_s[entry] + 60 * terms.length:
            stop += 1
        return stop
    return n


@inlined_borrowing_njit
def _halts(seen: _Seen, terms: _Terms, bar: int) -> bool:
    """Return whether trading had halted before a bar that is not the first."""
    same_day = seen.trading_day[bar] == seen.trading_day[bar - 1]
    longest_s = terms.within_day_s if same_day else terms.between_days_s
    return bool(seen.begin_s[bar] - seen.begin_s[bar - 1] > longest_s)


@inlined_borrowing_njit
def _own_state(seen: _Seen, terms: _Terms, t: int, entry: int) -> int:
    """Return the state of a row whose window is whole: of several reasons against a label the first one here."""
    if seen.near_split[t]:
        return SPLIT_NEIGHBOUR
    if not (seen.volume[t] > 0 and seen.volume[entry] > 0):
        return ZERO_VOLUME
    if terms.skip_auctions and (seen.auction[t] or seen.auction[entry]):
        return AUCTION
    if terms.min_turnover_rub > 0 and not seen.turnover_rub[t] >= terms.min_turnover_rub:
        return ILLIQUID
    return LABELLED


def _terms(bars: Bars, rules: RowRules, horizon: str) -> _Terms:
    wanted, at_close = Horizon.parse(horizon), isinstance(rules, ClassLabelSet)
    between_days_s = rules.max_gap_days * _DAY_S
    within_day_s = np.inf if rules.max_gap_min is None else 60.0 * rules.max_gap_min
    return _Terms(
        unit=_UNITS.index(wanted.unit),
        length=wanted.count,
        within_day=rules.within_day or wanted.unit == "eod",
        guard_bars=rules.split_guard_bars,
        at_close=at_close,
        wait_s=0 if at_close else 60 * (bars.timeframe.minutes + rules.data_lag_min),
        between_days_s=between_days_s,
        within_day_s=min(between_days_s, within_day_s),
        skip_auctions=rules.skip_auctions,
        min_turnover_rub=rules.min_median_turnover_rub,
    )


def _near_split(split_factor: F64, guard_bars: int) -> Bools:
    near = np.zeros(split_factor.shape, dtype=np.bool_)
    for first in np.flatnonzero(split_factor[1:] != split_factor[:-1]) + 1:  # the first bar on the new basis
        near[max(0, first - guard_bars) : first + guard_bars] = True
    return near
