"""Which rows of an instrument carry labels, where their window begins and ends, and why the others do not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numba import njit

from features.kernels.liquidity import corwin_schultz_spread_bp
from features.kernels.technical import atr
from market.contracts import Bars
from modeling.contracts import Horizon, RowRules
from traderai.common.arrays import F64, I8, I64, Bools

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
)
(
    LABELLED, NO_ENTRY, INCOMPLETE, HALT, ZERO_VOLUME, SPLIT_NEIGHBOUR, AUCTION, ILLIQUID, WIDE_SPREAD, NO_LEVELS,
) = range(len(ROW_STATES))  # fmt: skip
ATR_BARS = 14
TURNOVER_BARS = 100  # as in MarketState.median_turnover_rub
SPREAD_BARS = 100
_DAY_S = 86_400


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelWindows:
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
    Raises: ValueError for broken prices, bars out of order, a cost of 0 or less, or flags of another shape.
    """
    _check_bars(bars)
    n = len(bars)
    cost = np.broadcast_to(np.asarray(cost_frac, dtype=np.float64), (n,))
    if n and not np.min(cost) > 0:
        raise ValueError(f"cost_frac must be above 0: no trade is free; was {np.min(cost)}")
    if auction is not None and auction.shape != (n,):
        raise ValueError(f"auction must be ({n},), was {auction.shape}")
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

    The entry is the first bar that begins at or after the bar's end plus the data lag. The window of "3d" ends with
    the last bar of the trading day three after the decision's own, of "60min" with the last bar that begins less
    than 60 minutes after the entry's bar does, of "5bars" five bars after the decision, of "eod" with the
    decision's trading day; `within_day` ends every window there. A row whose window might still grow is incomplete.

    Shapes: bars of n; every array of the result (n,).
    Causal: windows look forward by design; liquidity is that of bars up to the row.
    Raises: ValueError for bars of another timeframe, an unknown horizon, or inputs of other bars.
    """
    _check(bars, rules, horizon, inputs)
    n = len(bars)
    entry = _first_at_or_after(bars.begin_s, bars.known_s + 60 * rules.data_lag_min)
    stop, complete = _window_stop(bars, rules, Horizon.parse(horizon), entry)
    last = stop - 1
    state = np.full(n, LABELLED, dtype=np.int8)
    at_entry = np.minimum(entry, n - 1)
    if rules.min_median_turnover_rub > 0:
        state[~(inputs.median_turnover_rub >= rules.min_median_turnover_rub)] = ILLIQUID
    if rules.skip_auctions:
        state[inputs.auction | inputs.auction[at_entry]] = AUCTION
    idle = bars.volume_shares <= 0
    state[idle | idle[at_entry]] = ZERO_VOLUME
    state[_near_split(bars.split_factor, rules.split_guard_bars)] = SPLIT_NEIGHBOUR
    halts = _halts_before(bars, rules)
    state[halts[np.minimum(last, n - 1)] > halts] = HALT
    state[entry > last] = NO_ENTRY
    state[~complete] = INCOMPLETE
    return LabelWindows(entry=entry, last=last, state=state)


def _check(bars: Bars, rules: RowRules, horizon: str, inputs: RowInputs) -> None:
    if bars.timeframe.value != rules.timeframe:
        raise ValueError(f"label set {rules.name} wants {rules.timeframe} bars, was {bars.timeframe.value}")
    if horizon not in rules.horizons:
        raise ValueError(f"horizon must be one of {', '.join(rules.horizons)}, was {horizon!r}")
    if inputs.cost_frac.shape != bars.begin_s.shape:
        raise ValueError(f"inputs must be those of the {len(bars)} bars, were of {inputs.cost_frac.size}")


def _check_bars(bars: Bars) -> None:
    prices = (bars.open, bars.high, bars.low, bars.close)
    if len(bars) and not all(float(price.min()) > 0 and float(price.max()) < np.inf for price in prices):
        raise ValueError(
            f"prices of {bars.secid} must be positive and finite; leave out or mend the broken bars"
        )
    if np.any(np.diff(bars.begin_s) <= 0) or np.any(np.diff(bars.trading_day) < 0):
        raise ValueError(f"bars of {bars.secid} must be in the order of time, each once")


def _window_stop(bars: Bars, rules: RowRules, horizon: Horizon, entry: I64) -> tuple[I64, Bools]:
    """Return the bar behind each window, and where no later bar could lengthen the window."""
    n = len(bars)
    if horizon.unit == "bars":
        stop = np.arange(n) + horizon.count + 1
        complete = stop <= n
        stop = np.minimum(stop, n)
    else:
        if horizon.unit == "d":
            stop = _first_at_or_after(bars.trading_day, bars.trading_day + horizon.count + 1)
        elif horizon.unit == "min":
            begins_s = bars.begin_s[np.minimum(entry, n - 1)]
            stop = _first_at_or_after(bars.begin_s, begins_s + 60 * horizon.count)
            stop[entry >= n] = n
        else:
            stop = np.full(n, n)
        complete = stop < n
    if rules.within_day or horizon.unit == "eod":
        day_stop = _first_at_or_after(bars.trading_day, bars.trading_day + 1)
        stop = np.minimum(stop, day_stop)
        complete = complete | (day_stop < n)
    return stop, complete


def _halts_before(bars: Bars, rules: RowRules) -> I64:
    """Return how many halts lie before each bar."""
    halts = np.zeros(len(bars), dtype=np.int64)
    apart_s = np.diff(bars.begin_s)
    halted = apart_s > rules.max_gap_days * _DAY_S
    if rules.max_gap_min is not None:
        halted |= (apart_s > 60 * rules.max_gap_min) & (np.diff(bars.trading_day) == 0)
    halts[1:] = np.cumsum(halted)
    return halts


def _near_split(split_factor: F64, guard_bars: int) -> Bools:
    near = np.zeros(split_factor.shape, dtype=np.bool_)
    for first in np.flatnonzero(np.diff(split_factor)) + 1:  # the first bar on the new basis
        near[max(0, first - guard_bars) : first + guard_bars] = True
    return near


@njit(nogil=True, cache=True)
def _first_at_or_after(rising: I64, wanted: I64) -> I64:
    """Return the first index at which `rising` reaches each of the wanted values, which rise too."""
    out = np.empty(wanted.size, dtype=np.int64)
    at = 0
    for i in range(wanted.size):
        while at < rising.size and rising[at] < wanted[i]:
            at += 1
        out[i] = at
    return out
