"""TA-Lib's candle patterns, all in one pass.

As TA-Lib, but for the means of bodies and ranges: its running sums begin with the series, and whether a body is equal to
its mean would hang on where the series begins. Here each mean is summed afresh.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import talib
from numba import njit

from features.kernels.doubling import window_sums
from traderai.common.arrays import F64, I8

NAMES: Final = (
    "doji", "dragonfly_doji", "gravestone_doji", "spinning_top", "marubozu", "belt_hold",
    "hammer", "hanging_man", "inverted_hammer", "shooting_star",
    "engulfing", "harami", "doji_star", "piercing", "dark_cloud_cover",
    "three_inside", "three_outside", "morning_star", "evening_star", "hikkake",
)  # fmt: skip
_BODY_BARS: Final = 10
_NEAR_BARS: Final = 5
_NEAR_FRAC: Final = 0.2
_TINY_FRAC: Final = 0.1
# Rows of what is known of single bars; LONG, TINY and NEAR are what the bar is compared with.
TOP, BOTTOM, BODY, UPPER, LOWER, LONG, TINY, NEAR, OPEN, HIGH, LOW, CLOSE = range(12)
_ROWS: Final = 12


def candle_patterns(open_: F64, high: F64, low: F64, close: F64) -> I8:
    """Return which patterns each bar completes, and which way they point.

    Shapes: open_, high, low, close (n,); returns (20, n), rows as NAMES.
    Units:  1 where the pattern is bullish or has no side, -1 where it is bearish, 0 where there is none or the bars
        before are too few.
    Causal: out[:, t] reads bars t - 12 to t.
    Source: TA-Lib CDL*, with its default settings and penetrations; body and range means summed afresh.
    """
    rows = _shapes(open_, high, low, close)
    span = rows[HIGH] - rows[LOW]
    rows[LONG] = _mean_before(rows[BODY], _BODY_BARS)
    rows[TINY] = _TINY_FRAC * _mean_before(span, _BODY_BARS)
    rows[NEAR] = _NEAR_FRAC * _mean_before(span, _NEAR_BARS)
    out: I8 = _patterns(rows)
    hikkake = talib.CDLHIKKAKE(rows[OPEN], rows[HIGH], rows[LOW], rows[CLOSE])
    np.sign(hikkake, out=out[-1], casting="unsafe")
    return out


def _mean_before(values: F64, bars: int) -> F64:
    """Return the mean of the values before each, the value itself left out."""
    out = np.full(values.size, np.nan)
    out[1:] = window_sums(values, bars)[:-1]
    out /= bars
    return out


@njit(nogil=True, cache=True, error_model="numpy")
def _shapes(open_: F64, high: F64, low: F64, close: F64) -> F64:
    rows = np.empty((_ROWS, close.size))
    for t in range(close.size):
        top = close[t] if close[t] > open_[t] else open_[t]
        bottom = open_[t] if close[t] > open_[t] else close[t]
        rows[TOP, t], rows[BOTTOM, t], rows[BODY, t] = top, bottom, top - bottom
        rows[UPPER, t], rows[LOWER, t] = high[t] - top, bottom - low[t]
        rows[OPEN, t], rows[HIGH, t], rows[LOW, t], rows[CLOSE, t] = open_[t], high[t], low[t], close[t]
    return rows


@njit(nogil=True, cache=True, error_model="numpy")
def _patterns(rows: F64) -> I8:
    out = np.zeros((20, rows.shape[1]), dtype=np.int8)
    for t in range(2, rows.shape[1]):
        side = 1 if rows[CLOSE, t] >= rows[OPEN, t] else -1
        side_1 = 1 if rows[CLOSE, t - 1] >= rows[OPEN, t - 1] else -1
        side_2 = 1 if rows[CLOSE, t - 2] >= rows[OPEN, t - 2] else -1
        _of_one(rows, t, side, out)
        _of_two_shadows(rows, t, out)
        _of_two(rows, t, side, side_1, out)
        _of_two_turns(rows, t, side, side_1, out)
        _of_three(rows, t, side, side_1, side_2, out)
        _of_stars(rows, t, side, side_2, out)
    return out


# `&` and not `and` below: which of the conditions fails is chance, and the processor would guess it wrong.


@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def _of_one(rows: F64, t: int, side: int, out: I8) -> None:
    body, upper, lower = rows[BODY, t], rows[UPPER, t], rows[LOWER, t]
    long, tiny = rows[LONG, t], rows[TINY, t]
    doji = body <= tiny
    out[0, t] = doji
    out[1, t] = doji & (upper < tiny) & (tiny < lower)
    out[2, t] = doji & (lower < tiny) & (tiny < upper)
    out[3, t] = side * ((body < long) & (upper > body) & (lower > body))
    out[4, t] = side * ((body > long) & (upper < tiny) & (lower < tiny))
    bare = lower if side == 1 else upper
    out[5, t] = side * ((body > long) & (bare < tiny))


@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def _of_two_shadows(rows: F64, t: int, out: I8) -> None:
    body, upper, lower = rows[BODY, t], rows[UPPER, t], rows[LOWER, t]
    tiny, near = rows[TINY, t], rows[NEAR, t - 1]
    small = body < rows[LONG, t]
    stands = small & (lower > body) & (upper < tiny)
    hangs = small & (upper > body) & (lower < tiny)
    out[6, t] = stands & (rows[BOTTOM, t] <= rows[LOW, t - 1] + near)
    out[7, t] = -1 * (stands & (rows[BOTTOM, t] >= rows[HIGH, t - 1] - near))
    out[8, t] = hangs & (rows[TOP, t] < rows[BOTTOM, t - 1])
    out[9, t] = -1 * (hangs & (rows[BOTTOM, t] > rows[TOP, t - 1]))


@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def _of_two(rows: F64, t: int, side: int, side_1: int, out: I8) -> None:
    top, bottom, top_1, bottom_1 = rows[TOP, t], rows[BOTTOM, t], rows[TOP, t - 1], rows[BOTTOM, t - 1]
    long_1 = rows[BODY, t - 1] > rows[LONG, t - 1]
    same = (top == top_1) & (bottom == bottom_1)
    out[10, t] = side * ((side != side_1) & (top >= top_1) & (bottom <= bottom_1) & (not same))
    held = (top <= top_1) & (bottom >= bottom_1)
    out[11, t] = -side_1 * (long_1 & (rows[BODY, t] <= rows[LONG, t]) & held)
    apart = bottom > top_1 if side_1 == 1 else top < bottom_1
    out[12, t] = -side_1 * (long_1 & (rows[BODY, t] <= rows[TINY, t]) & apart)


@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def _of_two_turns(rows: F64, t: int, side: int, side_1: int, out: I8) -> None:
    body_1 = rows[BODY, t - 1]
    long_1 = body_1 > rows[LONG, t - 1]
    rises = (
        (side_1 == -1) & (side == 1) & (rows[OPEN, t] < rows[LOW, t - 1]) & (rows[BODY, t] > rows[LONG, t])
    )
    out[13, t] = (
        rises
        & long_1
        & (rows[OPEN, t - 1] > rows[CLOSE, t])
        & (rows[CLOSE, t] > rows[CLOSE, t - 1] + 0.5 * body_1)
    )
    falls = (side_1 == 1) & (side == -1) & (rows[OPEN, t] > rows[HIGH, t - 1])
    out[14, t] = -1 * (
        falls
        & long_1
        & (rows[OPEN, t - 1] < rows[CLOSE, t])
        & (rows[CLOSE, t] < rows[CLOSE, t - 1] - 0.5 * body_1)
    )


@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def _of_three(rows: F64, t: int, side: int, side_1: int, side_2: int, out: I8) -> None:
    top_1, bottom_1, top_2, bottom_2 = (
        rows[TOP, t - 1],
        rows[BOTTOM, t - 1],
        rows[TOP, t - 2],
        rows[BOTTOM, t - 2],
    )
    sizes = (rows[BODY, t - 2] > rows[LONG, t - 2]) & (rows[BODY, t - 1] <= rows[LONG, t - 1])
    held = (top_1 < top_2) & (bottom_1 > bottom_2)
    beyond = rows[CLOSE, t] < rows[OPEN, t - 2] if side_2 == 1 else rows[CLOSE, t] > rows[OPEN, t - 2]
    out[15, t] = -side_2 * (sizes & held & (side == -side_2) & beyond)
    holds = (top_1 > top_2) & (bottom_1 < bottom_2)
    further = (rows[CLOSE, t] - rows[CLOSE, t - 1]) * side_1 > 0.0
    out[16, t] = side_1 * ((side_2 == -side_1) & holds & further)


@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def _of_stars(rows: F64, t: int, side: int, side_2: int, out: I8) -> None:
    body_2 = rows[BODY, t - 2]
    sizes = (
        (body_2 > rows[LONG, t - 2])
        & (rows[BODY, t - 1] <= rows[LONG, t - 1])
        & (rows[BODY, t] > rows[LONG, t])
    )
    turn = sizes & (side == -side_2) & ((rows[CLOSE, t] - rows[CLOSE, t - 2]) * -side_2 > 0.3 * body_2)
    out[17, t] = turn & (side_2 == -1) & (rows[TOP, t - 1] < rows[BOTTOM, t - 2])
    out[18, t] = -1 * (turn & (side_2 == 1) & (rows[BOTTOM, t - 1] > rows[TOP, t - 2]))
