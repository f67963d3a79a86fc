"""Doubting the prices and volumes of one series of bars: what cannot be, and what is out of the usual."""

from __future__ import annotations

import numpy as np

from traderai.common.arrays import F64, I8, I64, Bools

NO_JUMP, UNEXPLAINED, BY_SPLIT, BY_DIVIDEND, BY_CLOSURE, BY_MARKET = -1, 0, 1, 2, 3, 4
"""What `jump_causes` says of a bar."""

MAD_TO_SIGMA = 1.4826
"""The standard deviation of normal numbers over their median absolute deviation."""


def repeated_begins(begin_s: I64) -> Bools:
    """Return which bars have a begin that came before.

    Shapes: begin_s (n,), in any order -> (n,)
    Units: seconds since 1970
    """
    _, first = np.unique(begin_s, return_index=True)
    repeated = np.ones(begin_s.size, dtype=np.bool_)
    repeated[first] = False
    return repeated


def broken_bars(prices: F64, volume_shares: F64) -> Bools:
    """Return which bars cannot be: low above open or close, high below them, a price or volume that is none.

    Shapes: prices (n, 4) as open, high, low, close, volume_shares (n,) -> (n,)
    Units: roubles; shares
    NaN: a price or volume that is not finite breaks the bar
    """
    opened, high, low, close = prices.T
    finite = np.isfinite(prices).all(axis=1) & np.isfinite(volume_shares)
    with np.errstate(invalid="ignore"):
        sound = (low <= np.minimum(opened, close)) & (high >= np.maximum(opened, close)) & (low > 0.0)
        return np.asarray(~(finite & sound & (volume_shares >= 0.0)), dtype=np.bool_)


def off_step(prices: F64, step_rub: F64, span: I64, *, stray_max_frac: float) -> tuple[Bools, Bools]:
    """Return the bars off the grid of price steps: (strays, bars of spans in which the step is another one).

    With few bars of a span (such as a month) off the grid these are strays; with more it is not the bars that are
    wrong but the step.

    Shapes: prices (n, m), step_rub (n,), span (n,) -> (n,) and (n,)
    Units: roubles
    NaN: a bar without a step is on every grid
    """
    with np.errstate(invalid="ignore"):
        steps = prices / step_rub[:, None]
        off = (np.abs(steps - np.round(steps)) > 1e-4 + 1e-9 * np.abs(steps)).any(axis=1)
    _, where = np.unique(span, return_inverse=True)
    off_frac = np.bincount(where, weights=off) / np.maximum(np.bincount(where), 1)
    many = off_frac[where] > stray_max_frac if span.size else np.zeros(0, dtype=np.bool_)
    return off & ~many, off & many


def trailing_median(values: F64, *, window: int, minimum: int) -> F64:
    """Return the median of the `window` values before each one, NaN where fewer than `minimum` are known.

    Shapes: values (n,) -> (n,)
    NaN: left out of the medians
    Causal: value i depends on values i - window to i - 1 alone
    Raises: ValueError if not 1 <= minimum <= window
    """
    if not 1 <= minimum <= window:
        raise ValueError(f"1 <= minimum <= window must hold, were {minimum} and {window}")
    usual = np.full(values.size, np.nan)
    if values.size == 0:
        return usual
    padded = np.concatenate([np.full(window, np.nan), values[:-1]])
    windows = np.lib.stride_tricks.sliding_window_view(padded, window)
    known = np.isfinite(windows).sum(axis=1)
    whole = known == window
    some = (known >= minimum) & ~whole
    usual[whole] = np.median(windows[whole], axis=1)
    if some.any():
        usual[some] = np.nanmedian(windows[some], axis=1)
    return usual


def group_medians(values: F64, group: I64) -> F64:
    """Return the median of each group's values, groups in their order.

    Shapes: values (n,), group (n,), rising -> (number of groups,)
    NaN: left out; a group of NaNs has the median NaN
    """
    starts = np.flatnonzero(np.diff(group, prepend=group[:1] - 1))
    # NaN sorts last, so that a group's known values come first.
    ordered = values[np.lexsort((values, group))]
    known = np.add.reduceat(np.isfinite(values), starts) if starts.size else np.zeros(0, dtype=np.int64)
    low = starts + np.maximum(known - 1, 0) // 2
    high = starts + np.maximum(known, 1) // 2
    high = np.where(known > 0, np.minimum(high, starts + np.maximum(known - 1, 0)), starts)
    medians: F64 = 0.5 * (ordered[low] + ordered[high]) if starts.size else np.zeros(0)
    return np.where(known > 0, medians, np.nan)


def log_returns(close: F64) -> F64:
    """Return each bar's log return, NaN for the first bar.

    Shapes: close (n,) -> (n,)
    Causal: bar i depends on bars i - 1 and i
    """
    returns = np.full(close.size, np.nan)
    returns[1:] = np.diff(np.log(close))
    return returns


def return_sigmas(log_return: F64, day: I64, floor: F64, *, window: int, minimum: int) -> F64:
    """Return the size of each log return in robust standard deviations of a bar's return on the days before.

    The usual return is the median over the days before of a day's median absolute return, and never below
    `floor` (one price step). Of a share that usually does not move at all nothing can be said.

    Shapes: log_return, floor (n,), day (n,), rising -> (n,)
    Units: `window` and `minimum` in days with bars
    NaN: where the return or the usual return is not known
    Causal: bar i depends on its own return and on bars of earlier days
    """
    starts = np.diff(day, prepend=day[:1] - 1) != 0
    by_day = group_medians(np.abs(log_return), day)
    usual = trailing_median(by_day, window=window, minimum=minimum)[np.cumsum(starts) - 1]
    sigma = MAD_TO_SIGMA * np.where(usual > 0.0, np.maximum(usual, floor), np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.abs(log_return) / sigma, dtype=np.float64)


def reverting_spikes(log_return: F64, sigmas: F64, *, sigmas_min: float, move_min: float, reverts_frac: float) -> Bools:  # fmt: skip
    """Return which bars moved far and were taken back by the very next bar: a wrong price rather than news.

    Shapes: log_return, sigmas (n,) -> (n,)
    Units: `move_min` as a log return, `reverts_frac` of the move
    NaN: is no spike
    """
    following = np.append(log_return[1:], np.nan)
    with np.errstate(invalid="ignore"):
        far = (sigmas >= sigmas_min) & (np.abs(log_return) >= move_min)
        return np.asarray(far & (np.abs(log_return + following) <= (1.0 - reverts_frac) * np.abs(log_return)))


def lone_wicks(prices: F64, *, wick_frac: float) -> Bools:
    """Return which bars reach far beyond their own open and close and beyond both neighbours.

    Shapes: prices (n, 4) as open, high, low, close, adjusted for splits -> (n,)
    """
    opened, high, low, close = prices.T
    lows = np.minimum(np.minimum(opened, close), np.minimum(np.roll(low, 1), np.roll(low, -1)))
    highs = np.maximum(np.maximum(opened, close), np.maximum(np.roll(high, 1), np.roll(high, -1)))
    lone = (low < lows * (1.0 - wick_frac)) | (high > highs * (1.0 + wick_frac))
    if lone.size:
        lone[[0, -1]] = False
    return np.asarray(lone, dtype=np.bool_)


def jump_causes(
    close: F64, factor: F64, dividend_rub: F64, market_move: F64, closed: Bools, *, jump_frac: float, market_move_min: float
) -> I8:  # fmt: skip
    """Return what explains each bar's jump from the close before, NO_JUMP where there is none.

    A split explains it if the prices adjusted for it do not jump, a dividend if the paid-out price does not; a
    split that makes prices jump which did not is UNEXPLAINED like any other jump of the adjusted price.

    Shapes: all (n,) -> (n,)
    Units: roubles as traded; `factor` shares of today for one of the first; `market_move` log return of the market
    NaN: not accepted, save in market_move ("not known")
    """
    causes = np.full(close.size, NO_JUMP, dtype=np.int8)
    if close.size < 2:
        return causes
    as_traded = close[1:] / close[:-1]
    adjusted = as_traded * factor[1:] / factor[:-1]
    paid_out = (close[1:] + dividend_rub[1:]) / close[:-1] * factor[1:] / factor[:-1]
    with np.errstate(invalid="ignore"):
        beyond_market = paid_out / np.exp(market_move[1:])
        market_moved = np.abs(market_move[1:]) >= market_move_min
        by_market = market_moved & ~_jumps(beyond_market, jump_frac)
    found = causes[1:]
    jumps = _jumps(adjusted, jump_frac)
    found[_jumps(as_traded, jump_frac) & ~jumps] = BY_SPLIT
    found[jumps] = UNEXPLAINED
    found[jumps & by_market] = BY_MARKET
    found[jumps & closed[1:]] = BY_CLOSURE
    found[jumps & ~_jumps(paid_out, jump_frac)] = BY_DIVIDEND
    return causes


def levels_around(close: F64, at: I64, *, bars: int) -> tuple[F64, F64]:
    """Return the median close of the bars before each position and of those from it on.

    Shapes: close (n,), at (k,), positions from 1 to n - 1 -> (k,) and (k,)
    """
    before = np.array([np.median(close[max(0, i - bars) : i]) for i in at.tolist()], dtype=np.float64)
    after = np.array([np.median(close[i : i + bars]) for i in at.tolist()], dtype=np.float64)
    return before, after


def split_ratios_near(price_ratio: F64, usual_ratios: F64, *, ratio_min: float, tolerance_frac: float) -> F64:
    """Return the usual split that each change of the price looks like, NaN for none.

    A price that falls to a tenth looks like 10 shares for one (10.0), one that rises tenfold like one share for ten
    (0.1).

    Shapes: price_ratio (k,), usual_ratios (m,), above 1 -> (k,)
    Units: price after over price before; shares after for one before
    NaN: a NaN ratio looks like none
    """
    distance = np.abs(np.log(price_ratio))
    nearest = np.abs(distance[:, None] - np.log(usual_ratios)[None, :])
    nearest = np.where(np.isnan(nearest), np.inf, nearest)
    ratio = usual_ratios[np.argmin(nearest, axis=1)]
    near = (nearest.min(axis=1) <= np.log1p(tolerance_frac)) & (distance >= np.log(ratio_min))
    return np.where(near, np.where(price_ratio < 1.0, ratio, 1.0 / ratio), np.nan)


def _jumps(ratio: F64, jump_frac: float) -> Bools:
    return np.asarray((ratio > 1.0 + jump_frac) | (ratio < 1.0 - jump_frac), dtype=np.bool_)
