"""Order flow and the order book: spans of 5 minutes gathered into bars.

Every sum is taken afresh over its own spans, so that a value does not depend on where the spans begin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from traderai.common.arrays import F64, I64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SpanRanges:
    """The spans that lie inside each bar: those from `first` to before `stop`; arrays of shape (n,)."""

    first: I64
    stop: I64


def spans_in_bars(span_begin_s: I64, bar_begin_s: I64, *, span_s: int, bar_s: int) -> SpanRanges:
    """Return which spans lie inside each bar.

    Shapes: span_begin_s (k,), bar_begin_s (n,), both rising; returns (n,) each.
    Causal: a span of bar t has ended when the bar has.
    """
    first = np.searchsorted(span_begin_s, bar_begin_s)
    stop = np.searchsorted(span_begin_s + span_s, bar_begin_s + bar_s, side="right")
    return SpanRanges(first=first.astype(np.int64), stop=np.maximum(first, stop).astype(np.int64))


def bar_sums(values: F64, ranges: SpanRanges) -> F64:
    """Return the sum of the spans inside each bar.

    Shapes: values (k,); returns (n,).
    Units:  those of the values.
    NaN:    bars without a span, and with one that is NaN.
    Causal: out[t] reads the spans inside bar t.
    """
    return _sums(values, ranges.first, ranges.stop)


def bar_means(values: F64, ranges: SpanRanges) -> F64:
    """Return the mean of the spans inside each bar.

    Shapes: values (k,); returns (n,).
    Units:  those of the values.
    NaN:    bars without a span, and with one that is NaN.
    Causal: out[t] reads the spans inside bar t.
    """
    count = np.maximum(ranges.stop - ranges.first, 1)
    return np.asarray(_sums(values, ranges.first, ranges.stop) / count, dtype=np.float64)


def trailing_sums(values: F64, ranges: SpanRanges, *, spans: int) -> F64:
    """Return the sum of the last `spans` spans at the end of each bar that has some.

    Shapes: values (k,); returns (n,).
    Units:  those of the values.
    NaN:    bars without a span, fewer spans before, and a NaN among them.
    Causal: out[t] reads the spans up to the last one inside bar t.
    Raises: ValueError if `spans` is below 1.
    """
    if spans < 1:
        raise ValueError(f"spans must be at least 1, was {spans}")
    first = np.where(ranges.stop > ranges.first, ranges.stop - spans, ranges.stop)
    sums = _sums(values, np.maximum(first, 0), ranges.stop)
    return np.where(first >= 0, sums, np.nan)


def over_mean_before(values: F64, *, window: int, least: int) -> F64:
    """Return each value over the mean of the known ones among the `window` values before it.

    Shapes: values (n,); returns (n,).
    Units:  ratio: 1 is what was usual.
    NaN:    where the value is NaN, fewer than `least` before it are known, or their mean is zero.
    Causal: out[t] reads values t - window to t.
    Raises: ValueError unless 1 <= least <= window.
    """
    if not 1 <= least <= window:
        raise ValueError(f"least must be within 1 to {window}, was {least}")
    return _over_mean_before(np.ascontiguousarray(values), window, least)


def day_sums(values: F64, trading_day: I64) -> F64:
    """Return the sum of the known values of the trading day so far.

    Shapes: values, trading_day (n,); returns (n,).
    Units:  those of the values.
    NaN:    where the value itself is NaN.
    Causal: out[t] reads the values of t's trading day up to t.
    """
    return _day_sums(np.ascontiguousarray(values), trading_day)


def quotient(above: F64, below: F64) -> F64:
    """Return a quotient of figures that are not negative.

    Shapes: above, below (n,); returns (n,).
    NaN:    where the divisor is zero or unknown.
    """
    out = np.full(above.shape, np.nan)
    np.divide(above, below, out=out, where=below > 0.0)
    return out


def log_distance(price: F64, mean_price: F64) -> F64:
    """Return the log of a price over a mean price.

    Shapes: price, mean_price (n,); returns (n,).
    Units:  log.
    NaN:    where either is not known.
    """
    return np.log(price / np.where(mean_price > 0.0, mean_price, np.nan))


@njit(nogil=True, cache=True)
def _sums(values: F64, first: I64, stop: I64) -> F64:
    out = np.full(first.size, np.nan)
    for t in range(first.size):
        if stop[t] > first[t]:
            total = 0.0
            for i in range(first[t], stop[t]):
                total += values[i]
            out[t] = total
    return out


@njit(nogil=True, cache=True)
def _over_mean_before(values: F64, window: int, least: int) -> F64:
    out = np.full(values.size, np.nan)
    for t in range(values.size):
        total = 0.0
        known = 0
        for i in range(max(0, t - window), t):
            if not np.isnan(values[i]):
                total += values[i]
                known += 1
        if known >= least and total > 0.0:
            out[t] = values[t] * known / total
    return out


@njit(nogil=True, cache=True)
def _day_sums(values: F64, trading_day: I64) -> F64:
    out = np.full(values.size, np.nan)
    total = 0.0
    for t in range(values.size):
        if t > 0 and trading_day[t] != trading_day[t - 1]:
            total = 0.0
        if not np.isnan(values[t]):
            total += values[t]
            out[t] = total
    return out
