"""The shape of single bars, gaps between bars, runs, and TA-Lib's candle patterns."""

from __future__ import annotations

import numpy as np
from numba import njit

from features.kernels.candle_patterns import NAMES
from features.kernels.rolling import require_window
from traderai.common.arrays import F64, I8, I64


def candle_pattern(patterns: I8, *, name: str, lookback: int) -> F64:
    """Return whether a bar completes a candle pattern, and which way it points.

    Shapes: patterns (20, n) of `candle_patterns.candle_patterns`; returns (n,).
    Units:  1 where the pattern is bullish or has no side, -1 where it is bearish, 0 where there is none.
    NaN:    the first `lookback` values.
    Causal: out[t] reads the patterns that bar t completes.
    Raises: ValueError for a pattern that is not in NAMES, or a look-back of less than 1 bar.
    Source: `candle_patterns.candle_patterns`.
    """
    if name not in NAMES:
        raise ValueError(f"pattern must be one of {', '.join(NAMES)}, was {name!r}")
    if lookback < 1:
        raise ValueError(f"lookback must be at least 1, was {lookback}")
    out: F64 = patterns[NAMES.index(name)].astype(np.float64)
    out[:lookback] = np.nan
    return out


def body_frac(open_: F64, high: F64, low: F64, close: F64) -> F64:
    """Return the signed body of a bar as a share of its range.

    Shapes: open_, high, low, close (n,); returns (n,).
    Units:  -1 (opened at the high, closed at the low) to 1.
    NaN:    bars without a range.
    Causal: out[t] reads bar t.
    """
    return _share(close - open_, high - low)


def upper_shadow_frac(open_: F64, high: F64, low: F64, close: F64) -> F64:
    """Return the part of a bar above its body as a share of its range.

    Shapes: open_, high, low, close (n,); returns (n,).
    Units:  0 to 1.
    NaN:    bars without a range.
    Causal: out[t] reads bar t.
    """
    return _share(high - np.maximum(open_, close), high - low)


def lower_shadow_frac(open_: F64, high: F64, low: F64, close: F64) -> F64:
    """Return the part of a bar below its body as a share of its range.

    Shapes: open_, high, low, close (n,); returns (n,).
    Units:  0 to 1.
    NaN:    bars without a range.
    Causal: out[t] reads bar t.
    """
    return _share(np.minimum(open_, close) - low, high - low)


def inside_bar(high: F64, low: F64) -> F64:
    """Return whether a bar lies within the range of the bar before it.

    Shapes: high, low (n,); returns (n,).
    Units:  1 or 0.
    NaN:    the first value.
    Causal: out[t] reads bars t - 1 and t.
    """
    out = np.full(high.size, np.nan)
    out[1:] = (high[1:] <= high[:-1]) & (low[1:] >= low[:-1])
    return out


def outside_bar(high: F64, low: F64) -> F64:
    """Return whether a bar reaches beyond the bar before it on both sides.

    Shapes: high, low (n,); returns (n,).
    Units:  1 or 0.
    NaN:    the first value.
    Causal: out[t] reads bars t - 1 and t.
    """
    out = np.full(high.size, np.nan)
    out[1:] = (high[1:] > high[:-1]) & (low[1:] < low[:-1])
    return out


def gap_inside_atr(open_: F64, close: F64, trading_day: I64, average_range: F64) -> F64:
    """Return the gap between a bar's open and the close before it, inside a trading day.

    Shapes: open_, close, trading_day, average_range (n,); returns (n,).
    Units:  average true ranges as they were before the gap.
    NaN:    the first bar of each trading day, where the range before is unknown or zero.
    Causal: out[t] reads bars up to t.
    """
    return _gap_inside(open_, close, trading_day, average_range)


def gap_night_atr(open_: F64, close: F64, trading_day: I64, average_range: F64) -> F64:
    """Return the gap with which the bar's trading day opened, against the last close of the day before.

    Shapes: open_, close, trading_day, average_range (n,); returns (n,), the same for every bar of a day.
    Units:  average true ranges as they were before the gap.
    NaN:    the first trading day, and days before whose gap the range is unknown or zero.
    Causal: out[t] reads bars up to the first one of t's trading day.
    """
    return _gap_night(open_, close, trading_day, average_range)


def run_length(close: F64, *, longest: int) -> F64:
    """Return how many closes in a row have risen (above 0) or fallen (below 0); an unchanged close ends a run.

    Shapes: close (n,); returns (n,).
    Units:  bars, at most `longest` either way.
    NaN:    the first `longest` values.
    Causal: out[t] reads bars t - longest to t.
    Raises: ValueError if `longest` is below 1.
    """
    require_window(longest)
    return _run_length(np.ascontiguousarray(close), longest)


def _share(part: F64, whole: F64) -> F64:
    out = np.full(part.shape, np.nan)
    np.divide(part, whole, out=out, where=whole > 0.0)
    return out


@njit(nogil=True, cache=True)
def _gap_inside(open_: F64, close: F64, trading_day: I64, average_range: F64) -> F64:
    out = np.full(close.size, np.nan)
    for t in range(1, close.size):
        if trading_day[t] == trading_day[t - 1] and average_range[t - 1] > 0.0:
            out[t] = (open_[t] - close[t - 1]) / average_range[t - 1]
    return out


@njit(nogil=True, cache=True)
def _gap_night(open_: F64, close: F64, trading_day: I64, average_range: F64) -> F64:
    out = np.full(close.size, np.nan)
    gap = np.nan
    for t in range(1, close.size):
        if trading_day[t] != trading_day[t - 1]:
            known = average_range[t - 1] > 0.0
            gap = (open_[t] - close[t - 1]) / average_range[t - 1] if known else np.nan
        out[t] = gap
    return out


@njit(nogil=True, cache=True)
def _run_length(close: F64, longest: int) -> F64:
    out = np.full(close.size, np.nan)
    run = 0
    for t in range(1, close.size):
        if close[t] > close[t - 1]:
            run = min(max(run, 0) + 1, longest)
        elif close[t] < close[t - 1]:
            run = max(min(run, 0) - 1, -longest)
        else:
            run = 0
        if t >= longest:
            out[t] = run
    return out
